"""PostgreSQL out of the distribution's packages, as a private process; durable as it comes."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers import account, apt
from servers.base import Server, ServerError, Unavailable, cache_folder, free_port, locked
from servers.process import ProcessServer

VERSIONS = (18, 17, 16, 15, 14)
OPTIONS = ("-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB", "-c", "listen_addresses=127.0.0.1")
"""As much memory as the MySQL beside it; fsync and synchronous_commit are on by default."""
NOBODY = "nobody"
Log = Callable[[str], None]


def start(log: Log) -> Server:
    """A fresh server. Raises Unavailable if it cannot be had."""
    programs = _unpacked(log)
    folder, port = account.new_folder("postgresql"), free_port()
    password, data = account.new_password(), folder / "data"
    try:
        _initialise(programs / "initdb", data, password)
        run = account.own_folder(folder / "run")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    place = ("-D", str(data), "-p", str(port), "-k", str(run))
    return ProcessServer(
        "postgresql",
        f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres",
        f"{programs.parents[3].name} of the unpacked packages",
        command=[str(programs / "postgres"), *place, *OPTIONS],
        folder=folder,
        probe=lambda *_: _ready(data),
    )


def _ready(data: Path) -> str:
    """Its version, once it says that it takes connections."""
    try:
        state = (data / "postmaster.pid").read_text().split()[-1]
    except (OSError, IndexError):
        state = "absent"
    if state != "ready":
        raise ServerError(f"the server is {state}")
    return (data / "PG_VERSION").read_text().strip()


def _unpacked(log: Log) -> Path:
    """The folder of its programs in the cache, downloaded when they are first needed."""
    folder = cache_folder() / "packages" / "postgresql"
    with locked(folder):
        if not folder.exists():
            _provide(folder, log)
    return next(folder.glob("usr/lib/postgresql/*/bin"))


def _provide(folder: Path, log: Log) -> None:
    log("postgresql: downloading its package and libraries (once)")
    errors = []
    for suite in ("sid", None) if apt.is_debian() else (None,):
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            temporary.chmod(0o755)
            source = apt.Apt(temporary / "apt", suite)
            source.update()
            apt.unpack(_download(source), temporary / "root")
            (temporary / "root").rename(folder)
            _wrap(folder)
        except Unavailable as error:
            errors.append(str(error))
        else:
            return
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    raise Unavailable("; ".join(errors))


def _download(source: apt.Apt) -> list[Path]:
    errors = []
    for version in VERSIONS:
        try:
            return source.download(f"postgresql-{version}")
        except Unavailable as error:
            errors.append(str(error))
    raise Unavailable("; ".join(errors))


def _wrap(folder: Path) -> None:
    """Programs that start each other find scripts, which give them the libraries they came with."""
    loader = next(path for path in sorted(folder.rglob("ld-linux*.so.*")) if path.is_file())
    libraries = ":".join(sorted({str(path.parent) for path in folder.rglob("lib*.so.*")}))
    for name in ("initdb", "postgres"):
        program = next(folder.glob(f"usr/lib/postgresql/*/bin/{name}"))
        real = program.rename(program.with_suffix(".bin"))
        program.write_text(
            f'#!/bin/sh\nexec "{loader}" --library-path "{libraries}" '
            f'--argv0 "{program}" "{real}" "$@"\n'
        )
        program.chmod(0o755)


def _initialise(initdb: Path, data: Path, password: str) -> None:
    """By an account that has a name: initdb wants one."""
    with tempfile.TemporaryDirectory(prefix="qtask-initdb-") as folder:
        file, made = Path(folder) / "password", Path(folder) / "data"
        file.write_text(password)
        options: dict[str, Any] = {}
        if account.number() is not None:
            for path in (folder, file):
                shutil.chown(path, NOBODY)
            options = {"user": NOBODY, "group": pwd.getpwnam(NOBODY).pw_gid, "extra_groups": ()}
        done = subprocess.run(
            [initdb, "-D", made, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={file}",
             "-E", "UTF8", "--locale=C", "--no-sync"],
            capture_output=True, text=True, cwd="/", check=False, **options,
        )  # fmt: skip
        if done.returncode:
            raise Unavailable(f"initdb fails: {done.stderr.strip() or done.stdout.strip()}")
        shutil.copytree(made, data)
    account.give(data)
