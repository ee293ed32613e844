"""Redis in other shapes than one server: a Cluster, a master behind Sentinel, with TLS or not."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
import testing
from certificates import Authority
from servers import ServerError, account, binaries, packages, redisd
from servers.base import Unavailable, free_port

from qtask_db.errors import QueueUnavailable

PATIENCE = 40.0
MASTERS = 3


class Launcher:
    """Runs redis-server with some arguments in a folder of its own; with TLS alone if told so."""

    def __init__(self, authority: Authority | None = None) -> None:
        self._program = program()
        self.folder = account.new_folder("redis")
        self.password = account.new_password()
        self._login = redisd.login(self.folder, self.password)
        self._authority = authority
        self._processes: list[subprocess.Popen[bytes]] = []
        self._tls: tuple[str, ...] = ()
        if authority is not None:
            issued = authority.issue("127.0.0.1")
            self._tls = (
                "--tls-ca-cert-file", str(authority.file), "--tls-cert-file", str(issued.cert),
                "--tls-key-file", str(issued.key), "--tls-auth-clients", "no",
                "--tls-replication", "yes", "--tls-cluster", "yes",
            )  # fmt: skip

    def __call__(
        self, *arguments: str, port: int | None = None, configuration: str | None = None
    ) -> subprocess.Popen[bytes]:
        """A server, which asks for the password unless its configuration is given."""
        folder, file = account.own_folder(self.next_folder), self._login
        if configuration is not None:
            file = folder / "redis.conf"  # a Sentinel writes to it, too
            account.write(file, configuration)
            account.give(folder)
        listen: tuple[str, ...] = () if port is None else ("--port", str(port))
        if port is not None and self._tls:
            listen = ("--port", "0", "--tls-port", str(port))
        command = self._program.command(
            str(file), *arguments, *listen, *self._tls, "--bind", "127.0.0.1", "127.0.0.2",
            "--dir", str(folder), "--save", "",
        )  # fmt: skip
        return self.run(account.within_reach(command, self.folder))

    def run(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """The same command again is the same server."""
        process: subprocess.Popen[bytes] = account.start(command, stdout=subprocess.DEVNULL)
        self._processes.append(process)
        return process

    @property
    def next_folder(self) -> Path:
        """The data folder of the next server."""
        return self.folder / f"server-{len(self._processes)}"

    def client(self, port: int) -> redis.Redis:
        """A client of one of the servers."""
        tls: dict[str, Any] = {}
        if self._authority is not None:
            tls = {"ssl": True, "ssl_ca_certs": str(self._authority.file)}
        return redis.Redis(
            port=port, host="127.0.0.1", password=self.password, decode_responses=True, **tls
        )

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)


def program() -> binaries.Program:
    try:
        return binaries.on_path("redis")
    except Unavailable:
        try:
            return packages.unpacked("redis", print)
        except ServerError as error:
            pytest.skip(f"needs a redis-server program on this machine: {error}")


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    testing.until(condition, seconds, ignoring=(redis.RedisError, QueueUnavailable))


def _is_whole(node: redis.Redis) -> bool:
    known = node.execute_command("CLUSTER NODES")
    return len(known) == MASTERS and node.execute_command("CLUSTER INFO")["cluster_state"] == "ok"


def start_cluster(
    launch: Launcher, down_after: int = 2_000
) -> tuple[str, list[subprocess.Popen[bytes]]]:
    """A Cluster of three masters: login and hosts, as a URL has them, and its processes.

    `down_after`: milliseconds of silence after which a node is taken to be down.
    """
    ports = [_port_with_bus() for _ in range(MASTERS)]
    processes = [
        launch(
            "--cluster-enabled", "yes", "--cluster-node-timeout", str(down_after),
            "--cluster-require-full-coverage", "no", port=port,
        )
        for port in ports
    ]  # fmt: skip
    nodes = [launch.client(port) for port in ports]
    for number, node in enumerate(nodes):
        until(node.ping)
        slots = range(16384 * number // MASTERS, 16384 * (number + 1) // MASTERS)
        node.execute_command("CLUSTER", "ADDSLOTS", *slots)
        node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for port in ports[1:]:
        nodes[0].execute_command("CLUSTER", "MEET", "127.0.0.1", port)
    for node in nodes:
        until(partial(_is_whole, node))
        node.close()
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f":{launch.password}@{hosts}", processes


@dataclass
class Guarded:
    """A master with one replica, or none, and a Sentinel that watches them as `orders`."""

    place: str
    """Login, Sentinel, master and the Sentinel's own login, as a URL has them."""
    master: subprocess.Popen[bytes]
    replica: redis.Redis


def _watched(sentinel: redis.Redis) -> dict[str, Any]:
    found = sentinel.sentinel_master("orders")
    assert isinstance(found, dict)
    return found


def start_sentinel(launch: Launcher, replicas: int = 1, down_after: int = 2_000) -> Guarded:
    """`down_after`: milliseconds of silence after which the master is taken to be down."""
    master, replica, guard = free_port(), free_port(), free_port()
    process = launch(port=master)
    client = launch.client(replica)
    if replicas:
        launch("--replicaof", "127.0.0.1", str(master), port=replica)
        until(lambda: client.info("replication")["master_link_status"] == "up")
    configuration = (
        f"requirepass {launch.password}\n"
        f"sentinel monitor orders 127.0.0.1 {master} 1\n"
        f"sentinel auth-pass orders {launch.password}\n"
        f"sentinel down-after-milliseconds orders {down_after}\n"
        "sentinel failover-timeout orders 5000\n"
    )
    launch("--sentinel", port=guard, configuration=configuration)
    sentinel = launch.client(guard)
    until(lambda: _watched(sentinel)["num-slaves"] == replicas)
    place = f":{launch.password}@127.0.0.1:{guard}/orders/0?sentinel_password={launch.password}"
    return Guarded(place, process, client)


def _port_with_bus() -> int:
    """A port whose Cluster bus, 10,000 higher, is free as well."""
    while True:
        port = free_port()
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port + 10_000))
            return port
