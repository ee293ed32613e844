"""Queues on a real Redis: lists and streams behave alike; what differs is tested apart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
import redis as redis_py
from sent import NOWHERE, ids, messages
from testing import PASSWORD, as_account

from qtask_db.doctor.redis import examine_queues, examine_redis
from qtask_db.errors import QueueUnavailable
from qtask_db.models import Message
from qtask_db.transport import kinds
from qtask_db.transport import queues as queues_module
from qtask_db.transport.queues import Queues, QueueUnusable


def test_push_returns_lengths_and_keeps_the_order(queues: Queues) -> None:
    assert queues.push([*messages("A", 2), *messages("B", 1), *messages("A", 1, 3)]) == {
        "A": 3,
        "B": 1,
    }
    assert queues.push(messages("A", 1, 4)) == {"A": 4}
    assert ids(queues.take(["A"], 10, 1)) == [1, 2, 3, 4]


def test_push_of_nothing(queues: Queues) -> None:
    assert queues.push([]) == {}
    assert queues.lengths(["A"]) == {"A": 0}


def test_a_long_push_goes_in_pieces(queues: Queues) -> None:
    big = [Message(n, 1, "BIG", '{"x": "' + "y" * 300_000 + '"}') for n in range(1, 9)]
    assert queues.push([*messages("A", 2_500), *big]) == {"A": 2_500, "BIG": 8}
    taken: list[int] = []
    while len(taken) < 2_500:
        taken += ids(queues.take(["A"], 1_000, 1))
    assert taken == list(range(1, 2_501))


def test_the_text_on_the_queue(queues: Queues, redis: redis_py.Redis, stream: bool) -> None:
    queues.push([Message(17, 3, "A", '{"amount": 1.10, "name": "\u00e9"}')])
    text = '{"task_id": 17, "task_attempt": 3, "amount": 1.10, "name": "\u00e9"}'
    if stream:
        assert [fields for _, fields in redis.xrange("A")] == [{"message": text}]
    else:
        assert redis.lrange("A", 0, -1) == [text]


def test_push_bounded_stops_at_the_limit(queues: Queues) -> None:
    assert queues.push_bounded("A", messages("A", 3), 5) == 3
    assert queues.push_bounded("A", messages("A", 3, 4), 5) == 2
    assert queues.push_bounded("A", messages("A", 3, 7), 5) == 0
    assert queues.lengths(["A"]) == {"A": 5}
    assert ids(queues.take(["A"], 10, 1)) == [1, 2, 3, 4, 5]


def test_push_bounded_is_atomic(redis_url: str, stream: bool) -> None:
    pushed: list[int] = []

    def push() -> None:
        mine = Queues(redis_url, stream=stream)
        pushed.extend(mine.push_bounded("A", messages("A", 7), 100) for _ in range(10))
        mine.close()

    threads = [threading.Thread(target=push) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(pushed) == 100
    assert Queues(redis_url, stream=stream).lengths(["A"]) == {"A": 100}


def test_take_begins_with_the_first_queue(queues: Queues) -> None:
    queues.push([*messages("BUSY", 100), *messages("CALM", 1, 1000)])
    assert {raw.queue for raw in queues.take(["BUSY", "CALM"], 10, 0)} == {"BUSY"}
    assert queues.take(["CALM", "BUSY"], 10, 0)[0].queue == "CALM"


def test_take_gives_no_more_than_asked(queues: Queues) -> None:
    queues.push([*messages("A", 20), *messages("B", 20, 100)])
    assert 0 < len(queues.take(["A", "B"], 7, 1)) <= 7
    assert len(queues.take(["A", "B"], 1, 1)) == 1
    taken = [raw for _ in range(40) for raw in queues.take(["A", "B"], 1, 0.01)]
    assert len(taken) == len(set(ids(taken)))
    assert len(queues.take(["A", "B"], 40, 0.01)) == 0


def test_take_wakes_up_for_a_push(queues: Queues, redis_url: str, stream: bool) -> None:
    other = Queues(redis_url, stream=stream)
    assert queues.take(["A", "B"], 5, 0.01) == []
    timer = threading.Timer(0.2, lambda: other.push(messages("B", 1)))
    timer.start()
    began = time.monotonic()
    assert ids(queues.take(["A", "B"], 5, 60)) == [1]
    assert time.monotonic() - began < 30
    timer.join()


def test_take_outlives_a_short_socket_timeout(redis_url: str, stream: bool) -> None:
    with redis_py.Redis.from_url(redis_url, socket_timeout=2) as client:
        queues = Queues(client, stream=stream)
        began = time.monotonic()
        assert queues.take(["A"], 5, 60) == []
        assert time.monotonic() - began < 30


def test_put_back(queues: Queues) -> None:
    queues.push(messages("A", 5))
    taken = queues.take(["A"], 3, 1)
    queues.put_back(taken)
    assert queues.lengths(["A"]) == {"A": 5}
    rest = queues.take(["A"], 10, 1)
    assert sorted(ids(rest)) == [1, 2, 3, 4, 5]


def test_put_back_keeps_the_order_of_a_list(redis_url: str) -> None:
    queues = Queues(redis_url)
    queues.push([*messages("A", 5), *messages("B", 2, 10)])
    queues.put_back([*queues.take(["A"], 3, 1), *queues.take(["B"], 2, 1)])
    assert ids(queues.take(["A"], 9, 1)) == [1, 2, 3, 4, 5]
    assert ids(queues.take(["B"], 9, 1)) == [10, 11]
    queues.close()


def test_set_aside(queues: Queues, redis: redis_py.Redis, stream: bool) -> None:
    for body in (b"\xffnot json", "caf\u00e9 \U0001f600".encode()):
        if stream:
            redis.xadd("A", {"message": body})
        else:
            redis.rpush("A", body)
        (raw,) = queues.take(["A"], 1, 1)
        queues.set_aside(raw, "the reason")
    records = [json.loads(text) for text in redis.lrange("A:bad", 0, -1)]
    assert [record["message"] for record in records] == ["\\xffnot json", "caf\u00e9 \U0001f600"]
    assert {record["reason"] for record in records} == {"the reason"}
    assert all(abs(record["at"] - time.time()) < 60 for record in records)
    assert queues.lengths(["A"]) == {"A": 0}


def test_set_aside_is_bounded(
    queues: Queues, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues_module, "BAD_LIMIT", 3)
    queues.push(messages("A", 5))
    for raw in queues.take(["A"], 5, 1):
        queues.set_aside(raw, "bad")
    records = [json.loads(text) for text in redis.lrange("A:bad", 0, -1)]
    assert [json.loads(record["message"])["task_id"] for record in records] == [3, 4, 5]


def test_of_a_long_bad_message_the_beginning_is_kept(queues: Queues, redis: redis_py.Redis) -> None:
    for body in (b"x" * 1_000_000, b"\xff" * 1_000_000, b"x" * 16_384):
        queues.set_aside(kinds.Raw("A", body, b"0-1"), "bad")
    records = redis.lrange("A:bad", 0, -1)
    texts = [json.loads(record)["message"] for record in records]
    assert [text[-24:] for text in texts[:2]] == [
        " [cut: 1,000,000 bytes]".rjust(24, c) for c in "xf"
    ]
    assert texts[2] == "x" * 16_384
    assert all(len(record) < 6 * 16_384 for record in records)


def test_a_queue_with_the_name_of_the_list_loses_nothing(
    queues: Queues, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad messages of A are no way to push messages of A:bad out of it."""
    monkeypatch.setattr(queues_module, "BAD_LIMIT", 2)
    queues.set_aside(kinds.Raw("A", b"1", b"0-1"), "bad")
    lists = Queues(redis)
    lists.push(messages("A:bad", 3))
    for _ in range(9):
        with suppress(QueueUnavailable):
            queues.set_aside(kinds.Raw("A", b"2", b"0-1"), "bad")
    kept = redis.lrange("A:bad", 0, -1)
    assert sum('"task_id"' in text for text in kept) == 3
    assert len(kept) < 9
    redis.delete("A:bad")
    lists.push(messages("A:bad", 1))
    with pytest.raises(QueueUnavailable, match="A:bad is a queue with messages in it"):
        queues.set_aside(kinds.Raw("A", b"3", b"0-1"), "bad")
    assert redis.llen("A:bad") == 1


def test_looks_leave_nothing_in_queues_of_any_name(
    queues: Queues, redis: redis_py.Redis, redis_url: str
) -> None:
    others = ("qtask:probe", "A:doctor", "qtask:doctor", "A:bad")
    queues.push([message for other in others for message in messages(other, 1)])
    queues.probe()
    for names in ([], ["A"]):
        assert list(examine_redis(redis_url, names))
    assert queues.lengths(others) == dict.fromkeys(others, 1)
    assert redis.dbsize() == len(others)


def test_doctor_names_such_a_queue(redis: redis_py.Redis) -> None:
    redis.rpush("A:bad", '{"task_id": 1}')
    found = [check.text for check in examine_queues(redis, ["A", "A:bad"]) if check.advice]
    assert found == ["another queue's list of bad messages: A:bad"]


def test_a_user_that_runs_no_scripts_sets_aside(redis: redis_py.Redis, redis_url: str) -> None:
    allowed = ["+@all", "-@scripting"]
    redis.acl_setuser("plain", enabled=True, passwords=f"+{PASSWORD}", keys="*", commands=allowed)
    other = Queues(as_account(redis_url, "plain"))
    other.set_aside(kinds.Raw("A", b"1"), "bad")
    other.close()
    redis.acl_deluser("plain")
    assert redis.llen("A:bad") == 1


def test_a_key_of_another_type_refuses_its_queue_alone(
    queues: Queues, redis: redis_py.Redis
) -> None:
    redis.set("BAD", "x")
    with pytest.raises(QueueUnusable, match=r"BAD.*WRONGTYPE") as caught:
        queues.push([*messages("BAD", 1), *messages("GOOD", 2)])
    assert set(caught.value.reasons) == {"BAD"}
    assert caught.value.lengths == {"GOOD": 2}
    assert queues.lengths(["BAD", "GOOD"]) == {"GOOD": 2}


def test_a_full_redis_is_unavailable(redis_url: str, redis: redis_py.Redis, stream: bool) -> None:
    queues = Queues(redis_url, stream=stream)
    redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(QueueUnavailable, match=r"OOM|memory") as caught:
            queues.push(messages("A", 1))
        assert not isinstance(caught.value, QueueUnusable)
    finally:
        redis.config_set("maxmemory", 0)
    assert queues.push(messages("A", 1)) == {"A": 1}
    queues.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda q: q.ping(),
        lambda q: q.push(messages("A", 1)),
        lambda q: q.push_bounded("A", messages("A", 1), 5),
        lambda q: q.lengths(["A"]),
        lambda q: q.take(["A"], 1, 0.1),
        lambda q: q.put_back([kinds.Raw("A", b"x")]),
        lambda q: q.set_aside(kinds.Raw("A", b"x"), "r"),
    ],
    ids=["ping", "push", "push_bounded", "lengths", "take", "put_back", "set_aside"],
)
def test_an_absent_redis_is_unavailable(call: Callable[[Queues], object], stream: bool) -> None:
    with pytest.raises(QueueUnavailable, match="Redis: "):
        call(Queues(NOWHERE, stream=stream))


@pytest.mark.parametrize("settings", [{"decode_responses": True}, {"protocol": 2}, {"protocol": 3}])
def test_every_kind_of_client(redis_url: str, stream: bool, settings: dict[str, object]) -> None:
    with redis_py.Redis.from_url(redis_url, **settings) as client:
        queues = Queues(client, stream=stream)
        queues.push([*messages("A", 3), *messages("B", 1, 10)])
        taken: list[kinds.Raw] = []
        while len(taken) < 4:
            taken += queues.take(["A", "B"], 4, 1)
        assert sorted(ids(taken)) == [1, 2, 3, 10]
        queues.put_back(taken[:1])
        queues.done(taken[1:])
        assert sum(queues.lengths(["A", "B"]).values()) == 1
        queues.close()
        assert client.ping(), "a client that was given must stay open"
