"""A MariaDB server whose clock can be set, without root: libfaketime, which the loader preloads.

MySQL 9.7 does not come up with it.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path

from . import account, mysqld, packages
from .apt import Apt, unpack
from .base import Log, Server, Unavailable, cache_folder, locked

PACKAGE = "libfaketime"
ZONE = "Europe/Berlin"
"""Of the server: one with daylight saving."""


class Clock:
    """The server's; at first it is right."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, seconds: float) -> None:
        """So many seconds ahead of the machine's, or behind it; the server sees it at once."""
        new = self._file.with_suffix(".new")
        account.write(new, f"{seconds:+f}\n")
        new.rename(self._file)


def start(folder: Path, log: Log = print) -> tuple[Server, Clock]:
    """The server and its clock, whose file lies in the folder: one that servers can read."""
    found = packages.unpacked("mariadb", log)
    loader, *rest = found.prefix
    clock = Clock(folder / "clock")
    settings = (
        f"FAKETIME_TIMESTAMP_FILE={folder / 'clock'}",
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        f"TZ={ZONE}",
    )
    prefix = ("env", *settings, loader, "--preload", str(_library(log)), *rest)
    faked = dataclasses.replace(found, prefix=prefix)
    return mysqld.start(faked, (), f"{found.package} with libfaketime", log), clock


def _library(log: Log) -> Path:
    """In the cache, downloaded when it is first needed."""
    folder = cache_folder() / "packages" / PACKAGE
    with locked(folder):
        if not folder.exists():
            log(f"{PACKAGE}: downloading the package (once)")
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
            try:
                apt = Apt(temporary / "apt")
                apt.update()
                unpack(apt.download(PACKAGE), temporary / "root")
                (temporary / "root").rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    found = sorted(folder.rglob("libfaketime.so.1"))
    if not found:
        raise Unavailable(f"the package {PACKAGE} has no libfaketime.so.1")
    return found[0]
