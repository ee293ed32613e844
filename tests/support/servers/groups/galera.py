"""MariaDB Galera: three servers, all of which take writes.

with galera.start(ca, cert, key) as nodes:
    nodes.url         # names all three, the first one first
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import cast

from .. import account, binaries, mysqld, packages
from ..base import Log, Server, ServerError, Unavailable, free_port
from .group import NODES, Group, execute, program, together, wait

LIBRARY = "libgalera_smm.so"
PACKAGE = "galera-4"
NODE = Path(__file__).with_name("galera-node")
"""Starts mariadbd as a node; the state transfer's program lies beside it."""
OPTIONS = (
    "--innodb-buffer-pool-size=64M",
    "--innodb-autoinc-lock-mode=2",
    "--binlog-format=ROW",
    "--wsrep-on=ON",
    "--wsrep-cluster-name=qtask",
    "--wsrep-slave-threads=2",
    "--wsrep-sst-method=copy",
)
STATE = "SHOW GLOBAL STATUS LIKE 'wsrep_%'"
LOOK = 2.0
"""Seconds: a node that hangs is seen as one that is away."""


class Galera(Group):
    """A Galera cluster."""

    def primaries(self) -> list[Server]:
        """The nodes that take writes: those that have joined a majority."""
        return [node for node in self.nodes if status(node).get("wsrep_ready") == "ON"]

    def join(self, node: Server) -> None:  # noqa: ARG002 - it does so when it is started
        self.every_primary()

    def every_primary(self) -> None:
        wait(
            lambda: [status(node).get("wsrep_cluster_size", "none") for node in self.primaries()],
            lambda sizes: sizes == [str(NODES)] * NODES,
            "the cluster is not complete",
        )


def status(node: Server) -> dict[str, str]:
    """The node's own status; empty if the node is away."""
    with contextlib.suppress(ServerError):
        return dict(cast("list[tuple[str, str]]", execute(node, STATE, LOOK)))
    return {}


def start(ca: Path, cert: Path, key: Path, log: Log = print) -> Galera:
    """Three servers in one cluster; the others have a certificate of this authority, or are none.
    Raises Unavailable if there is no Galera.
    """
    found, library = _program(log)
    ports = [free_port() for _ in range(NODES)]
    password = account.new_password()

    def run(number: int) -> Server:
        own = ports[number]
        provider = {
            "base_port": own,
            "gmcast.listen_addr": f"tcp://127.0.0.1:{own}",
            "ist.recv_addr": f"127.0.0.1:{free_port()}",
            "socket.ssl_ca": ca,
            "socket.ssl_cert": cert,
            "socket.ssl_key": key,
        }
        options = (
            *OPTIONS,
            f"--server-id={number + 1}",
            f"--wsrep-provider={library}",
            "--wsrep-provider-options=" + ";".join(f"{k}={v}" for k, v in provider.items()),
            f"--wsrep-node-address=127.0.0.1:{own}",
            "--wsrep-cluster-address=gcomm://" + ",".join(f"127.0.0.1:{p}" for p in ports),
        )
        wrapper = (str(NODE), "yes" if number == 0 else "no")
        source = f"node {number + 1} of a cluster"
        return mysqld.start(found, options, source, log, wrapper, password)

    first = run(0)
    try:
        cluster = Galera([first, *together(run, range(1, NODES))])
    except BaseException:
        first.stop()
        raise
    try:
        cluster.every_primary()
    except BaseException:
        cluster.__exit__(None, None, None)
        raise
    return cluster


def _program(log: Log) -> tuple[binaries.Program, Path]:
    """MariaDB and Galera: those of the machine, else of the distribution's packages."""
    with contextlib.suppress(Unavailable):
        return program("mariadb", LIBRARY, log)
    return packages.unpacked("mariadb", log), packages.library(PACKAGE, LIBRARY, "mariadb", log)
