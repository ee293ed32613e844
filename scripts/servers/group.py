"""MySQL Group Replication: three servers on loopback that hold the same data.

with group.start() as nodes:
    nodes.url         # names all three
    nodes.primary()   # the one that takes writes
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from . import binaries, mysqld, packages
from .base import Log, Server, ServerError, Unavailable, free_port

T = TypeVar("T")

NODES = 3
PLUGIN = "group_replication.so"
SECONDS = 60.0
# A node that was away must not take writes before it is in the group again.
OPTIONS = (
    "--super-read-only=ON",
    "--innodb-buffer-pool-size=64M",
    "--log-bin=binlog",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--report-host=127.0.0.1",
    f"--plugin-load-add={PLUGIN}",
    "--loose-group-replication-start-on-boot=OFF",
    "--loose-group-replication-ip-allowlist=127.0.0.1/32",
    "--loose-group-replication-recovery-get-public-key=ON",
    "--loose-group-replication-member-expel-timeout=0",
    "--loose-group-replication-unreachable-majority-timeout=5",
)
STATE = """
SELECT member_port, member_state, member_role FROM performance_schema.replication_group_members
"""


class Group:
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

    def primaries(self) -> list[Server]:
        """The nodes that are online and take writes, as a majority of all nodes sees it."""
        seen = []
        for node in self.nodes:
            with contextlib.suppress(ServerError):
                seen.append(self._members(node))
        ports = {port for members in seen for port, role in members.items() if role == "PRIMARY"}
        agreed = [p for p in ports if sum(m.get(p) == "PRIMARY" for m in seen) > NODES // 2]
        return [node for node in self.nodes if port(node) in agreed]

    def primary(self) -> Server:
        """The one node that takes writes, once there is one."""
        (found,) = _await(
            self.primaries, lambda some: len(some) == 1, "the group has no one primary"
        )
        return found

    def bootstrap(self) -> None:
        """The first node begins the group, the others join it."""
        first, *others = self.nodes
        execute(first, "SET GLOBAL group_replication_bootstrap_group = ON")
        _enter(first)
        execute(first, "SET GLOBAL group_replication_bootstrap_group = OFF")
        for node in others:
            _enter(node)
        self.wait()

    def join(self, node: Server) -> None:
        """Lets a node that was away into the group again; it fetches first what it has missed."""
        if len(self.primaries()) > 1:
            execute(node, "SET GLOBAL group_replication_single_primary_mode = OFF")
            execute(node, "SET GLOBAL group_replication_enforce_update_everywhere_checks = ON")
        _enter(node)
        self.wait()

    def wait(self) -> None:
        """Until all nodes are online."""
        _await(
            lambda: [len(self._members(node)) for node in self.nodes],
            lambda seen: min(seen) == NODES,
            "the group is not complete",
        )

    def every_primary(self) -> None:
        """All nodes take writes from now on."""
        execute(self.nodes[0], "SELECT group_replication_switch_to_multi_primary_mode()")
        _await(self.primaries, lambda some: len(some) == NODES, "not every node is a primary")

    def _members(self, node: Server) -> dict[int, str]:
        """The role of each node that this one sees online, by its port."""
        return {int(port): role for port, state, role in execute(node, STATE) if state == "ONLINE"}

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


def _await(look: Callable[[], T], enough: Callable[[T], bool], trouble: str) -> T:
    """What a look shows, once it is enough."""
    until = time.monotonic() + SECONDS
    while not enough(seen := look()):
        if time.monotonic() > until:
            raise ServerError(f"{trouble}: {seen}")
        time.sleep(0.1)
    return seen


def _enter(node: Server) -> None:
    parts = urlsplit(node.url)
    login = f"USER = '{parts.username}', PASSWORD = '{parts.password}'"
    execute(node, f"START GROUP_REPLICATION {login}")


def execute(node: Server, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement; ServerError where the node is away."""
    import pymysql

    parts = urlsplit(node.url)
    try:
        with pymysql.connect(
            host=parts.hostname, port=parts.port or 0, user=parts.username,
            password=parts.password or "", connect_timeout=5, read_timeout=SECONDS,
        ) as conn, conn.cursor() as cursor:  # fmt: skip
            cursor.execute(statement)
            return list(cursor.fetchall())
    except pymysql.MySQLError as error:
        raise ServerError(f"{node}: {error}") from error


def start(log: Log = print) -> Group:
    """Three servers in one group with one primary. Unavailable where there is no plugin."""
    found, plugins = _program(log)
    ports = [free_port() for _ in range(NODES)]
    name = str(uuid.uuid4())

    def run(number: int) -> Server:
        options = (
            *OPTIONS,
            f"--server-id={number + 1}",
            f"--plugin-dir={plugins}",
            f"--loose-group-replication-group-name={name}",
            f"--loose-group-replication-local-address=127.0.0.1:{ports[number]}",
            "--loose-group-replication-group-seeds="
            + ",".join(f"127.0.0.1:{port}" for port in ports),
        )
        return mysqld.start(found, options, f"node {number + 1} of a group", log)

    with ThreadPoolExecutor(NODES) as pool:
        starting = [pool.submit(run, number) for number in range(NODES)]
    group = Group([one.result() for one in starting if one.exception() is None])
    try:
        for one in starting:
            one.result()
        group.bootstrap()
    except BaseException:
        group.__exit__(None, None, None)
        raise
    return group


def _program(log: Log) -> tuple[binaries.Program, Path]:
    """MySQL and the folder of its plugins."""
    reasons = []
    for way in (lambda: binaries.on_path("mysql"), lambda: packages.unpacked("mysql", log)):
        try:
            found = way()
        except Unavailable as reason:
            reasons.append(str(reason))
            continue
        for file in sorted(found.base.glob(f"lib*/**/{PLUGIN}")):
            return found, file.parent
        reasons.append(f"{found.program} has no {PLUGIN}")
    raise Unavailable("; ".join(reasons))
