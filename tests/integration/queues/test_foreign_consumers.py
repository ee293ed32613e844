"""Streams whose consumers are not ours: they acknowledge and delete nothing, or die."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_py
from testing import until

from qtask_db import Connection, NewTask, calls
from qtask_db.models import Message
from qtask_db.relay import Relay
from qtask_db.task import Task
from qtask_db.transport import kinds
from qtask_db.transport.pushing import push_tasks
from qtask_db.transport.queues import Queues


@pytest.fixture
def queues(redis_url: str) -> Iterator[Queues]:
    queues = Queues(redis_url, stream=True)
    yield queues
    queues.close()


def messages(count: int, first: int = 1) -> list[Message]:
    return [Message(first + n, 1, "A", "{}") for n in range(count)]


def read(redis: redis_py.Redis, count: int, consumer: str = "foreign") -> list[str]:
    """As a consumer of another language does."""
    found: Any = redis.xreadgroup("qtask", consumer, {"A": ">"}, count=count)
    return [entry for _, entries in dict(found).items() for entry, _ in _flat(entries)]


def _flat(entries: Any) -> Any:
    return entries[0] if entries and isinstance(entries[0], list) else entries


@pytest.fixture(autouse=True)
def group(redis: redis_py.Redis) -> None:
    redis.xgroup_create("A", "qtask", id="0", mkstream=True)


def test_what_is_acknowledged_makes_room(redis: redis_py.Redis, queues: Queues) -> None:
    queues.push(messages(100))
    entries = read(redis, 60)
    redis.xack("A", "qtask", *entries[:50])
    queues.make_room(["A"])
    assert queues.lengths(["A"]) == {"A": 50}, "10 are pending, 40 unread"
    redis.xack("A", "qtask", *entries[50:])
    queues.make_room(["A"])
    assert queues.lengths(["A"]) == {"A": 40}
    assert len(read(redis, 100)) == 40, "what nobody has read is there"
    queues.make_room(["A"])
    assert queues.lengths(["A"]) == {"A": 40}, "what is pending is there"


def test_one_that_was_taken_and_forgotten_holds_nothing_up(
    redis: redis_py.Redis, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "FORGOTTEN_IDLE", 1.0)
    queues.push(messages(20))
    read(redis, 1, "died")
    redis.xack("A", "qtask", *read(redis, 9))
    queues.make_room(["A"])
    assert queues.lengths(["A"]) == {"A": 20}
    time.sleep(1.1)
    fresh = read(redis, 5)
    queues.make_room(["A"])
    assert queues.lengths(["A"]) == {"A": 10}
    assert redis.xpending("A", "qtask")["pending"] == len(fresh)


@pytest.mark.parametrize("state", ["no group", "another group", "nothing read", "no stream"])
def test_nothing_goes_that_was_not_acknowledged(
    redis: redis_py.Redis, queues: Queues, state: str
) -> None:
    if state == "no stream":
        redis.delete("A")
        queues.make_room(["A"])
        assert not redis.exists("A")
        return
    queues.push(messages(5))
    if state != "nothing read":
        redis.xgroup_destroy("A", "qtask")
    if state == "another group":
        redis.xgroup_create("A", "other", id="$")
    queues.make_room(["A"])
    assert queues.lengths(["A"]) == {"A": 5}


def test_a_producer_finds_the_room(redis: redis_py.Redis, queues: Queues) -> None:
    assert queues.push_bounded("A", messages(10), 10) == 10
    assert queues.push_bounded("A", messages(1, 11), 10) == 0
    redis.xack("A", "qtask", *read(redis, 4))
    tasks = [Task(n, "A", "{}", created=True, pushable=True) for n in range(11, 20)]
    assert push_tasks(redis, tasks, limit=10, stream=True) == 4


def test_a_relay_goes_on(
    conn: Connection, database_url: str, redis_url: str, redis: redis_py.Redis
) -> None:
    calls.create_many(conn, [NewTask("test", {}, 3600, "A", delay=0) for _ in range(300)])
    seen: list[str] = []

    def consume() -> bool:
        if entries := read(redis, 10):
            redis.xack("A", "qtask", *entries)
            seen.extend(entries)
        return len(seen) >= 300

    with Relay(database_url, redis_url, stream=True, queue_limit=50, limit=20):
        until(consume, 60)
    assert redis.xlen("A") <= 50 + 2 * 40, "acknowledged entries have gone"


def test_a_relay_without_the_right_to_trim_holds_back(
    redis: redis_py.Redis, queues: Queues
) -> None:
    redis.execute_command("ACL", "SETUSER", "few", "reset", "on", "nopass", "~*", "+@all", "-xtrim")
    settings = redis.connection_pool.connection_kwargs
    queues.push(messages(5))
    redis.xack("A", "qtask", *read(redis, 5))
    where = {"host": settings["host"], "port": settings["port"]}
    with redis_py.Redis(**where, username="few", password="any") as client:
        limited = Queues(client, stream=True)
        limited.make_room(["A"])
        assert limited.lengths(["A"]) == {"A": 5}
    redis.execute_command("ACL", "DELUSER", "few")


def test_the_recipe_of_the_readme(redis_url: str) -> None:
    """A blocking pop must end before the client's own time-out, which redis-py 8 has at 5 s."""
    with redis_py.Redis.from_url(redis_url) as client:
        assert client.blpop("NONE", 2) is None
