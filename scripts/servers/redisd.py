"""Running Redis (or Valkey)."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Log, Server, free_port
from .binaries import Program
from .process import ProcessServer, new_folder
from .url import version_at

# The append-only file is written before a reply is sent, so kill() loses nothing that was
# acknowledged; snapshots would only add noise to measurements.
OPTIONS = ("--appendonly", "yes", "--save", "", "--daemonize", "no")


def start(found: Program, options: Sequence[str], source: str, _log: Log) -> Server:
    folder = new_folder("redis")
    port = free_port()
    place = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder))
    command = found.command(*place, *OPTIONS, *options)
    return ProcessServer(
        "redis",
        f"redis://127.0.0.1:{port}/0",
        source,
        command=command,
        folder=folder,
        probe=version_at,
    )
