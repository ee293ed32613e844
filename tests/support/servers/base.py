"""The base of all throw-away servers, whichever way they were provided."""

from __future__ import annotations

import fcntl
import os
import random
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

ENGINES = ("mysql", "mariadb", "redis", "oracle", "zookeeper")
DATABASE = "qtask"
READY_SECONDS = 60.0

Log = Callable[[str], None]


class ServerError(RuntimeError):
    """A server could not be provided, started, killed or restarted."""


class Unavailable(ServerError):
    """This way of providing a server is not open here; the next one may be."""


class Server(ABC):
    """A running server: where it is, what it is, and how to break it."""

    def __init__(self, engine: str, url: str, version: str, source: str) -> None:
        self.engine = engine
        self.url = url
        self.version = version
        self.source = source

    @abstractmethod
    def kill(self) -> None:
        """End it as a power cut would (SIGKILL); the data stays."""

    @abstractmethod
    def restart(self) -> None:
        """Start it again on the same port with the same data, ending it cleanly if it runs."""

    @abstractmethod
    def stop(self) -> None:
        """End it for good and remove its data; a second call does nothing."""

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        # Not the login: it gets into messages.
        return f"<{self.engine} {self.version} at {urlsplit(self.url).netloc.rpartition('@')[2]}>"


def free_port() -> int:
    """A free loopback port below the range that outgoing connections use.

    An ephemeral port could be taken by any client while a killed server is away, and
    restart() promises the same port.
    """
    for _ in range(200):
        port = random.randrange(20000, 32000)  # noqa: S311 - not a secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerError("no free port between 20000 and 32000 on 127.0.0.1")


def cache_folder() -> Path:
    """The folder of downloads and initialised data folders: QTASK_CACHE or .cache/servers."""
    chosen = os.environ.get("QTASK_CACHE")
    root = Path(chosen) if chosen else Path(__file__).resolve().parents[3] / ".cache" / "servers"
    root.mkdir(parents=True, exist_ok=True)
    return root.absolute()


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """One maker at a time for what the cache holds: the lock lies beside `target`. The system lets
    go of it if this process dies.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
