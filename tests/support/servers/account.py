"""Whose the servers are: this process's account, or, if that is root, one that nobody has.

A server that root starts runs as a number without a name, of those that systemd keeps for services
which come and go: no person and no other service is behind it. So whatever a server can be made to
do, it can do to its own folders alone.
"""

from __future__ import annotations

import functools
import grp
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .base import ServerError, Unavailable, cache_folder

NUMBERS = range(61184, 65520)
# Instead of one that only root may enter.
TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108
SCRIPTS = Path(__file__).parent
# The environment of this process may hold secrets that are none of a server's.
KEPT = ("PATH", "TZ", "LANG", "LC_ALL")


@functools.cache
def number() -> int | None:
    """The account's and its group's; None if it is this process's own."""
    if os.geteuid() != 0:
        return None
    mapped = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    spans = [(int(first), int(count)) for first, _, count in map(str.split, mapped)]
    numbers = list(NUMBERS)
    begin = os.getpid() % len(numbers)
    for candidate in numbers[begin:] + numbers[:begin]:
        if not any(first <= candidate < first + count for first, count in spans):
            return None  # root of a namespace that has no such number is nobody's root
        if not (_known(pwd.getpwuid, candidate) or _known(grp.getgrgid, candidate)):
            return candidate
    raise ServerError(f"no number from {NUMBERS[0]} to {NUMBERS[-1]} is free for an account")


def new_password() -> str:
    """Fit for a URL, for a statement between quotes, and for Oracle, which takes 30 characters."""
    return secrets.token_urlsafe(16)


def new_folder(name: str) -> Path:
    """A folder that is ours: the account may enter it and read, nobody else may do anything."""
    if number() is None:
        return Path(tempfile.mkdtemp(prefix=f"qtask-{name}-"))
    places = (Path(tempfile.gettempdir()), *TEMPORARY)
    place = next((place for place in places if place.is_dir() and _reachable(place)), None)
    if place is None:
        raise ServerError(f"{places[0]} is closed to others: name another folder in TMPDIR")
    folder = Path(tempfile.mkdtemp(prefix=f"qtask-{name}-", dir=place))
    _share(folder, 0o750)
    return folder


@contextmanager
def shared_folder(name: str) -> Iterator[Path]:
    """The same for as long as the block lasts: for files that a server is to read."""
    folder = new_folder(name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def own_folder(folder: Path) -> Path:
    """Makes a folder that is the account's alone."""
    folder.mkdir(mode=0o700)
    give(folder)
    return folder


def give(folder: Path) -> None:
    """The account owns it and what is in it."""
    account = number()
    if account is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account, account, follow_symlinks=False)


def write(file: Path, text: str) -> None:
    """A file that the account may read, and nobody else."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
    if number() is not None:
        _share(file, 0o640)


def start(
    command: Sequence[str],
    run: Callable[..., Any] = subprocess.Popen,
    **options: Any,
) -> Any:
    """Runs a command as the account, with an environment that tells nothing."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    account = number()
    if account is not None:
        options |= {"user": account, "group": account, "extra_groups": ()}
    return run(command, env=environment, umask=0o077, **options)


def within_reach(command: Sequence[str], folder: Path) -> list[str]:
    """The command; what it needs of the cache or of these scripts is copied into the folder if the
    account could not get there: a checkout may lie in a home that is closed to others.
    """
    found = list(command)
    packages = cache_folder() / "packages"
    places = [SCRIPTS, *packages.iterdir()] if packages.exists() else [SCRIPTS]
    for place in places if number() is not None else ():
        if any(f"{place}/" in part for part in found) and not _reachable(place):
            copy = folder / f"copy-of-{place.name}"
            _copy(place, copy)
            found = [part.replace(f"{place}/", f"{copy}/") for part in found]
    return found


def _copy(place: Path, copy: Path) -> None:
    """Links if it is the same disk."""
    if subprocess.run(["cp", "-al", place, copy], capture_output=True, check=False).returncode:
        shutil.rmtree(copy, ignore_errors=True)
        done = subprocess.run(
            ["cp", "-a", "--reflink=auto", place, copy], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Unavailable(done.stderr.strip())
    copy.chmod(0o755)


def _reachable(folder: Path) -> bool:
    """Whether others may enter it."""
    return all(one.stat().st_mode & stat.S_IXOTH for one in (folder, *folder.parents))


def _share(path: Path, mode: int) -> None:
    os.chown(path, -1, number() or -1)
    path.chmod(mode)


def _known(find: Callable[[int], object], candidate: int) -> bool:
    try:
        find(candidate)
    except KeyError:
        return False
    return True
