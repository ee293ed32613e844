"""Another user of this machine, who would like to have what the servers of a test hold.

The functions run in a process of its own, which has given its rights away before.
"""

from __future__ import annotations

import codecs
import os
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pymysql
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

NUMBER = 61183


def does(act: Callable[..., Any], *arguments: Any) -> Any:
    """The result of `act` when this other user calls it."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_become) as pool:
        return pool.submit(act, *arguments).result(60)


def _become() -> None:
    # From now on Python's own files may be closed, too: what is loaded late is loaded now.
    codecs.lookup("idna")
    redis.Redis().close()
    os.setgroups([])
    os.setgid(NUMBER)
    os.setuid(NUMBER)


def databases_entered(port: int, sockets: Sequence[Path]) -> list[tuple[Any, ...]]:
    """The logins that a server takes, of those that somebody would try."""
    places: list[dict[str, Any]] = [{"host": "127.0.0.1", "port": port}]
    places += [{"unix_socket": str(one)} for one in sockets]
    entered = []
    for place in places:
        for user in ("root", "", "qtask"):
            for password in ("", "pw", "root", user):
                try:
                    pymysql.connect(**place, user=user, password=password).close()
                except pymysql.MySQLError:
                    continue
                entered.append((place, user, password))
    return entered


def redis_entered(port: int) -> list[str]:
    """The passwords with which Redis tells anything, an empty one for none at all."""
    entered = []
    for password in ("", "pw", "redis", "foobared"):
        once = Retry(NoBackoff(), 0)
        with redis.Redis(port=port, password=password or None, retry=once) as client:
            try:
                client.config_get("dir")
            except redis.RedisError:
                continue
        entered.append(password)
    return entered


def opened(folder: Path, *files: Path) -> list[str]:
    """The ways in, each with its path: to read, list, write or connect."""
    found = []
    for path in (folder, *files):
        for way in (_read, _list, _write, _connect):
            try:
                way(path)
            except OSError:
                continue
            found.append(f"{way.__name__} {path}")
    return found


def told(pid: int) -> str:
    """The command line of a process, and its environment if that can be read."""
    text = Path(f"/proc/{pid}/cmdline").read_text()
    with suppress(PermissionError):
        text += Path(f"/proc/{pid}/environ").read_text()
    return text


def _read(path: Path) -> None:
    path.read_bytes()


def _list(path: Path) -> None:
    list(path.iterdir())


def _write(path: Path) -> None:
    with path.open("ab"):
        pass


def _connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
