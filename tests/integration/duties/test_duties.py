"""Each duty of a relay fails alone, is told once, and is backed off."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_py
from testing import count, execute, others, started, until
from troubles import REFUSED, Break, count_connections, told

from qtask_db import Connection, calls
from qtask_db.errors import AccessDenied, DatabaseError, DatabaseUnavailable, QueueUnavailable
from qtask_db.process import retrying
from qtask_db.process.retrying import Duty
from qtask_db.relay import Relay
from qtask_db.service import upkeep
from qtask_db.worker import Worker

# -- the relay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [REFUSED, DatabaseUnavailable("too slow (3024)"), KeyError("a")])
def test_a_purge_that_cannot_be_done(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    monkeypatch.setattr(upkeep, "INTERVAL", 0.2)
    caplog.set_level(logging.INFO, "qtask_db")
    purges: list[float] = []
    breaks("purge", error, lambda *_: purges.append(time.monotonic()) or True)
    one = make_relay(scanners=1)
    connections = count_connections(one)
    one.start()
    for number in range(1, 13):
        calls.delay(conn, "test", {}, 0, 3600, "A")
        until(lambda wanted=number: redis.llen("A") >= wanted)
        time.sleep(0.25)
    until(lambda: len(purges) >= 4)
    assert len(told(caplog, "purging")) == 1
    assert not told(caplog, "works again")
    assert not told(caplog, "database:")
    assert len(connections) <= len(purges) + 1
    assert purges[-1] - purges[-2] > purges[1] - purges[0], "it rests longer each time"


def test_a_row_that_a_table_of_the_business_refers_to(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the procedure makes of it, tasks go on, and the log does not fill."""
    caplog.set_level(logging.INFO, "qtask_db")
    task_id = started(conn)
    execute(
        conn,
        "CREATE TABLE referring (task_id BIGINT, FOREIGN KEY (task_id) "
        f"REFERENCES {conn.prefix}task (task_id)) ENGINE = InnoDB",
    )
    try:
        execute(conn, f"INSERT INTO referring VALUES ({task_id})")
        calls.finish(conn, task_id, 1)
        one = make_relay()
        one.start()
        for number in range(1, 9):
            calls.delay(conn, "test", {}, 0, 3600, "A")
            until(lambda wanted=number: redis.llen("A") >= wanted)
            time.sleep(0.3)
        assert len(told(caplog, "purging")) <= 1
        assert not told(caplog, "works again")
        one.stop()
    finally:
        execute(conn, "DROP TABLE referring")


def test_a_look_at_what_comes_next_that_fails(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = make_relay(scan_interval=0.5)
    one.start()
    breaks("next_due", REFUSED)
    until(lambda: told(caplog, "looking for what comes next"))
    calls.delay(conn, "test", {}, 0, 3600, "A")
    until(lambda: redis.llen("A") == 1)
    assert len(told(caplog, "looking for what comes next")) == 1


def test_a_confirmation_that_is_refused_makes_no_flood(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Until the lease ends nothing more is claimed, then one batch: it may be a duplicate."""
    one = make_relay(lease=2, scanners=1)
    one.start()
    broken = [True]
    breaks("confirm", REFUSED, lambda *_: broken[0])
    calls.delay(conn, "test", {}, 0, 3600, "A")
    until(lambda: redis.llen("A") >= 2)
    assert len(told(caplog, "database:")) == 1
    broken[0] = False
    until(lambda: one.counters.confirmed >= 1)
    assert redis.llen("A") <= 4
    until(lambda: count(conn, "batch") == 0)


def test_a_full_redis_is_not_claimed_for(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "qtask_db")
    one = make_relay()
    one.start()
    redis.config_set("maxmemory", 1)
    try:
        calls.delay(conn, "test", {}, 0, 3600, "A")
        until(lambda: one.counters.errors >= 3)
        assert one.counters.claimed <= 4, "it asks Redis before it claims again"
        assert len(told(caplog, "redis:")) == 1
        with pytest.raises(QueueUnavailable, match="maxmemory"):
            make_relay().start()
    finally:
        redis.config_set("maxmemory", 0)
    until(lambda: redis.llen("A") == 1)
    until(lambda: told(caplog, "redis: works again"))


@pytest.mark.parametrize("name", ["scan", "confirm", "release", "next_due"])
def test_a_relay_that_would_be_none_does_not_start(
    conn: Connection, make_relay: Callable[..., Relay], breaks: Break, name: str
) -> None:
    assert conn.alive()
    breaks(name, DatabaseError("impossible to write to binary log (1665)"))
    for begin in (make_relay().start, make_relay().run):
        with pytest.raises(DatabaseError, match="binary log"):
            begin()


def test_what_it_does_at_the_start_is_of_real_kind(
    conn: Connection, redis: redis_py.Redis, make_relay: Callable[..., Relay]
) -> None:
    calls.delay(conn, "test", {}, 0, 3600, "A")
    one = make_relay()
    one.prepare()
    assert redis.llen("A") == 1
    assert one.counters.confirmed == 1
    assert count(conn, "batch") == 0
    assert redis.keys("qtask:*") == []


@pytest.mark.parametrize("name", ["receive_many", "finish_many", "return_many", "fail", "extend"])
def test_a_worker_that_would_be_none_does_not_start(
    conn: Connection, make_worker: Callable[..., Worker], breaks: Break, name: str
) -> None:
    assert conn.alive()
    breaks(name, AccessDenied("EXECUTE denied"))
    for begin in (make_worker().start, make_worker().run):
        with pytest.raises(AccessDenied, match="EXECUTE denied"):
            begin()


def test_a_dead_thread_is_noticed(
    make_relay: Callable[..., Relay],
    make_worker: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def die(*_: Any) -> None:
        raise MemoryError("no more")

    for one in (make_relay(), make_worker()):
        one.start()
        assert one.running
        assert one.failure is None
        monkeypatch.setattr(one._stop, "is_set", die)
        until(lambda one=one: not one.running)
        assert isinstance(one.failure, MemoryError)
        monkeypatch.undo()
        assert one.stop()
        one.start()
        assert one.running
        assert one.failure is None
    assert len(told(caplog, "nothing runs any more: MemoryError: no more")) == 2


def test_after_a_good_start_nothing_ends_the_thread(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
) -> None:
    broken = [False]
    breaks("scan", KeyError("a bug"), lambda *_: broken[0])
    one = make_relay()
    one.prepare()
    broken[0] = True
    thread = threading.Thread(target=one.run, kwargs={"patient": True})
    thread.start()
    until(lambda: one.counters.errors >= 2)
    broken[0] = False
    calls.delay(conn, "test", {}, 0, 3600, "A")
    until(lambda: redis.llen("A") == 1)
    one._stop.set()
    thread.join(25)
    assert not thread.is_alive()


# -- telling ---------------------------------------------------------------------------------------


def test_what_comes_and_goes_is_told_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    clock = [1000.0]
    monkeypatch.setattr(retrying.time, "monotonic", lambda: clock[0])
    duty = Duty(logging.getLogger("test"), "work", first=1.0, longest=8.0)
    pauses = []
    for _ in range(5):
        pauses.append(duty.failed(DatabaseUnavailable("gone")))
        assert duty.rest == pytest.approx(pauses[-1])
        clock[0] += pauses[-1]
        duty.works()
    assert caplog.messages == ["work: DatabaseUnavailable: gone", caplog.messages[1]]
    assert "works again" in caplog.messages[1]
    assert pauses[-1] >= 4.0, "it never worked for as long as it had rested"
    clock[0] += 61
    duty.works()
    assert duty.failed(DatabaseUnavailable("gone")) <= 1.0
    assert len(caplog.messages) == 3


def test_connections_stay_few_in_trouble(
    conn: Connection, make_relay: Callable[..., Relay], breaks: Break
) -> None:
    before = set(others(conn))
    one = make_relay(scanners=3)
    breaks("scan", REFUSED, lambda *_: one._worked)
    one.start()
    opened = count_connections(one)
    time.sleep(4)
    assert len(opened) <= 8
    assert len(set(others(conn)) - before) <= 3
