"""A relay's steps, one at a time: each task is in Redis within the lease, whatever fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
import redis as redis_py
from relaying import NOWHERE_REDIS, MakeRelay, create, on_queue
from testing import age, age_batches, count, execute, until

from qtask_db import Connection, NewTask, calls
from qtask_db.errors import DatabaseUnavailable, QueueUnavailable
from qtask_db.relay import Counters, Relay, held
from qtask_db.relay import steps as relay_steps


def test_a_step_moves_what_is_due(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    first = create(conn, 3)
    later = create(conn, 1, "B", delay=1000)
    relay = make_relay()
    relay.step()
    assert [json.loads(text) for text in redis.lrange("A", 0, -1)] == [
        {"task_id": task_id, "task_attempt": 1, "n": n} for n, task_id in enumerate(first)
    ]
    assert redis.llen("B") == 0
    assert count(conn, "batch") == 0, "the batch is confirmed"
    age(conn, 1001, *later)
    relay.step()
    assert on_queue(redis, "B") == later
    wanted = Counters(claimed=4, pushed=4, confirmed=4)
    assert relay.counters == wanted


def test_a_real_time_task_that_was_not_pushed_is_covered(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    task = calls.create(conn, "test", {}, 3600, "A")
    relay = make_relay()
    relay.step()
    assert on_queue(redis) == []
    age(conn, 6, task.task_id)
    relay.step()
    assert on_queue(redis) == [task.task_id]


def test_an_unfinished_task_is_queued_again_with_its_next_attempt(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    (task_id,) = create(conn, 1, interval=60)
    relay = make_relay()
    relay.step()
    assert calls.processing(conn, task_id, 1) == 1
    relay.step()
    assert len(on_queue(redis)) == 1
    age(conn, 61)
    relay.step()
    assert [json.loads(text)["task_attempt"] for text in redis.lrange("A", 0, -1)] == [1, 2]


def test_step_says_how_long_to_wait(conn: Connection, make_relay: MakeRelay) -> None:
    relay = make_relay(scan_interval=7.0, limit=2)
    assert relay.step() == 7.0
    create(conn, 1, delay=3)
    assert 1.0 < relay.step() <= 3.0
    create(conn, 1, delay=1000)
    create(conn, 5)
    assert relay.step() == 0.0, "there is more now"


def test_batches_begin_small_and_grow(conn: Connection, make_relay: MakeRelay) -> None:
    relay = make_relay()
    for _ in range(2):
        create(conn, 1_000)
        found = []
        while relay.step() == 0.0:
            found.append(relay.counters.claimed - sum(found))
        assert found[:3] == [100, 200, 400]
        relay = make_relay()


def test_what_cannot_be_had_is_looked_for_less_and_less_often(
    conn: Connection, connect: Callable[..., Connection], make_relay: MakeRelay
) -> None:
    create(conn, 1)
    calls.scan(conn, "died", lease=30)
    age_batches(conn, 31)
    other = connect(autocommit=False)
    execute(other, f"SELECT batch_id FROM {conn.prefix}batch FOR UPDATE")
    relay = make_relay()
    pauses = [relay.step() for _ in range(6)]
    assert 0.0 < pauses[0] <= 0.005, "it may have become due a moment ago"
    assert pauses == sorted(pauses)
    assert pauses[-1] > 0.05
    other.rollback()
    relay.step()
    assert relay.counters.claimed == 1


def test_nothing_is_pushed_before_the_claim_is_committed(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    (task_id,) = create(conn, 1)
    relay, other = make_relay(), make_relay()
    batch = relay.claim()
    assert [message.task_id for message in batch.messages] == [task_id]
    assert on_queue(redis) == []
    assert count(conn, "batch") == 1
    assert other.claim().messages == []
    relay.push(batch)
    relay.confirm(batch)
    assert count(conn, "batch") == 0


def test_redis_away_releases_the_batch(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    ids = create(conn, 3)
    relay = make_relay(NOWHERE_REDIS)
    with pytest.raises(QueueUnavailable):
        relay.step()
    assert (relay.counters.claimed, relay.counters.released) == (3, 3)
    with pytest.raises(QueueUnavailable):
        relay.step()
    assert relay.counters.claimed == 3, "no claims while Redis is known to be away"
    make_relay().step()
    assert on_queue(redis) == ids


def test_a_confirmation_that_failed_is_made_up_for(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = create(conn, 1)
    relay = make_relay()
    with monkeypatch.context() as patch:

        def lost(*_: object) -> None:
            raise DatabaseUnavailable("gone")

        patch.setattr(calls, "confirm", lost)
        with pytest.raises(DatabaseUnavailable):
            relay.step()
    assert count(conn, "batch") == 1
    relay.step()
    assert count(conn, "batch") == 0
    assert relay.counters.confirmed == 1
    assert on_queue(redis) == ids


def test_a_batch_whose_lease_ran_out_is_another_relays(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    ids = create(conn, 2)
    slow, quick = make_relay(), make_relay()
    batch = slow.claim()
    age_batches(conn, 31)
    quick.step()
    slow.push(batch)
    slow.confirm(batch)
    assert (slow.counters.confirmed, slow.counters.reclaimed) == (0, 2)
    assert sorted(on_queue(redis)) == sorted(ids * 2)
    started = calls.processing_many(conn, [(task_id, 1) for task_id in ids])
    assert len(started) == 2
    assert calls.processing_many(conn, [(task_id, 1) for task_id in ids]) == []


def test_a_full_queue_is_held_back(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    relay = make_relay(queue_limit=5)
    create(conn, 5)
    relay.step()
    create(conn, 10)
    other = create(conn, 2, "B")
    relay.step()
    relay.step()
    assert redis.llen("A") == 5
    assert on_queue(redis, "B") == other, "the other queues go on"
    redis.ltrim("A", 4, 4)
    relay.step()
    assert redis.llen("A") > 5


def test_a_refused_queue_does_not_stop_the_others(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "UNUSABLE_HOLD", 1)
    redis.set("BAD", "not a list")
    bad = create(conn, 50, "BAD")
    good = create(conn, 50, "GOOD")
    relay = make_relay(limit=10)
    relay.start()
    until(lambda: set(on_queue(redis, "GOOD")) == set(good))
    redis.delete("BAD")
    until(lambda: set(on_queue(redis, "BAD")) == set(bad))


def test_large_payloads_make_small_batches(
    conn: Connection, make_relay: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_steps, "BATCH_BYTES", 10_000)
    new = [NewTask("test", {"x": "y" * 1_000}, 3600, "A", delay=0) for _ in range(60)]
    calls.create_many(conn, new)
    relay = make_relay(limit=20)
    assert len(relay.claim().messages) == 20
    assert len(relay.claim().messages) == 9


def test_a_damaged_row_does_not_stop_the_others(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    ids = create(conn, 3)
    batch = make_relay().claim()
    age_batches(conn, 31)
    damaged = [
        m if m.task_id != ids[1] else type(m)(m.task_id, 1, "A", "[]") for m in batch.messages
    ]
    make_relay().push(type(batch)(batch.batch_id, damaged, None))
    assert on_queue(redis) == [ids[0], ids[2]]


def test_in_a_backlog_all_scanners_move_tasks(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    ids = [task_id for _ in range(4) for task_id in create(conn, 1_000)]
    relay = make_relay(limit=50, scanners=3)
    with relay:
        until(lambda: redis.llen("A") >= len(ids))
        until(lambda: relay.counters.confirmed == len(ids))
    assert sorted(on_queue(redis)) == sorted(ids)
    assert relay.counters == Counters(len(ids), len(ids), len(ids))
    assert all(scanner.steps.counters.confirmed for scanner in relay._scanners._all)


def test_a_scanner_that_fails_comes_back_with_the_next_backlog(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: MakeRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = make_relay(limit=20, scanners=2)
    steps = relay._scanners._all[0].steps
    failures = iter([DatabaseUnavailable("gone")] * 2)
    whole = steps.step

    def step() -> float:
        for error in failures:
            raise error
        return whole()

    monkeypatch.setattr(steps, "step", step)
    with relay:
        ids = [task_id for _ in range(3) for task_id in create(conn, 1_000)]
        until(lambda: redis.llen("A") >= len(ids))
        until(lambda: relay.counters.confirmed == len(ids))
    assert steps.counters.errors == 2
    assert steps.counters.confirmed > 0
    assert sorted(on_queue(redis)) == sorted(ids)


def test_eight_relays_hand_out_no_task_twice(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    ids = [task_id for _ in range(4) for task_id in create(conn, 1_000)]
    relays = [make_relay(limit=50) for _ in range(8)]
    barrier = threading.Barrier(8)

    def drive(relay: Relay) -> None:
        barrier.wait()
        for _ in range(10_000):
            relay._turn()
            if redis.llen("A") >= len(ids):
                return

    threads = [threading.Thread(target=drive, args=(relay,)) for relay in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    pushed = on_queue(redis)
    assert len(pushed) == len(ids), "no message twice"
    assert set(pushed) == set(ids)
    assert sum(relay.counters.confirmed > 0 for relay in relays) > 1, "they did compete"
    assert count(conn, "batch") == 0
