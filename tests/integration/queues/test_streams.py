"""Streams beside lists: pending entries, their owners, and entries that are not text."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis as redis_py
from sent import ids, messages

from qtask_db.transport import kinds
from qtask_db.transport.queues import Queues


def test_a_stream_message_is_pending_until_done(redis_url: str, redis: redis_py.Redis) -> None:
    queues = Queues(redis_url, stream=True, consumer="first")
    queues.push(messages("A", 2))
    one, two = queues.take(["A"], 2, 1)
    assert redis.xpending("A", "qtask")["pending"] == 2
    assert queues.take(["A"], 2, 0.01) == []
    queues.done([one])
    assert redis.xpending("A", "qtask")["pending"] == 1
    assert queues.lengths(["A"]) == {"A": 1}
    queues.done([two])
    assert queues.lengths(["A"]) == {"A": 0}
    queues.close()


def test_the_messages_of_a_dead_worker_are_taken_over(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = Queues(redis_url, stream=True, consumer="dead")
    dead.push(messages("A", 2))
    assert ids(dead.take(["A"], 2, 1)) == [1, 2]
    alive = Queues(redis_url, stream=True, consumer="alive")
    assert alive.take(["A"], 5, 0.01) == [], "not before they are old"
    monkeypatch.setattr(kinds, "RECLAIM_IDLE", 0.02)
    time.sleep(0.05)
    taken = Queues(redis_url, stream=True, consumer="alive").take(["A"], 5, 0.01)
    assert ids(taken) == [1, 2]


def test_a_flushed_redis_gets_its_groups_again(redis_url: str, redis: redis_py.Redis) -> None:
    queues = Queues(redis_url, stream=True)
    queues.push(messages("A", 1))
    assert len(queues.take(["A"], 1, 1)) == 1
    redis.flushall()
    queues.push(messages("A", 1, 2))
    assert queues.take(["A"], 1, 0.1) == []
    assert ids(queues.take(["A"], 1, 1)) == [2]


def test_leaving_forgets_an_idle_consumer_only(redis_url: str, redis: redis_py.Redis) -> None:
    busy = Queues(redis_url, stream=True, consumer="busy")
    idle = Queues(redis_url, stream=True, consumer="idle")
    busy.push(messages("A", 1))
    assert len(busy.take(["A"], 1, 1)) == 1
    assert idle.take(["A"], 1, 0.01) == []
    for queues in (busy, idle):
        queues.leave(["A"])
    assert [row["name"] for row in redis.xinfo_consumers("A", "qtask")] == ["busy"]


@pytest.mark.parametrize(
    "options",
    [
        {"decode_responses": True},
        {"decode_responses": True, "protocol": 2},
        {"decode_responses": True, "protocol": 3},
        {"protocol": 3},
    ],
    ids=str,
)
def test_what_is_no_text_is_taken_from_any_client(
    redis_url: str, redis: redis_py.Redis, stream: bool, options: dict[str, Any]
) -> None:
    with redis_py.Redis.from_url(redis_url, **options) as own:
        queues = Queues(own, stream=stream)
        queues.push(messages("Q\xe9", 1))
        if stream:
            redis.xadd("Q\xe9", {"message": b"\xff"})
        else:
            redis.rpush("Q\xe9", b"\xff")
        taken = [raw for _ in range(2) for raw in queues.take(["Q\xe9"], 9, 0.1)]
        assert [raw.body[-1:] for raw in taken] == [b"}", b"\xff"]
        assert {raw.queue for raw in taken} == {"Q\xe9"}
