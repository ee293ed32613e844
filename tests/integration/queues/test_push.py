"""The push of the application."""

from __future__ import annotations

import json

import pytest
import redis as redis_py
from sent import NOWHERE, messages

from qtask_db.errors import QueueUnavailable
from qtask_db.task import Task
from qtask_db.transport.pushing import push_now, push_tasks
from qtask_db.transport.queues import Queues, connect


def task(task_id: int, queue: str = "A", *, pushable: bool = True) -> Task:
    return Task(task_id, queue, '{"n": 1}', created=True, pushable=pushable)


def test_task_push(redis_url: str, redis: redis_py.Redis, stream: bool) -> None:
    assert task(1).push(redis, stream=stream) is True
    assert task(2).push(redis_url, stream=stream) is True
    assert task(3, pushable=False).push(redis, stream=stream) is False
    assert task(4).push(redis, limit=2, stream=stream) is False
    queues = Queues(redis, stream=stream)
    taken = queues.take(["A"], 9, 1)
    assert [json.loads(raw.body) for raw in taken] == [
        {"task_id": n, "task_attempt": 1, "n": 1} for n in (1, 2)
    ]
    assert redis.ping()


def test_push_of_many_tasks(redis: redis_py.Redis) -> None:
    tasks = [task(n, "A" if n % 2 else "B", pushable=n != 9) for n in range(1, 11)]
    assert push_tasks(redis, tasks, limit=4) == 8
    assert (redis.llen("A"), redis.llen("B")) == (4, 4)
    assert push_tasks(redis, []) == 0


def test_task_push_to_an_absent_redis() -> None:
    assert task(1).push(NOWHERE) is False, "it is committed: a relay makes up for it"
    with pytest.raises(QueueUnavailable):
        push_now(NOWHERE, [task(1)])
    assert task(1, pushable=False).push(NOWHERE) is False


def test_a_push_leaves_a_queue_out_that_refuses_it(redis: redis_py.Redis, stream: bool) -> None:
    redis.set("A", "no queue")
    assert push_tasks(redis, [task(1, "A"), task(2, "B")], stream=stream) == 1
    assert redis.exists("B")


def test_connect_retries_a_lost_connection(redis_url: str, redis: redis_py.Redis) -> None:
    client = connect(redis_url)
    client.ping()
    redis.client_kill_filter(_type="normal", skipme=True)
    assert client.ping()
    client.close()


def test_a_connection_to_a_demoted_primary_is_given_up(
    redis: redis_py.Redis, redis_url: str, stream: bool
) -> None:
    """Behind one address the next connection may lead to the new primary."""
    with redis_py.Redis.from_url(redis_url) as own:
        queues = Queues(own, stream=stream)
        queues.push(messages("Q", 1))
        before = own.client_id()
        redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            with pytest.raises(QueueUnavailable):
                queues.push(messages("Q", 1))
            assert own.client_id() != before
        finally:
            redis.execute_command("REPLICAOF", "NO", "ONE")


def test_a_consumer_takes_of_streams_only_what_it_has_room_for(redis_url: str) -> None:
    names = [f"Q{n}" for n in range(10)]
    first, second = (Queues(redis_url, stream=True, consumer=name) for name in ("one", "two"))
    first.push([message for name in names for message in messages(name, 1)])
    assert len(first.take(names, 1, 0)) == 1
    assert len(second.take(names, 100, 0)) == 9
    first.close()
    second.close()
