"""MySQL Group Replication: three servers, one of which takes writes.

with replication.start() as nodes:
    nodes.url         # names all three
    nodes.primary()   # the one that takes writes
"""

from __future__ import annotations

import contextlib
import uuid
from urllib.parse import urlsplit

from .. import account, mysqld
from ..base import Log, Server, ServerError, free_port
from .group import NODES, Group, execute, port, program, together, wait

PLUGIN = "group_replication.so"
# A node that was away must not take writes before it is in the group again.
OPTIONS = (
    "--super-read-only=ON",
    "--innodb-buffer-pool-size=64M",
    "--log-bin=binlog",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--report-host=127.0.0.1",
    f"--plugin-load-add={PLUGIN}",
    # The server's own port, on loopback; the plugin's own stack listens for every address.
    "--loose-group-replication-communication-stack=MYSQL",
    "--loose-group-replication-start-on-boot=OFF",
    "--loose-group-replication-ip-allowlist=127.0.0.1/32",
    "--loose-group-replication-recovery-get-public-key=ON",
    "--loose-group-replication-member-expel-timeout=0",
    "--loose-group-replication-unreachable-majority-timeout=5",
)
STATE = """
SELECT member_port, member_state, member_role FROM performance_schema.replication_group_members
"""
LOOK = 2.0
"""Seconds: a node that hangs is seen as one that is away."""


class Replication(Group):
    """A replication group."""

    def primaries(self) -> list[Server]:
        """The nodes that are online and take writes, as a majority of all nodes sees it."""
        seen = []
        for node in self.nodes:
            with contextlib.suppress(ServerError):
                seen.append(_members(node))
        ports = {port for members in seen for port, role in members.items() if role == "PRIMARY"}
        agreed = [p for p in ports if sum(m.get(p) == "PRIMARY" for m in seen) > NODES // 2]
        return [node for node in self.nodes if port(node) in agreed]

    def primary(self) -> Server:
        """The one node that takes writes, once there is one."""
        (found,) = wait(self.primaries, lambda some: len(some) == 1, "the group has no one primary")
        return found

    def bootstrap(self) -> None:
        """The first node begins the group, the others join it."""
        first, *others = self.nodes
        execute(first, "SET GLOBAL group_replication_bootstrap_group = ON")
        _enter(first)
        execute(first, "SET GLOBAL group_replication_bootstrap_group = OFF")
        for node in others:
            _enter(node)
        self.complete()

    def join(self, node: Server) -> None:
        """It fetches first what it has missed."""
        if len(self.primaries()) > 1:
            execute(node, "SET GLOBAL group_replication_single_primary_mode = OFF")
            execute(node, "SET GLOBAL group_replication_enforce_update_everywhere_checks = ON")
        _enter(node)
        self.complete()

    def one_primary(self) -> None:
        """One node takes writes from now on."""
        execute(self.nodes[0], "SELECT group_replication_switch_to_single_primary_mode()")
        self.primary()

    def every_primary(self) -> None:
        execute(self.nodes[0], "SELECT group_replication_switch_to_multi_primary_mode()")
        wait(self.primaries, lambda some: len(some) == NODES, "not every node is a primary")

    def complete(self) -> None:
        """Until all nodes are online."""
        wait(
            lambda: [len(_members(node)) for node in self.nodes],
            lambda seen: min(seen) == NODES,
            "the group is not complete",
        )


def _members(node: Server) -> dict[int, str]:
    """The role of each node that this one sees online, by its port."""
    rows = execute(node, STATE, LOOK)
    return {int(port): role for port, state, role in rows if state == "ONLINE"}


def _enter(node: Server) -> None:
    parts = urlsplit(node.url)
    login = f"USER = '{parts.username}', PASSWORD = '{parts.password}'"
    execute(node, f"START GROUP_REPLICATION {login}")


def start(log: Log = print) -> Replication:
    """Three servers in one group with one primary. Raises Unavailable if there is no plugin."""
    found, plugin = program("mysql", PLUGIN, log)
    ports = [free_port() for _ in range(NODES)]
    name, password = str(uuid.uuid4()), account.new_password()

    def run(number: int) -> Server:
        options = (
            *OPTIONS,
            f"--server-id={number + 1}",
            f"--plugin-dir={plugin.parent}",
            f"--loose-group-replication-group-name={name}",
            f"--loose-group-replication-local-address=127.0.0.1:{ports[number]}",
            "--loose-group-replication-group-seeds="
            + ",".join(f"127.0.0.1:{port}" for port in ports),
        )
        source = f"node {number + 1} of a group"
        return mysqld.start(found, options, source, log, password=password, port=ports[number])

    group = Replication(together(run, range(NODES)))
    try:
        group.bootstrap()
    except BaseException:
        group.__exit__(None, None, None)
        raise
    return group
