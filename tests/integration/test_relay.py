"""The relay against real servers: whatever dies, each task is in Redis within the lease."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import redis as redis_py
import servers
from testing import age, age_batches, count, environment, execute, kill_others, others, row, until

from qtask_db import Connection, Database, NewTask, Status, calls
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    DatabaseUnavailable,
    NotInstalled,
    QueueUnavailable,
    StaleAttempt,
)
from qtask_db.relay import Counters, Relay, held
from qtask_db.relay import steps as relay_steps

NOWHERE_REDIS = "redis://:s3cret@127.0.0.1:1/0"
NOWHERE_DATABASE = "mysql://root:s3cret@127.0.0.1:1/qtask"

MakeRelay = Callable[..., Relay]


@pytest.fixture
def make_relay(database_url: str, redis_url: str) -> Iterator[MakeRelay]:
    made: list[Relay] = []

    def make(redis: Any = redis_url, **settings: Any) -> Relay:
        made.append(Relay(settings.pop("database", database_url), redis, **settings))
        return made[-1]

    yield make
    for relay in made:
        assert relay.stop(25), "the relay did not stop"
        relay.close()


def create(conn: Connection, number: int, queue: str = "A", **settings: Any) -> list[int]:
    """Tasks that are due now."""
    settings = {"delay": 0, "interval": 3600, **settings}
    new = [NewTask("test", {"n": n}, queue=queue, **settings) for n in range(number)]
    return [task.task_id for task in calls.create_many(conn, new)]


def on_queue(redis: redis_py.Redis, queue: str = "A") -> list[int]:
    return [json.loads(text)["task_id"] for text in redis.lrange(queue, 0, -1)]


# -- one step at a time ----------------------------------------------------------------------------


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


# -- killed ----------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from qtask_db.relay import Relay
point = sys.argv[1]
relay = Relay(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"], lease=2)
def here(name):
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)
relay.check()
here("connected")
batch = relay.claim()
assert batch.messages
here("claimed")
relay.push(batch)
here("pushed")
relay.confirm(batch)
here("confirmed")
"""


@pytest.mark.parametrize("point", ["connected", "claimed", "pushed", "confirmed"])
def test_killed_between_two_steps(
    point: str,
    conn: Connection,
    database_url: str,
    redis_url: str,
    redis: redis_py.Redis,
    make_relay: MakeRelay,
) -> None:
    ids = create(conn, 3)
    other = make_relay(lease=2)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, point], env=environment(database_url, redis_url), timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    died = time.monotonic()
    there = {"connected": 0, "claimed": 0, "pushed": 3, "confirmed": 3}[point]
    assert redis.llen("A") == there
    other.start()
    until(lambda: set(on_queue(redis)) == set(ids))
    assert time.monotonic() - died < 2 + 20, "the lease, and a moment for a busy machine"
    if point == "pushed":
        until(lambda: redis.llen("A") == 6)
    until(lambda: count(conn, "batch") == 0)
    assert redis.llen("A") == (6 if point == "pushed" else 3)
    for task_id in ids:
        assert calls.processing(conn, task_id, 1) == 1
        with pytest.raises(StaleAttempt):
            calls.processing(conn, task_id, 1)


RUNS = """
import os
from qtask_db.relay import Relay
Relay(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"], lease=30, limit=40).run()
"""


def test_killed_at_any_moment(
    conn: Connection,
    database_url: str,
    redis_url: str,
    redis: redis_py.Redis,
    make_relay: MakeRelay,
) -> None:
    ids = [task_id for _ in range(3) for task_id in create(conn, 1_000)]
    strangers = set(others(conn))
    own = environment(database_url, redis_url)
    for _ in range(6):
        seen = redis.llen("A")
        with subprocess.Popen([sys.executable, "-c", RUNS], env=own) as process:
            try:
                until(lambda before=seen: redis.llen("A") > before)
                time.sleep(random.uniform(0, 0.05))  # noqa: S311 - any moment will do
            finally:
                process.kill()
        # The server still carries out what the dead one has sent.
        until(lambda: set(others(conn)) <= strangers)
        if calls.next_due(conn) != 0.0:
            break
    age_batches(conn, 31)
    relay = make_relay()
    while relay.step() == 0.0:
        pass
    assert set(on_queue(redis)) == set(ids)
    assert count(conn, "batch") == 0


# -- the loop --------------------------------------------------------------------------------------


def test_a_delayed_task_comes_at_its_time(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    relay = make_relay(scan_interval=60.0)
    create(conn, 1, delay=2)
    relay.start()
    began = time.monotonic()
    until(lambda: redis.llen("A") == 1)
    assert 1.0 < time.monotonic() - began < 40, "neither early nor with the next scan"


def test_a_new_task_is_seen_while_the_relay_sleeps(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    create(conn, 1, delay=1000)
    make_relay(scan_interval=60.0).start()
    time.sleep(0.3)
    create(conn, 1)
    until(lambda: redis.llen("A") == 1, 40)


@pytest.mark.parametrize("state", ["idle", "full", "paused", "far"])
def test_no_busy_loop(
    state: str, conn: Connection, make_relay: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {"scan": 0, "next_due": 0}

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(calls, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            made[name] += 1
            return original(*args, **kwargs)

        return call

    if state == "full":
        create(conn, 20)
    if state == "paused":
        create(conn, 20)
        calls.pause(conn, "A")
    if state == "far":
        create(conn, 20, delay=1000)
    relay = make_relay(queue_limit=10, limit=10)
    relay.step()
    for name in made:
        monkeypatch.setattr(calls, name, counted(name))
    relay.start()
    until(lambda: made["scan"])
    time.sleep(1.5)
    relay.stop()
    assert made["scan"] <= 20
    assert made["next_due"] <= 20


def test_rows_that_another_locks_do_not_make_it_spin(
    conn: Connection,
    connect: Callable[..., Connection],
    redis: redis_py.Redis,
    make_relay: MakeRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create(conn, 3)
    other = connect(autocommit=False)
    execute(other, f"SELECT task_id FROM {conn.prefix}task FOR UPDATE")
    spent: list[float] = []
    scan = calls.scan

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            return scan(*args, **kwargs)
        finally:
            spent.append(time.monotonic() - began)

    monkeypatch.setattr(calls, "scan", timed)
    relay = make_relay(poll=0.0001)
    began = time.monotonic()
    relay.start()
    until(lambda: len(spent) >= 12)
    assert sum(spent) < 0.27 * (time.monotonic() - began), "it looks again, but not all the time"
    other.rollback()
    until(lambda: redis.llen("A") == 3)


def test_the_first_burst_finds_all_scanners_connected(
    conn: Connection, make_relay: MakeRelay
) -> None:
    before = set(others(conn))
    make_relay(scanners=3).start()
    until(lambda: len(set(others(conn)) - before) == 3)


def test_stop_is_immediate_and_ends_the_batch(conn: Connection, make_relay: MakeRelay) -> None:
    relay = make_relay(scan_interval=60.0)
    relay.start()
    time.sleep(0.3)
    began = time.monotonic()
    assert relay.stop(25)
    assert time.monotonic() - began < 40
    create(conn, 10)
    with make_relay() as other:
        until(lambda: other.counters.confirmed == 10)
    assert count(conn, "batch") == 0


def test_a_relay_can_be_started_again(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    relay = make_relay()
    for number in (1, 2):
        relay.start()
        create(conn, 1)
        until(lambda wanted=number: redis.llen("A") == wanted)
        assert relay.stop(25)


def test_a_signal_stops_it(database_url: str, redis_url: str) -> None:
    program = (
        "import os, signal\n"
        "from qtask_db.relay import Relay\n"
        "url, redis = (os.environ[f'QTASK_{name}_URL'] for name in ('DATABASE', 'REDIS'))\n"
        "relay = Relay(url, redis, scan_interval=60)\n"
        "signal.signal(signal.SIGTERM, lambda *_: relay.stop())\n"
        "print('ready', flush=True)\n"
        "relay.run()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment(database_url, redis_url), stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.5)
    process.terminate()
    assert process.wait(25) == 0
    process.stdout.close()


def test_lost_connections_are_replaced(
    conn: Connection, redis: redis_py.Redis, make_relay: MakeRelay
) -> None:
    relay = make_relay()
    relay.start()
    for number in (1, 2, 3):
        kill_others(conn)
        redis.client_kill_filter(_type="normal", skipme=True)
        create(conn, 1)
        until(lambda wanted=number: len(set(on_queue(redis))) == wanted)


def test_the_database_goes_and_comes(
    mortal_server: servers.Server,
    redis: redis_py.Redis,
    make_relay: MakeRelay,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    relay = make_relay()
    relay.start()
    until(lambda: relay._worked)
    mortal_server.kill()
    until(lambda: relay.counters.errors >= 2)
    mortal_server.restart()
    with relay._session.database.connect() as conn:
        ids = create(conn, 3)
    until(lambda: set(on_queue(redis)) == set(ids))
    until(lambda: "works again" in caplog.text)
    relay.stop()
    texts = [record.getMessage() for record in caplog.records if "database:" in record.getMessage()]
    assert sum("works again" in text for text in texts) == 1
    assert len(texts) <= 4, f"a trouble is logged once, not at each retry: {texts}"


def test_redis_goes_and_comes(conn: Connection, make_relay: MakeRelay) -> None:
    with servers.start("redis") as server:
        relay = make_relay(server.url)
        relay.start()
        create(conn, 1)
        with redis_py.Redis.from_url(server.url, decode_responses=True) as client:
            until(lambda: client.llen("A") == 1)
            server.kill()
            ids = create(conn, 3)
            until(lambda: relay.counters.errors >= 1)
            assert relay.counters.claimed == relay.counters.confirmed + relay.counters.released
            server.restart()
            until(lambda: set(ids) <= set(on_queue(client)))
        relay.stop()
    assert count(conn, "batch") == 0


def test_it_purges_as_it_goes(conn: Connection, make_relay: MakeRelay) -> None:
    for _ in range(3):
        started = calls.processing_many(conn, [(n, None) for n in create(conn, 1_000)])
        calls.finish_many(conn, [(one.task_id, one.attempt) for one in started])
    keeps = make_relay(purge=False)
    keeps.start()
    time.sleep(0.5)
    keeps.stop()
    assert count(conn) == 3_000
    purges = make_relay()
    purges.start()
    until(lambda: count(conn) == 0)
    purges.stop()
    assert purges.counters.purged == 3_000


def test_a_relay_that_may_not_purge_relays(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: MakeRelay,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def denied(*_: object) -> int:
        raise AccessDenied("EXECUTE denied")

    monkeypatch.setattr(calls, "purge", denied)
    relay = make_relay()
    relay.start()
    create(conn, 1)
    until(lambda: redis.llen("A") == 1)
    until(lambda: "does not purge" in caplog.text)
    relay.stop()
    assert relay.counters.errors == 0
    assert caplog.text.count("does not purge") == 1


def test_expired_tasks_fail_though_nobody_takes_them(
    conn: Connection, make_relay: MakeRelay
) -> None:
    (task_id,) = create(conn, 1, delay=100, deadline=50)
    age(conn, 51)
    make_relay().step()
    assert row(conn, task_id)["status"] == Status.FAILED


# -- what is wrong at the start --------------------------------------------------------------------


def test_trouble_at_the_start_is_raised(make_relay: MakeRelay, database_url: str) -> None:
    for relay, error in (
        (make_relay(database=NOWHERE_DATABASE), DatabaseUnavailable),
        (make_relay(NOWHERE_REDIS), QueueUnavailable),
    ):
        for begin in (relay.check, relay.run, relay.start):
            with pytest.raises(error) as caught:
                begin()
            assert "s3cret" not in str(caught.value)
    with pytest.raises(NotInstalled):
        make_relay(database=Database(database_url, prefix="absent_")).run()


def test_a_patient_relay_waits_for_its_servers(
    conn: Connection, caplog: pytest.LogCaptureFixture, make_relay: MakeRelay
) -> None:
    relay = make_relay(NOWHERE_REDIS, database=NOWHERE_DATABASE)
    relay.start(patient=True)
    until(lambda: relay.counters.errors >= 2)
    relay.stop()
    assert "DatabaseUnavailable" in caplog.text
    assert "s3cret" not in caplog.text
    assert count(conn) == 0


@pytest.mark.parametrize("name", ["limit", "lease", "scan_interval", "poll", "queue_limit"])
def test_wrong_settings(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Relay(NOWHERE_DATABASE, NOWHERE_REDIS, **{name: 0})


def test_wrong_urls() -> None:
    with pytest.raises(ConfigurationError):
        Relay(NOWHERE_DATABASE, "http://:s3cret@127.0.0.1")
    with pytest.raises(ConfigurationError):
        Relay("nonsense", NOWHERE_REDIS)


def test_memory(conn: Connection, database_url: str, redis_url: str, redis: redis_py.Redis) -> None:
    """10,000 small tasks, then 1,000 of 20,000 bytes."""
    total = 11_000
    for _ in range(10):
        create(conn, 1_000)
    large = [NewTask("test", {"x": "y" * 20_000}, 3600, "A", delay=0) for _ in range(100)]
    for _ in range(10):
        calls.create_many(conn, large)
    program = RUNS.replace(", limit=40", "")
    own = environment(database_url, redis_url)
    process = subprocess.Popen([sys.executable, "-c", program], env=own)
    try:
        highest = 0
        while redis.llen("A") < total:
            assert process.poll() is None
            highest = max(highest, psutil.Process(process.pid).memory_info().rss)
            time.sleep(0.02)
        until(lambda: count(conn, "batch") == 0)
        highest = max(highest, psutil.Process(process.pid).memory_info().rss)
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait()
    assert highest < 100_000_000
