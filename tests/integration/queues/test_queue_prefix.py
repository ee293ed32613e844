"""The queue prefix: keys have it, nothing else has; systems with different ones share a Redis."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import redis as redis_py

from qtask_db import Client, Connection, NewTask, calls, push
from qtask_db.doctor.redis import examine_redis
from qtask_db.errors import ConfigurationError
from qtask_db.models import Message, QueueAudit
from qtask_db.relay import Relay
from qtask_db.task import Task
from qtask_db.transport.queues import Queues, QueueUnusable, count_messages
from qtask_db.worker import Job, Worker

DATABASE = "mysql://app@127.0.0.1:1/shop"
REDIS = "redis://127.0.0.1:1"
TASK = Task(1, "A", "{}", True, True)


def messages(queue: str, number: int) -> list[Message]:
    return [Message(n, 1, queue, "{}") for n in range(1, number + 1)]


def keys(redis: redis_py.Redis) -> set[str]:
    return set(redis.scan_iter())


def test_all_that_is_done_to_a_queue_is_done_to_its_key(
    redis: redis_py.Redis, redis_url: str, stream: bool
) -> None:
    queues = Queues(redis_url, stream=stream, prefix="mall:")
    assert queues.push([*messages("A", 3), *messages("B", 1)]) == {"A": 3, "B": 1}
    assert queues.push_bounded("B", messages("B", 5), 3) == 2
    queues.check(["A", "B"])
    taken = queues.take(["A", "B"], 2, 0)
    assert [raw.queue for raw in taken] == ["A", "A"]
    queues.put_back(taken)
    assert queues.lengths(["A", "B"]) == {"A": 3, "B": 3}
    assert count_messages(redis, ["A", "B"], "mall:") == {"A": 3, "B": 3}
    (bad,) = queues.take(["A"], 1, 1.0)
    queues.set_aside(bad, "why not")
    rest = queues.take(["A"], 10, 0)
    queues.done(rest)
    queues.make_room(["B"])
    queues.leave(["A", "B"])
    assert len(rest) == 2
    assert keys(redis) - {"mall:A"} == {"mall:B", "mall:A:bad"}
    queues.close()


def test_two_systems_in_one_redis_do_not_see_each_other(redis_url: str, stream: bool) -> None:
    mall, shop = (Queues(redis_url, stream=stream, prefix=p) for p in ("mall:", "shop:"))
    mall.push(messages("A", 2))
    assert shop.take(["A"], 10, 0) == []
    assert shop.lengths(["A"]).get("A", 0) == 0
    shop.push(messages("A", 1))
    assert len(mall.take(["A"], 10, 0)) == 2
    assert len(shop.take(["A"], 10, 0)) == 1
    mall.close()
    shop.close()


def test_people_read_the_names_of_queues(
    redis: redis_py.Redis, redis_url: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    redis.set("mall:BAD", "x")
    queues = Queues(redis_url, stream=stream, prefix="mall:")
    with pytest.raises(QueueUnusable) as caught:
        queues.push([*messages("BAD", 1), *messages("A", 2)])
    assert caught.value.reasons.keys() == {"BAD"}
    assert caught.value.lengths == {"A": 2}
    with caplog.at_level(logging.WARNING, "qtask_db"):
        assert len(queues.take(["BAD", "A"], 10, 0)) == 2
    assert "queue BAD" in caplog.text
    assert "mall:" not in caplog.text
    queues.close()


def test_the_environment_gives_it_to_those_that_say_nothing(
    redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTASK_QUEUE_PREFIX", "mall:")
    assert push(redis, [TASK]) == 1
    assert push(redis, [TASK], queue_prefix="") == 1
    assert TASK.push(redis, queue_prefix="shop:")
    assert keys(redis) == {"mall:A", "A", "shop:A"}
    assert Queues(redis).lengths(["A"]) == {"A": 1}


@pytest.mark.parametrize("prefix", ["mall :", "mall\n", "x" * 65, "\x00"])
def test_a_prefix_that_is_none_is_refused(redis: redis_py.Redis, prefix: str) -> None:
    for use in (
        lambda: Client(DATABASE, queue_prefix=prefix),
        lambda: Worker(DATABASE, REDIS, queue_prefix=prefix),
        lambda: Relay(DATABASE, REDIS, queue_prefix=prefix),
        lambda: push(redis, [TASK], queue_prefix=prefix),
    ):
        with pytest.raises(ConfigurationError, match="queue_prefix must be at most 64 printable"):
            use()


def test_doctor_looks_at_the_keys(redis: redis_py.Redis, redis_url: str) -> None:
    redis.set("mall:WRONG", "x")
    Queues(redis, prefix="mall:").push(messages("A", 2))
    redis.rpush("mall:A:bad", "{}")
    rows = [QueueAudit("default", "A", False, 2, 0, 0, 0, 0, 0, 0, 0)]
    found = [
        (check.text, check.advice)
        for check in examine_redis(redis_url, ["A", "WRONG"], lambda: rows, "mall:")
        if check.name in ("queues", "messages", "consumers")
    ]
    assert [text for text, _ in found] == [
        "no message can be put on WRONG (string)",
        "messages that were set aside: A (1)",
        "2 tasks are queued, no message is missing",
        "nobody takes the messages of A (2)",
    ]
    assert "LRANGE mall:<queue>:bad" in found[1][1]
    assert keys(redis) == {"mall:WRONG", "mall:A", "mall:A:bad"}


def test_client_relay_and_worker_meet_at_the_key(
    conn: Connection, database_url: str, redis: redis_py.Redis, redis_url: str, stream: bool
) -> None:
    shared: Any = {"stream": stream, "queue_prefix": "mall:"}
    with Client(database_url, redis_url, **shared) as client:
        client.create("test", {"n": 1}, 3600, "A")
    calls.create_many(conn, [NewTask("test", {"n": 2}, 3600, "A", delay=0)])
    relay = Relay(database_url, redis_url, **shared)
    relay.step()
    relay.close()
    assert keys(redis) == {"mall:A"}
    worker = Worker(database_url, redis_url, **shared)
    done: list[int] = []

    @worker.handler("A")
    def handle(job: Job) -> None:
        done.append(job.payload["n"])
        if len(done) == 2:
            worker.stop()

    worker.run()
    worker.close()
    assert sorted(done) == [1, 2]
    assert count_messages(redis, ["A"], "mall:").get("A", 0) == 0
