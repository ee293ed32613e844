"""Throw-away MySQL, MariaDB, Oracle, Redis and ZooKeeper servers: for tests, demonstrations,
benchmarks.

    with servers.start("mysql") as server:
        print(server.url, server.version, server.source)

Four ways are tried in this order, and `Server.source` says which was taken and why:

    url       QTASK_TEST_MYSQL_URL, QTASK_TEST_MARIADB_URL, QTASK_TEST_ORACLE_URL,
              QTASK_TEST_REDIS_URL, QTASK_TEST_ZOOKEEPER_URL
    docker    containers through testcontainers, if a Docker daemon answers
    path      server programs that are installed on this machine
    packages  the distribution's packages, unpacked into a cache and run from there

QTASK_SERVERS=docker|path|packages forces one of the last three.
QTASK_SERVERS=mariadb-11.8,valkey-9.1 forces the packages of these releases, whichever suite
carries them (`releases.py` has all).
Oracle Database is in no package: the first two ways alone provide it. ZooKeeper comes by the first
and the last one, whichever is forced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import binaries, docker, mysqld, packages, redisd, releases, url, zookeeper
from .base import DATABASE, ENGINES, Log, Server, ServerError, Unavailable

__all__ = ["DATABASE", "ENGINES", "Server", "ServerError", "Unavailable", "start", "start_first"]

Way = Callable[[str, Sequence[str], Log], Server]


def start(engine: str, *, options: Sequence[str] = (), log: Log = print) -> Server:
    """Start a server of this engine and return once it answers.

    `options` are handed to the server program after this package's own, so they win.
    Raises ServerError, with what was tried and what would help, if no way is open.
    """
    if engine not in ENGINES:
        raise ServerError(f"unknown engine {engine!r}: choose from {', '.join(ENGINES)}")
    if url.configured(engine):
        if release := releases.chosen(engine):
            raise ServerError(f"unset {url.variable(engine)}, or do not ask for {release.name}")
        return url.start(engine, options, log)
    tried = []
    for name, way in _ways(engine):
        try:
            server = way(engine, options, log)
        except Unavailable as reason:
            tried.append(f"{name}: {reason}")
            continue
        for line in tried:
            server.source += f"; not {line.splitlines()[0][:100]}"
        log(f"{engine} {server.version}: {server.source}")
        return server
    raise ServerError(_nothing_worked(engine, tried))


def start_first(engines: Sequence[str], *, log: Log = print) -> Server:
    """Start a server of the first of these engines that can be had.

    Raises ServerError, with what was tried for each, if there is none.
    """
    reasons = []
    for engine in engines:
        try:
            return start(engine, log=log)
        except ServerError as error:
            log(f"no {engine}: {str(error).splitlines()[0]}")
            reasons.append(str(error))
    raise ServerError("\n".join(reasons))


def _ways(engine: str) -> list[tuple[str, Way]]:
    if engine == "zookeeper":
        return [("packages", zookeeper.start)]
    ways: dict[str, Way] = {"docker": docker.start}
    if engine != "oracle":
        ways |= {"path": _from_path, "packages": _from_packages}
    forced = "packages" if releases.chosen(engine) else releases.way()
    if forced is None:
        return list(ways.items())
    if forced not in ways:
        raise ServerError(f"{engine} comes by {', '.join(ways)}, and QTASK_SERVERS says {forced}")
    return [(forced, ways[forced])]


def _from_path(engine: str, options: Sequence[str], log: Log) -> Server:
    found = binaries.on_path(engine)
    return _run(found, options, f"{found.program} is installed on this machine", log)


def _from_packages(engine: str, options: Sequence[str], log: Log) -> Server:
    found = packages.unpacked(engine, log)
    return _run(found, options, f"{found.program} of the unpacked package {found.package}", log)


def _run(found: binaries.Program, options: Sequence[str], source: str, log: Log) -> Server:
    run = redisd.start if found.engine == "redis" else mysqld.start
    return run(found, options, source, log)


def _nothing_worked(engine: str, tried: Sequence[str]) -> str:
    program = binaries.WHAT_TO_INSTALL.get(engine)
    return "\n".join(
        [
            f"no {engine} server could be provided. Tried:",
            *(f"  {line}" for line in tried),
            "One of these helps: start a Docker daemon (with `pip install testcontainers`),",
            *([f"install {program},"] if program else []),
            f"or name a running server of your own in {url.variable(engine)}",
            "(it will be written to).",
        ]
    )
