"""The releases of the servers that Debian's suites carry, and which of them a run is to use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from .base import ServerError

VARIABLE = "QTASK_SERVERS"
WAYS = ("docker", "path", "packages")
BESIDE = ("redis", "zookeeper")
"""Engines that are no databases."""


@dataclass(frozen=True)
class Release:
    """A program of one version; its package comes with the libraries and the loader it needs."""

    name: str
    engine: str
    suite: str
    package: str

    @property
    def version(self) -> str:
        return self.name.partition("-")[2]


RELEASES = {
    release.name: release
    for release in (
        Release("mysql-9.7", "mysql", "sid", "mysql-server-core"),
        Release("mariadb-10.11", "mariadb", "bookworm", "mariadb-server-core"),
        Release("mariadb-11.8", "mariadb", "trixie", "mariadb-server-core"),
        Release("redis-7.0", "redis", "bookworm", "redis-server"),
        Release("redis-8.0", "redis", "trixie", "redis-server"),
        Release("valkey-8.1", "redis", "trixie", "valkey-server"),
        Release("valkey-9.1", "redis", "sid", "valkey-server"),
        Release("zookeeper-3.8", "zookeeper", "bookworm", "libzookeeper-java"),
        Release("zookeeper-3.9", "zookeeper", "trixie", "libzookeeper-java"),
    )
}


def chosen(engine: str) -> Release | None:
    """The release that this engine's server must be of, where QTASK_SERVERS names one."""
    return read(os.environ.get(VARIABLE, ""))[1].get(engine)


def way() -> str | None:
    """The one way to get servers that QTASK_SERVERS leaves open, if it names one."""
    return read(os.environ.get(VARIABLE, ""))[0]


def read(text: str) -> tuple[str | None, dict[str, Release]]:
    """A way, and a release for each engine, out of words between commas."""
    ways: list[str] = []
    releases: dict[str, Release] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        if word in WAYS:
            ways.append(word)
        elif word in RELEASES:
            release = RELEASES[word]
            other = releases.setdefault(release.engine, release)
            if other != release:
                raise ServerError(
                    f"{other.name} and {word} are both for {release.engine}: a run takes one "
                    f"release of an engine, so start one run for each"
                )
        else:
            raise ServerError(f"{VARIABLE} has {word!r}: {_choices(word)}")
    if len(set(ways)) > 1:
        raise ServerError(f"{VARIABLE}={text}: choose one of {', '.join(WAYS)}")
    return (ways[0] if ways else None), releases


def named(texts: Sequence[str]) -> dict[str, Release]:
    """The releases that these texts name, by engine."""
    return read(",".join(texts))[1]


def rounds() -> list[str]:
    """The releases to name, run after run, so that each is met: databases beside the others."""
    sides: dict[str, list[str]] = {"databases": [], **{engine: [] for engine in BESIDE}}
    for release in RELEASES.values():
        sides[release.engine if release.engine in BESIDE else "databases"].append(release.name)
    return [",".join(filter(None, names)) for names in zip_longest(*sides.values())]


def _choices(word: str) -> str:
    known = [name for name in RELEASES if name.startswith(word.partition("-")[0])]
    return f"choose from {', '.join(known or [*WAYS, *RELEASES])}"
