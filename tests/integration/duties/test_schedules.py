"""Relays and workers run schedules: in time, quietly, and whatever is missing."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import redis as redis_py
from testing import age_schedules, count, execute, query, until

from qtask_db import Connection, Relay, Schedule, Worker, calls
from qtask_db.doctor.check import Level
from qtask_db.doctor.registry import examine_schedules
from qtask_db.errors import AccessDenied, NotInstalled
from qtask_db.service import ticker
from qtask_db.worker import Job

Make = Callable[..., Any]


@pytest.fixture
def running() -> Iterator[Make]:
    made: list[Any] = []

    def run(service: Any) -> Any:
        service.start()
        made.append(service)
        return service

    yield run
    for service in made:
        assert service.stop(25)
        service.close()


def every(conn: Connection, seconds: int, name: str = "S", queue: str = "A", **more: Any) -> None:
    calls.set_schedule(conn, Schedule(name, queue, every=seconds, **more))


def cron(conn: Connection, name: str = "C", **more: Any) -> None:
    """A tick that is due: a minute ago."""
    calls.set_schedule(conn, Schedule(name, "A", cron="* * * * *", **more))
    age_schedules(conn, 61, name)


def test_a_tick_comes_in_time(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, running: Make
) -> None:
    relay = running(Relay(database_url, redis_url, scan_interval=60.0))
    every(conn, 2)
    until(lambda: redis.llen("A") == 2)
    late = "TIMESTAMPDIFF(MICROSECOND, STR_TO_DATE(JSON_VALUE(payload, '$.tick'), '%Y-%m-%dT%TZ'), "
    rows = query(conn, f"SELECT {late}created_at) FROM {conn.prefix}task")
    assert all(0 <= microseconds < 1_500_000 for (microseconds,) in rows), rows
    assert relay.counters.scheduled == 2


def test_a_relay_sleeps_until_the_next_tick(
    conn: Connection, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not until its next look for tasks."""
    every(conn, 60)
    relay = Relay(database_url, redis_url, purge=False)
    assert relay.tick() == 0
    monkeypatch.setattr(ticker.Ticker, "rest", 0.01)
    slept: list[float] = []

    def sleep(seconds: float) -> bool:
        slept.append(seconds)
        return True

    monkeypatch.setattr(relay._stop, "wait", sleep)
    relay._wait(60)
    relay.close()
    assert slept == [0.01]


def test_of_both_kinds(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, running: Make
) -> None:
    cron(conn)
    every(conn, 60)
    age_schedules(conn, 60, "S")
    relay = running(Relay(database_url, redis_url))
    until(lambda: redis.llen("A") == 2)
    assert relay.counters.scheduled == 2


def test_a_relay_that_is_not_to(
    conn: Connection, database_url: str, redis_url: str, running: Make
) -> None:
    every(conn, 60)
    age_schedules(conn, 60)
    relay = running(Relay(database_url, redis_url, schedules=False, scan_interval=0.1))
    time.sleep(0.5)
    assert count(conn) == 0
    assert relay.tick() == 1


def test_a_worker_of_direct_queues(conn: Connection, database_url: str, running: Make) -> None:
    calls.set_delivery(conn, "A", "direct")
    cron(conn)
    every(conn, 1)
    worker = Worker(database_url)
    ticks: list[str] = []

    @worker.handler("A")
    def handle(job: Job) -> None:
        ticks.append(job.payload["tick"])

    running(worker)
    until(lambda: len(ticks) > 3)
    assert len(set(ticks)) >= len(ticks) - 1  # the two may tick in one second
    assert worker.counters.scheduled >= len(ticks)


def test_one_that_cannot_create_its_task(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, running: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for name in ("B", "S"):
        every(conn, 60, name)
    age_schedules(conn, 60)
    execute(conn, f"UPDATE {conn.prefix}schedule SET interval_seconds = 0 WHERE schedule = 'B'")
    with caplog.at_level(logging.INFO, logger="qtask_db"):
        running(Relay(database_url, redis_url))
        until(lambda: redis.llen("A") == 1)
        until(lambda: "qtask schedule list" in caplog.text)
    assert "in_interval" in caplog.text


def test_an_expression_that_cannot_be_read(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, running: Make
) -> None:
    """Somebody has set it by SQL."""
    cron(conn)
    cron(conn, "D")
    execute(conn, f"UPDATE {conn.prefix}schedule SET zone = 'Mars' WHERE schedule = 'D'")
    running(Relay(database_url, redis_url))
    until(lambda: redis.llen("A") == 1)
    until(lambda: [one.last_error for one in calls.list_schedules(conn)][1])
    assert "Mars" in (calls.list_schedules(conn)[1].last_error or "")


def test_without_cronsim_the_others_run(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, running: Make,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    cron(conn)
    every(conn, 1)
    monkeypatch.setitem(sys.modules, "cronsim", None)
    running(Relay(database_url, redis_url))
    until(lambda: redis.llen("A") == 2)
    assert caplog.text.count("pip install 'qtask-db[schedules]'") == 1
    assert {one.last_at is None for one in calls.list_schedules(conn)} == {True, False}


@pytest.mark.parametrize("error", [AccessDenied("no right"), NotInstalled("an older schema")])
def test_what_a_relay_cannot_do_is_told_once(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, running: Make,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception,
) -> None:  # fmt: skip
    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(calls, "run_due_schedules", refuse)
    monkeypatch.setattr(ticker, "UNABLE_INTERVAL", 0.1)
    running(Relay(database_url, redis_url))
    for _ in range(3):
        calls.delay(conn, "job", {}, 0, 60, "A")
        time.sleep(0.2)
    until(lambda: redis.llen("A") == 3)
    assert caplog.text.count(str(error)) == 1


def test_ten_thousand_that_wait_cost_an_idle_relay_little(
    conn: Connection, database_url: str, redis_url: str, running: Make
) -> None:
    every(conn, 3600)
    columns = (
        "is_cron, every_seconds, misfire, max_catch_up, overlap, since_at, next_at, due_at, name, "
        "queue, payload, interval_seconds"
    )
    numbers = "JSON_TABLE(CONCAT('[0', REPEAT(',0', 9999), ']'), '$[*]' COLUMNS (n FOR ORDINALITY))"
    execute(
        conn,
        f"INSERT INTO {conn.prefix}schedule (namespace, schedule, {columns}) "
        f"SELECT 'many', n, {columns} FROM {numbers} AS numbers JOIN {conn.prefix}schedule AS one",
    )
    assert count(conn, "schedule") == 10_001
    running(Relay(database_url, redis_url))
    time.sleep(1)
    process = psutil.Process()
    before = process.cpu_times()
    began = time.monotonic()
    time.sleep(4)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    print(f"{100 * used / (time.monotonic() - began):.1f} % of a core")
    assert used / (time.monotonic() - began) < 0.1, "this process has the relay and the test"


def test_doctor_names_those_that_nobody_runs_and_those_that_create_nothing(
    conn: Connection,
) -> None:
    def said() -> list[tuple[Level, str]]:
        return [(found.level, found.text) for found in examine_schedules(conn)]

    every(conn, 60)
    every(conn, 60, "B")
    assert said() == [(Level.OK, "2 are set, none is late")]
    age_schedules(conn, 3600, "S")
    ((level, text),) = said()
    assert level is Level.WARN
    assert "nobody runs S (3," in text
    calls.run_due_schedules(conn)
    age_schedules(conn, 60, "B")
    execute(conn, f"UPDATE {conn.prefix}schedule SET interval_seconds = 0 WHERE schedule = 'B'")
    assert calls.run_due_schedules(conn).error
    ((level, text),) = said()
    assert level is Level.WARN
    assert "no task was created by B (in_interval" in text
