"""The loop of a relay: when it looks, how it starts and stops, whatever its servers do."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
import redis as redis_py
import servers
from relaying import RUNS, MakeRelay, create, on_queue
from testing import age, count, environment, execute, kill_others, others, row, until

from qtask_db import Connection, NewTask, Status, calls
from qtask_db.errors import AccessDenied


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
    until(lambda: all("works again" in texts[-1] for texts in troubles(caplog)))
    relay.stop()
    for texts in troubles(caplog):
        assert sum("works again" in text for text in texts) == 1
        assert len(texts) <= 4, f"a trouble is logged once, not at each retry: {texts}"


def troubles(caplog: pytest.LogCaptureFixture) -> list[list[str]]:
    """The lines of each duty that the database has failed: on a slow machine there are several."""
    found: dict[str, list[str]] = {}
    for text in (record.getMessage() for record in caplog.records):
        if text.startswith("database"):
            found.setdefault(text.partition(":")[0], []).append(text)
    return list(found.values())


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
