"""Three servers on loopback that hold the same data: what the kinds of group have in common."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .. import binaries, packages
from ..base import Log, Server, ServerError, Unavailable

T = TypeVar("T")

NODES = 3
SECONDS = 60.0


class Group(ABC):
    """The servers, in the order of the URL; some of them may have been killed."""

    def __init__(self, nodes: Sequence[Server]) -> None:
        self.nodes = list(nodes)

    @property
    def url(self) -> str:
        """The URL of the database on whichever node takes writes."""
        return self.url_of(self.nodes[0])

    def url_of(self, node: Server) -> str:
        """The same, but with this node tried first."""
        place = self.nodes.index(node)
        parts = urlsplit(node.url)
        login = parts.netloc.rpartition("@")[0]
        hosts = ",".join(f"127.0.0.1:{port(n)}" for n in self.nodes[place:] + self.nodes[:place])
        return parts._replace(netloc=f"{login}@{hosts}").geturl()

    @abstractmethod
    def primaries(self) -> list[Server]:
        """The nodes that take writes."""

    @abstractmethod
    def join(self, node: Server) -> None:
        """Returns once a node that was started again is one of the group, and knows all."""

    @abstractmethod
    def every_primary(self) -> None:
        """All nodes take writes from now on."""

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for node in self.nodes:
            node.stop()


def port(node: Server) -> int:
    """Where it listens."""
    return urlsplit(node.url).port or 0


def wait(look: Callable[[], T], enough: Callable[[T], bool], trouble: str) -> T:
    """The result of `look`, once it is enough."""
    until = time.monotonic() + SECONDS
    while not enough(seen := look()):
        if time.monotonic() > until:
            raise ServerError(f"{trouble}: {seen}")
        time.sleep(0.1)
    return seen


def execute(node: Server, statement: str, seconds: float = SECONDS) -> list[tuple[Any, ...]]:
    """The rows of a statement. Raises ServerError if the node is away, or takes longer."""
    import pymysql

    parts = urlsplit(node.url)
    try:
        with pymysql.connect(
            host=parts.hostname, port=parts.port or 0, user=parts.username,
            password=parts.password or "", connect_timeout=5, read_timeout=seconds,
        ) as conn, conn.cursor() as cursor:  # fmt: skip
            cursor.execute(statement)
            return list(cursor.fetchall())
    except pymysql.MySQLError as error:
        raise ServerError(f"{node}: {error}") from error


def together(run: Callable[[int], Server], numbers: Sequence[int]) -> list[Server]:
    """Servers that are started at one time: all of them, or none."""
    with ThreadPoolExecutor(len(numbers)) as pool:
        starting = [pool.submit(run, number) for number in numbers]
    for one in starting:
        if error := one.exception():
            for other in starting:
                if other.exception() is None:
                    other.result().stop()
            raise error
    return [one.result() for one in starting]


def program(engine: str, library: str, log: Log) -> tuple[binaries.Program, Path]:
    """A server program and a library that comes with it."""
    reasons = []
    for way in (partial(binaries.on_path, engine), partial(packages.unpacked, engine, log)):
        try:
            found = way()
        except Unavailable as reason:
            reasons.append(str(reason))
            continue
        for file in sorted(found.base.glob(f"lib*/**/{library}")):
            return found, file
        reasons.append(f"{found.program} has no {library}")
    raise Unavailable("; ".join(reasons))
