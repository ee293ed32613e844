"""A queue whose key cannot be used is set aside by its name; the others are served."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis as redis_py
import topologies
from testing import until
from topologies import Launcher

from qtask_db import Connection, NewTask, calls
from qtask_db.errors import QueueUnavailable
from qtask_db.models import Message
from qtask_db.relay import Relay
from qtask_db.transport.pushing import push_tasks
from qtask_db.transport.queues import Queues, QueueUnusable
from qtask_db.worker import Worker


@pytest.fixture
def limited(redis: redis_py.Redis) -> Iterator[Callable[..., redis_py.Redis]]:
    """Makes clients of a user that may do only so much."""
    made: list[redis_py.Redis] = []

    def limited(*rules: str) -> redis_py.Redis:
        redis.execute_command("ACL", "SETUSER", "few", "reset", "on", "nopass", *rules)
        settings = redis.connection_pool.connection_kwargs
        where = {"host": settings["host"], "port": settings["port"]}
        made.append(redis_py.Redis(**where, username="few", password="any"))
        return made[-1]

    yield limited
    for client in made:
        client.close()
    redis.execute_command("ACL", "DELUSER", "few")


def messages(queue: str, count: int) -> list[Message]:
    return [Message(n, 1, queue, "{}") for n in range(1, count + 1)]


def spoil(redis: redis_py.Redis, how: str, stream: bool) -> None:
    if how == "hash":
        redis.hset("W1", "a", "b")
    elif stream:
        redis.rpush("W1", "a message of the time when it was a list")
    else:
        redis.xadd("W1", {"a": "b"})


@pytest.mark.parametrize("how", ["hash", "other"])
def test_a_key_of_another_type_stops_no_other_queue(
    redis: redis_py.Redis, redis_url: str, stream: bool, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(redis, how, stream)
    queues = Queues(redis_url, stream=stream)
    queues.push(messages("W2", 300))
    taken = []
    for _ in range(6):
        taken += queues.take(["W1", "W2"], 50, 1.0)
    assert len(taken) == 300
    assert queues.take(["W1", "W2"], 50, 0.2) == [], "waiting works without W1, too"
    told = [text for text in caplog.messages if "W1" in text]
    assert len(told) == 1
    assert "WRONGTYPE" in told[0]
    queues.close()


@pytest.mark.parametrize("first", ["W1", "W2"])
def test_a_forbidden_key_stops_no_other_queue(
    redis_url: str,
    stream: bool,
    first: str,
    limited: Callable[..., redis_py.Redis],
    caplog: pytest.LogCaptureFixture,
) -> None:
    Queues(redis_url, stream=stream).push([*messages("W1", 1), *messages("W2", 5)])
    queues = Queues(limited("~W2", "+@all"), stream=stream)
    names = [first, "W2" if first == "W1" else "W1"]
    taken: list[Any] = []
    until(lambda: taken.extend(queues.take(names, 10, 0.1)) or len(taken) == 5)
    assert queues.take(names, 10, 0.1) == []
    told = [text for text in caplog.messages if "W1" in text]
    assert len(told) == 1
    assert "permission" in told[0]


def test_it_is_looked_at_again_and_told(
    redis: redis_py.Redis, redis_url: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    redis.set("W1", "x")
    queues = Queues(redis_url, stream=stream)
    queues.push(messages("W2", 1))
    assert len(queues.take(["W1", "W2"], 5, 0.1)) == 1
    redis.delete("W1")
    Queues(redis_url, stream=stream).push(messages("W1", 3))
    found: list[Any] = []
    until(lambda: found.extend(queues.take(["W1", "W2"], 5, 0.1)) or len(found) == 3)
    assert [text for text in caplog.messages if "queue W1: works again" in text]


def test_no_usable_queue_at_all(redis: redis_py.Redis, redis_url: str, stream: bool) -> None:
    redis.mset({"W1": "x", "W2": "y"})
    queues = Queues(redis_url, stream=stream)
    for _ in range(3):
        with pytest.raises(QueueUnusable) as caught:
            queues.take(["W1", "W2"], 5, 0.1)
        assert set(caught.value.reasons) == {"W1", "W2"}
    with pytest.raises(QueueUnusable, match="WRONGTYPE"):
        queues.check(["W1", "W2"])
    queues.check(["W1", "W3"])


def test_a_user_who_may_not_run_scripts(
    stream: bool, redis_url: str, limited: Callable[..., redis_py.Redis]
) -> None:
    Queues(redis_url, stream=stream).push(messages("W2", 50))
    queues = Queues(limited("~*", "+@all", "-@scripting"), stream=stream)
    taken: list[Any] = []
    until(lambda: taken.extend(queues.take(["W2"], 50, 0.1)) or len(taken) == 50)


def test_a_user_who_may_load_scripts_and_not_send_them(
    redis: redis_py.Redis, stream: bool, limited: Callable[..., redis_py.Redis]
) -> None:
    redis.script_flush()
    queues = Queues(limited("~*", "+@all", "-eval"), stream=stream)
    assert queues.push_bounded("W2", messages("W2", 50), 40) == 40
    assert len(queues.take(["W2"], 50, 0.1)) == 40


def test_a_user_who_may_not_take_at_all(
    stream: bool, redis_url: str, limited: Callable[..., redis_py.Redis]
) -> None:
    """Every queue has this fault, so none is set aside."""
    Queues(redis_url, stream=stream).push(messages("W2", 5))
    queues = Queues(limited("~*", "+@all", "-lpop", "-blpop", "-xreadgroup"), stream=stream)
    with pytest.raises(QueueUnavailable):
        queues.take(["W1", "W2"], 5, 0.1)


@pytest.mark.parametrize("how", ["hash", "other"])
def test_a_worker_serves_the_others_at_full_speed(
    conn: Connection,
    database_url: str,
    redis: redis_py.Redis,
    redis_url: str,
    stream: bool,
    how: str,
) -> None:
    spoil(redis, how, stream)
    worker = Worker(database_url, redis_url, stream=stream)
    worker.handler("W1", "W2")(lambda _job: None)
    tasks = calls.create_many(conn, [NewTask("test", {}, 3600, "W2") for _ in range(500)])
    assert push_tasks(redis, tasks, stream=stream) == 500
    with worker:
        began = time.monotonic()
        until(lambda: worker.counters.finished == 500)
        assert time.monotonic() - began < 10
        for _ in range(5):
            one = calls.create(conn, "test", {}, 3600, "W2")
            before = worker.counters.finished
            began = time.monotonic()
            push_tasks(redis, [one], stream=stream)
            until(lambda before=before: worker.counters.finished > before)
            assert time.monotonic() - began < 2.5, "each was up to 6 s late"


def test_a_relay_pushes_on_where_one_queue_is_refused(
    conn: Connection,
    database_url: str,
    redis: redis_py.Redis,
    redis_url: str,
    stream: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    redis.hset("W1", "a", "b")
    new = [NewTask("test", {}, 3600, queue, delay=0) for queue in ("W1", "W2") for _ in range(20)]
    calls.create_many(conn, new)
    size = redis.xlen if stream else redis.llen
    with Relay(database_url, redis_url, stream=stream) as relay:
        until(lambda: size("W2") >= 20)
        time.sleep(2)
    assert size("W2") <= 40, "a batch is given back once"
    assert len([text for text in caplog.messages if "queue W1" in text]) == 1
    assert relay.counters.errors <= 3


def test_a_damaged_row_beside_a_refused_queue(
    conn: Connection, database_url: str, redis: redis_py.Redis, redis_url: str
) -> None:
    """The second push, without the damaged row, is refused as the first one would be."""
    redis.hset("W1", "a", "b")
    relay = Relay(database_url, redis_url)
    calls.delay(conn, "test", {}, 0, 3600, "W1")
    batch = relay.claim()
    batch.messages.append(Message(1, 1, "W2", "no object"))
    with pytest.raises(QueueUnusable):
        relay.push(batch)
    assert relay._steps.held.names == ("W1",)
    relay.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    launch = Launcher()
    yield "redis+cluster://" + topologies.start_cluster(launch)[0]
    launch.close()


def test_in_a_cluster(cluster: str, stream: bool, caplog: pytest.LogCaptureFixture) -> None:
    names = [f"{'S' if stream else 'L'}{n}" for n in range(1, 9)]
    queues = Queues(cluster, stream=stream)
    queues._redis.hset(names[0], "a", "b")
    queues.push([message for name in names[1:] for message in messages(name, 10)])
    taken: list[Any] = []
    until(lambda: taken.extend(queues.take(names, 10, 0.1)) or len(taken) == 70)
    assert len([text for text in caplog.messages if f"queue {names[0]}:" in text]) == 1
    queues.close()


def test_a_cluster_with_the_url_of_one_server(cluster: str) -> None:
    url = cluster.replace("redis+cluster", "redis").partition(",")[0] + "/0"
    names = [f"N{n}" for n in range(8)]
    queues = Queues(url)
    with pytest.raises(QueueUnusable, match=r"write redis\+cluster://"):
        queues.push([Message(n, 1, name, "{}") for n, name in enumerate(names)])

    def take_what_is_there() -> None:
        for _ in range(9):
            queues.take(names, 5, 0.1)

    with pytest.raises(QueueUnavailable, match=r"write redis\+cluster://"):
        take_what_is_there()
    queues.close()


def test_behind_sentinel(stream: bool) -> None:
    launch = Launcher()
    try:
        guarded = topologies.start_sentinel(launch, replicas=0)
        queues = Queues(f"redis+sentinel://{guarded.place}", stream=stream)
        queues._redis.hset("W1", "a", "b")
        queues.push(messages("W2", 10))
        taken: list[Any] = []
        until(lambda: taken.extend(queues.take(["W1", "W2"], 10, 0.1)) or len(taken) == 10)
        queues.close()
    finally:
        launch.close()


def test_a_shard_that_hangs_costs_one_time_out() -> None:
    launch = Launcher()
    try:
        hosts, processes = topologies.start_cluster(launch, down_after=60_000)
        names = [f"H{n}" for n in range(24)]
        queues = Queues(f"redis+cluster://{hosts}?socket_timeout=0.5&socket_connect_timeout=0.5")
        queues.push([message for name in names for message in messages(name, 5)])
        processes[1].send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(QueueUnusable) as caught:
                queues.push([message for name in names for message in messages(name, 1)])
            took = time.monotonic() - began
            assert 1 < len(caught.value.reasons) < 24
            assert len(caught.value.lengths) + len(caught.value.reasons) == 24
            assert took < 6, "it was one time-out, and its repetitions, for each queue"
            taken: list[Any] = []
            until(
                lambda: (
                    taken.extend(queues.take(names, 50, 0.1))
                    or len(taken) == 6 * len(caught.value.lengths)
                ),
                40,
            )
        finally:
            processes[1].send_signal(signal.SIGCONT)
        queues.close()
    finally:
        launch.close()
