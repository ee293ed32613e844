"""Servers out of the distribution's packages, unpacked into the cache and run from there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from .apt import Apt, is_debian, unpack
from .base import Log, Unavailable, cache_folder
from .binaries import NAMES, Program, version_number, version_text
from .locks import locked

# Debian's stable releases have MariaDB but no MySQL; its rolling suite has.
ROLLING = "sid"
NAMES_OF_PACKAGES = {
    "mysql": ("mysql-server-core", "mysql-server-core-8.4", "mysql-server-core-8.0"),
    "mariadb": ("mariadb-server-core", "mariadb-server-core-10.6"),
    "redis": ("redis-server", "valkey-server"),
}
SUPERFLUOUS = (
    "etc",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/bash-completion",
    "usr/share/perl",
    "usr/share/perl5",
)


def unpacked(engine: str, log: Log) -> Program:
    """The engine's server program in the cache, downloaded when it is first needed."""
    folder = cache_folder() / "packages" / engine
    with locked(folder):
        if not folder.exists():
            _provide(engine, folder, log)
    return _program(engine, folder)


def library(package: str, name: str, log: Log) -> Path:
    """A library that servers load, in the cache, downloaded when it is first needed."""
    folder = cache_folder() / "packages" / package
    with locked(folder):
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
                log(f"{package}: downloading it (once)")
                apt = Apt(Path(temporary) / "apt")
                apt.update()
                unpack(apt.download(package), Path(temporary) / "root")
                found = Path(_first(Path(temporary) / "root", name))
                (Path(temporary) / package).mkdir()
                shutil.copy(found, Path(temporary) / package)
                (Path(temporary) / package).rename(folder)
    return folder / name


def _provide(engine: str, folder: Path, log: Log) -> None:
    errors = []
    for suite in (ROLLING, None) if engine == "mysql" and is_debian() else (None,):
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            log(f"{engine}: downloading its package and libraries (once)")
            apt = Apt(temporary / "apt", suite)
            apt.update()
            package, archives = _download(apt, engine)
            unpack(archives, temporary / "root")
            _trim(engine, temporary / "root")
            (temporary / "root/package").write_text(package)
            _program(engine, temporary / "root")  # runs it: a bad download is never kept
            (temporary / "root").rename(folder)
        except Unavailable as error:
            errors.append(str(error))
        else:
            return
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    raise Unavailable("\n    ".join(errors))


def _download(apt: Apt, engine: str) -> tuple[str, list[Path]]:
    errors = []
    for package in NAMES_OF_PACKAGES[engine]:
        try:
            archives = apt.download(package)
        except Unavailable as error:
            errors.append(str(error))
            continue
        own = next(file.name for file in archives if file.name.startswith(package + "_"))
        version = own.split("_")[1].replace("%3a", ":")
        return f"{package} {version}{f' of {apt.suite}' if apt.suite else ''}", archives
    raise Unavailable("; ".join(errors))


def _trim(engine: str, folder: Path) -> None:
    """Remove what only people and other programs need: two thirds of MySQL's files."""
    for name in SUPERFLUOUS:
        shutil.rmtree(folder / name, ignore_errors=True)
    programs = [path for path in folder.glob("usr/*bin/*") if path.name in NAMES[engine]]
    keep = {path.resolve() for path in programs} | set(programs)  # some are links
    for path in folder.glob("usr/*bin/*"):
        if path not in keep and path.resolve() not in keep:
            path.unlink()


def _program(engine: str, folder: Path) -> Program:
    """The program below this folder, with a prefix that gives it the libraries it came with."""
    found = [path for name in NAMES[engine] for path in folder.glob(f"usr/*bin/{name}")]
    if not found:
        raise Unavailable(f"the package has no {' or '.join(NAMES[engine])}")
    program = str(found[0])
    loader = _first(folder, "ld-linux*.so.*")
    libraries = sorted({str(path.parent) for path in folder.rglob("lib*.so.*")})
    prefix = (loader, "--library-path", ":".join(libraries), "--argv0", program)
    version = version_number(version_text([*prefix, program]))
    return Program(engine, program, version, prefix, (folder / "package").read_text())


def _first(folder: Path, pattern: str) -> str:
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            return str(path)
    raise Unavailable(f"the packages hold no {pattern}")
