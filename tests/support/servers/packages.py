"""Servers out of the distribution's packages, unpacked into the cache and run from there.

They are of this machine's own suite (MySQL of Debian's rolling one), or of the release that is
asked for.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import releases
from .apt import Apt, is_debian, unpack
from .base import Log, Unavailable, cache_folder, locked
from .binaries import NAMES, Program, version_number, version_text
from .releases import Release

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
    release = releases.chosen(engine)
    folder = cache_folder() / "packages" / (release.name if release else engine)
    with locked(folder):
        if not folder.exists():
            _provide(engine, release, folder, log)
    return _program(engine, folder)


def library(package: str, name: str, engine: str, log: Log) -> Path:
    """A library that this engine's server loads, in the cache, downloaded when first needed."""
    release = releases.chosen(engine)
    suite = release.suite if release else None
    folder = cache_folder() / "packages" / (f"{package}-{suite}" if suite else package)
    with locked(folder):
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
                log(f"{package}: downloading it (once)")
                apt = Apt(Path(temporary) / "apt", suite)
                apt.update()
                unpack(apt.download(package), Path(temporary) / "root")
                found = Path(_first(Path(temporary) / "root", name))
                (Path(temporary) / package).mkdir()
                shutil.copy(found, Path(temporary) / package)
                (Path(temporary) / package).rename(folder)
    return folder / name


def _provide(engine: str, release: Release | None, folder: Path, log: Log) -> None:
    errors = []
    for suite in _suites(engine, release):
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            log(f"{folder.name}: downloading its package and libraries (once)")
            apt = Apt(temporary / "apt", suite)
            apt.update()
            names = (release.package,) if release else NAMES_OF_PACKAGES[engine]
            package, archives = _download(apt, names)
            unpack(archives, temporary / "root")
            _trim(engine, temporary / "root")
            (temporary / "root/package").write_text(package)
            # Runs it: a bad download is never kept.
            _check(_program(engine, temporary / "root"), release)
            (temporary / "root").rename(folder)
        except Unavailable as error:
            errors.append(str(error))
        else:
            return
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    raise Unavailable("\n    ".join(errors))


def _check(found: Program, release: Release | None) -> None:
    if release and not f"{found.version}.".startswith(f"{release.version}."):
        raise Unavailable(
            f"Debian's {release.suite} has {found.package} now, not {release.name}: "
            "change tests/support/servers/releases.py"
        )


def _suites(engine: str, release: Release | None) -> tuple[str | None, ...]:
    if release and not is_debian():
        raise Unavailable(f"{release.name} is in Debian's {release.suite}: this is not Debian")
    if release:
        return (release.suite,)
    return (ROLLING, None) if engine == "mysql" and is_debian() else (None,)


def _download(apt: Apt, names: Sequence[str]) -> tuple[str, list[Path]]:
    errors = []
    for package in names:
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
