"""Server programs: finding installed ones, and what it takes to run one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import releases
from .base import ServerError, Unavailable

NAMES = {
    "mysql": ("mysqld",),
    "mariadb": ("mariadbd", "mysqld"),
    "redis": ("redis-server", "valkey-server"),
}
WHAT_TO_INSTALL = {
    "mysql": "MySQL 8.0.21 or later (program mysqld)",
    "mariadb": "MariaDB 10.6 or later (package mariadb-server-core)",
    "redis": "Redis 6 or later (package redis-server)",
}
# System daemons are often left off an ordinary user's PATH.
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/libexec", "/usr/local/mysql/bin")


@dataclass(frozen=True)
class Program:
    """A server program on disk; `prefix` starts it through the loader it was built for."""

    engine: str
    program: str
    version: str
    prefix: tuple[str, ...] = ()
    package: str = ""

    def command(self, *arguments: str) -> list[str]:
        return [*self.prefix, self.program, *arguments]

    @property
    def base(self) -> Path:
        """The installation's root: /usr for /usr/sbin/mysqld."""
        return Path(self.program).parent.parent


def on_path(engine: str) -> Program:
    """The installed server program of this engine; Unavailable says which names were sought."""
    if release := releases.chosen(engine):
        raise Unavailable(f"{release.name} is asked for, of whatever version this machine has")
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    for name in NAMES[engine]:
        program = shutil.which(name, path=folders)
        if program is None:
            continue
        program = str(Path(program).absolute())  # not resolved: Redis goes by its name
        text = version_text([program])
        if engine == "redis" or ("mariadb" in text.lower()) == (engine == "mariadb"):
            return Program(engine, program, version_number(text))
    raise Unavailable(f"no {' or '.join(NAMES[engine])} of {engine} on the PATH")


def version_text(command: Sequence[str]) -> str:
    """The output of `program --version`."""
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or error
        raise Unavailable(f"{command[-1]} --version fails: {output}") from error
    return done.stdout.strip()


def version_number(text: str) -> str:
    found = re.search(r"(?:Ver |v=)(\d\S*)", text)
    if found is None:
        raise ServerError(f"no version number in {text!r}")
    return found.group(1)
