"""Running Redis (or Valkey)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import account
from .base import Log, Server, free_port
from .binaries import Program
from .process import ProcessServer
from .url import version_at

# The append-only file is written before a reply is sent, so kill() loses nothing that was
# acknowledged; snapshots would only add noise to measurements.
OPTIONS = ("--appendonly", "yes", "--save", "", "--daemonize", "no")

LOGIN = "requirepass {0}\nmasterauth {0}\n"


def start(found: Program, options: Sequence[str], source: str, _log: Log) -> Server:
    folder = account.new_folder("redis")
    password, port = account.new_password(), free_port()
    data = account.own_folder(folder / "data")
    place = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(data))
    command = found.command(str(login(folder, password)), *place, *OPTIONS, *options)
    return ProcessServer(
        "redis",
        f"redis://:{password}@127.0.0.1:{port}/0",
        source,
        command=command,
        folder=folder,
        probe=version_at,
    )


def login(folder: Path, password: str) -> Path:
    """A configuration file that asks for a password, and gives it to other servers."""
    file = folder / "redis.conf"
    account.write(file, LOGIN.format(password))
    return file
