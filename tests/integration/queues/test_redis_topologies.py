"""Redis in other shapes than one server on TCP: Cluster, behind Sentinel, TLS, a Unix socket."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import redis
from certificates import Authority
from servers.base import free_port
from testing import count
from topologies import Guarded, Launcher, start_cluster, start_sentinel, until

from qtask_db import Client, Connection, NewTask, calls
from qtask_db.doctor.check import Level
from qtask_db.doctor.redis import examine_redis
from qtask_db.errors import QueueUnavailable
from qtask_db.models import Message
from qtask_db.relay import Relay
from qtask_db.task import Task
from qtask_db.transport.pushing import push_tasks
from qtask_db.transport.queues import Queues, QueueUnusable
from qtask_db.transport.url import connect
from qtask_db.worker import Worker

NAMES = [f"QUEUE:{n}" for n in range(12)]


@pytest.fixture
def launch() -> Iterator[Launcher]:
    started = Launcher()
    yield started
    started.close()


def messages(names: list[str], each: int = 1) -> list[Message]:
    return [
        Message(100 * n + m + 1, 1, name, "{}") for n, name in enumerate(names) for m in range(each)
    ]


@pytest.fixture
def cluster(launch: Launcher) -> tuple[str, list[subprocess.Popen[bytes]]]:
    """A Cluster of three masters: its URL and its processes."""
    hosts, processes = start_cluster(launch)
    return f"redis+cluster://{hosts}", processes


def encryption(url: str) -> str:
    """The text of doctor's check of the encryption."""
    checks = {check.name: check for check in examine_redis(url)}
    assert checks["Redis encryption"].level is Level.OK
    return checks["Redis encryption"].text


@pytest.mark.parametrize("prefix", ["", "mall:"])
@pytest.mark.parametrize("stream", [False, True], ids=["list", "stream"])
def test_cluster(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], stream: bool, prefix: str
) -> None:
    queues = Queues(cluster[0], stream=stream, prefix=prefix)
    assert queues.push(messages(NAMES, 3)) == dict.fromkeys(NAMES, 3)
    assert queues.lengths(NAMES) == dict.fromkeys(NAMES, 3)
    assert queues.push_bounded(NAMES[0], messages(NAMES[:1], 5), 5) == 2
    assert push_tasks(cluster[0], [Task(7, "OTHER", "{}", True, True)], stream=stream) == 1
    taken = []
    while len(taken) < 38:
        found = queues.take(NAMES, 10, 1)
        assert found
        taken += found
    assert queues.take(NAMES, 10, 0.2) == []
    queues.put_back(taken[:5])
    queues.set_aside(taken[5], "bad")
    queues.done(taken[6:])
    assert sum(queues.lengths(NAMES).values()) == 5
    assert queues.lengths([taken[5].queue + ":bad"]) == (
        {} if stream else {taken[5].queue + ":bad": 1}
    )
    assert encryption(cluster[0]) == "none, and it does not leave this machine"
    again = [raw for _ in range(30) for raw in queues.take(NAMES, 10, 0.01)]
    assert sorted(raw.body for raw in again) == sorted(raw.body for raw in taken[:5])
    queues.close()


def test_a_dead_shard_refuses_its_queues_alone(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    url, processes = cluster
    queues = Queues(url)
    queues.push(messages(NAMES))
    processes[0].kill()
    processes[0].wait()
    with pytest.raises(QueueUnusable) as caught:
        queues.push(messages(NAMES))
    refused, served = set(caught.value.reasons), set(caught.value.lengths)
    assert refused
    assert served
    assert refused | served == set(NAMES)
    assert not refused & served
    assert queues.lengths(served) == dict.fromkeys(served, 2)


def test_relay_and_worker_on_a_cluster(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], database_url: str, conn: Connection
) -> None:
    new = [NewTask("test", {"n": n}, 600, NAMES[n % 12], delay=0) for n in range(240)]
    calls.create_many(conn, new)
    worker = Worker(database_url, cluster[0])
    worker.handler(*NAMES)(lambda _job: None)
    with Relay(database_url, cluster[0]), worker:
        until(lambda: worker.counters.finished == 240)
        until(lambda: count(conn) == 0)


def test_a_master_dies_and_comes_back_empty_under_relay_and_worker(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
    launch: Launcher,
    database_url: str,
    conn: Connection,
) -> None:
    """The queues of the other shards go on; those of the dead one wait in the database."""
    url, processes = cluster
    handled: Counter[int] = Counter()
    worker = Worker(database_url, url)
    worker.handler(*NAMES)(lambda job: handled.update([job.task_id]))
    shards = slots(url)
    dead = {name for name in NAMES if shards[name] == 0}
    assert 0 < len(dead) < len(NAMES)

    def create(count: int) -> None:
        new = [NewTask("test", {"n": n}, 3, NAMES[n % 12], delay=0) for n in range(count)]
        calls.create_many(conn, new)

    with Relay(database_url, url, lease=3) as relay, worker:
        create(240)
        until(lambda: worker.counters.finished == 240)
        processes[0].kill()
        processes[0].wait()
        create(240)
        expected = 240 + 240 * (12 - len(dead)) // 12
        until(lambda: worker.counters.finished == expected)
        time.sleep(1)
        assert worker.counters.finished == expected
        left = {row.queue for row in calls.stats(conn) if row.waiting}
        assert left == dead
        assert relay.counters.released > 0
        launch.run(processes[0].args)  # in its folder: the same node, without its data
        until(lambda: worker.counters.finished == 480)
        until(lambda: count(conn) == 0)
    assert len(handled) == 480


def slots(url: str) -> dict[str, int]:
    """The master of each queue, by its place in the URL."""
    ports = [int(host.rpartition(":")[2]) for host in url.partition("//")[2].split(",")]
    with connect(url) as client:
        assert isinstance(client, redis.RedisCluster)
        return {name: ports.index(client.get_node_from_key(name).port) for name in NAMES}


@pytest.fixture
def guarded(launch: Launcher) -> Guarded:
    return start_sentinel(launch)


@pytest.fixture
def sentinel_url(guarded: Guarded) -> str:
    return f"redis+sentinel://{guarded.place}"


def test_sentinel_and_a_failover(guarded: Guarded, sentinel_url: str) -> None:
    assert encryption(sentinel_url) == "none, and it does not leave this machine"
    queues = Queues(sentinel_url)
    assert queues.push(messages(["A"], 1)) == {"A": 1}
    guarded.master.kill()
    with pytest.raises(QueueUnavailable):
        queues.push(messages(["A"], 1))
    until(lambda: queues.push(messages(["B"], 1)))
    assert guarded.replica.llen("B") >= 1
    queues.close()


@pytest.mark.parametrize("stream", [False, True], ids=["list", "stream"])
def test_a_sentinel_failover_under_relay_and_worker(
    guarded: Guarded, sentinel_url: str, database_url: str, conn: Connection, stream: bool
) -> None:
    """Messages that the old master had not replicated come again after the interval."""
    handled: Counter[tuple[int, int]] = Counter()
    worker = Worker(database_url, sentinel_url, stream=stream)
    worker.handler("A", "B")(lambda job: handled.update([(job.task_id, job.attempt)]))
    stop = threading.Event()
    created: list[int] = []

    def produce() -> None:
        with Client(database_url, sentinel_url, stream=stream) as client:
            while not stop.is_set():
                created.append(client.create("test", {}, 3, "AB"[len(created) % 2]).task_id)
                stop.wait(0.005)

    producer = threading.Thread(target=produce)
    with Relay(database_url, sentinel_url, lease=3, stream=stream) as relay, worker:
        producer.start()
        until(lambda: worker.counters.finished > 100)
        guarded.master.kill()
        before = len(created)
        until(lambda: guarded.replica.info("replication")["role"] == "master")
        until(lambda: len(created) > before + 50)
        finished = worker.counters.finished
        until(lambda: worker.counters.finished > finished + 50)
        stop.set()
        producer.join(60)
        until(lambda: count(conn) == 0)
    assert {task_id for task_id, _ in handled} == set(created)
    assert max(handled.values()) == 1
    assert relay.counters.confirmed > 0


def test_tls_and_a_unix_socket(launch: Launcher, authority: Authority) -> None:
    issued = authority.issue("127.0.0.1")
    port, path = free_port(), launch.next_folder / "socket"
    launch(
        "--port", "0", "--tls-port", str(port), "--unixsocket", str(path),
        "--tls-cert-file", str(issued.cert), "--tls-key-file", str(issued.key),
        "--tls-ca-cert-file", str(authority.file), "--tls-auth-clients", "no",
    )  # fmt: skip
    password = launch.password
    tls = Queues(f"rediss://:{password}@127.0.0.1:{port}/0?ssl_ca_certs={authority.file}")
    local = Queues(f"unix://:{password}@{path}?db=0")
    assert encryption(f"unix://:{password}@{path}").startswith("a Unix socket")
    until(lambda: tls.push(messages(["A"], 2)))
    (raw, *_) = local.take(["A"], 5, 1)
    assert json.loads(raw.body)["task_id"] == 1
    for wrong in (
        f"rediss://:{password}@127.0.0.1:{port}/0",
        f"redis://:{password}@127.0.0.1:{port}/0",
        f"rediss://:wr0ng@127.0.0.1:{port}/0?ssl_ca_certs={authority.file}",
        f"unix://:wr0ng@{path}",
    ):
        with pytest.raises(QueueUnavailable) as caught:
            Queues(wrong).ping()
        assert password not in str(caught.value)
        assert "wr0ng" not in str(caught.value)
    tls.close()
    local.close()
