"""PostgreSQL out of the distribution's packages, as a private process; durable as it comes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from servers import account, apt
from servers.base import Server, ServerError, Unavailable, cache_folder, free_port
from servers.locks import locked
from servers.process import ProcessServer

VERSIONS = (18, 17, 16, 15, 14)
OPTIONS = ("-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB", "-c", "listen_addresses=127.0.0.1")
"""As much memory as the MySQL beside it; fsync and synchronous_commit are on by default."""
Log = Callable[[str], None]


def start(log: Log) -> Server:
    """A fresh server. Raises Unavailable where it cannot be had."""
    programs = _unpacked(log)
    folder, port = account.new_folder("postgresql"), free_port()
    password, file = account.new_password(), folder / "password"
    try:
        account.write(file, password)
        data = account.own_folder(folder / "data")
        run = account.own_folder(folder / "run")
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256",
             "-E", "UTF8", "--locale=C", "--no-sync", f"--pwfile={file}")  # fmt: skip
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


def _run(*command: object) -> None:
    done = account.start(
        [*map(str, command)], subprocess.run, capture_output=True, text=True, cwd="/", check=False
    )
    if done.returncode:
        raise Unavailable(f"initdb fails: {done.stderr.strip() or done.stdout.strip()}")
