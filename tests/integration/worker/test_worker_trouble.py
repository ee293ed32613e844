"""A worker whose servers go away, or that cannot start."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis as redis_py
import servers
from testing import count, kill_others, query, until
from working import NOWHERE_DATABASE, NOWHERE_REDIS, Gate, MakeWorker, create, launch, statuses

from qtask_db import Connection, Database, Status
from qtask_db.errors import ConfigurationError, DatabaseUnavailable, NotInstalled, QueueUnavailable
from qtask_db.worker import Job, Worker, fetcher


def test_results_are_kept_while_the_database_is_away(
    mortal_server: servers.Server,
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "qtask_db")
    create(conn, redis, 3)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: len(gate.jobs) == 3)
    mortal_server.kill()
    redis.rpush("A", json.dumps({"task_id": 1 << 40, "task_attempt": 1}))
    gate.open()
    until(lambda: "ending tasks: DatabaseUnavailable" in caplog.text)
    until(lambda: "starting tasks: DatabaseUnavailable" in caplog.text)
    assert worker.counters.finished == 0
    mortal_server.restart()
    until(lambda: worker.counters.finished == 3)
    until(lambda: worker.counters.refused == 1)
    assert worker.counters.lost == 0
    assert "s3cret" not in caplog.text


def test_a_drain_waits_for_the_database(
    mortal_server: servers.Server,
    conn: Connection,
    connect: Callable[..., Connection],
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetcher, "LAST_WRITES", 30.0)
    ids = create(conn, redis, 3)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: len(gate.jobs) == 3)
    mortal_server.kill()
    gate.open()
    stopping = threading.Thread(target=worker.stop, args=(60,))
    stopping.start()
    time.sleep(2)
    assert stopping.is_alive()
    mortal_server.restart()
    stopping.join(25)
    assert not stopping.is_alive()
    assert worker.counters.finished == 3
    assert statuses(connect(), ids) == {Status.FINISHED}


def test_what_cannot_be_started_goes_back(
    mortal_server: servers.Server,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
) -> None:
    worker = make_worker()
    done: list[Job] = []
    worker.handler("A")(done.append)
    worker.start()
    mortal_server.kill()
    texts = [json.dumps({"task_id": n, "task_attempt": 1}) for n in range(1, 4)]
    redis.rpush("A", *texts)
    until(lambda: worker.counters.taken >= 3)
    worker.stop()
    assert redis.lrange("A", 0, -1) == texts
    mortal_server.restart()
    assert done == []


def test_lost_connections_are_replaced(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    worker.start()
    for number in (1, 2, 3):
        kill_others(conn)
        redis.client_kill_filter(_type="normal", skipme=True)
        create(conn, redis, 2)
        until(lambda wanted=2 * number: worker.counters.finished == wanted)


def test_redis_goes_and_comes(conn: Connection, make_worker: MakeWorker) -> None:
    with servers.start("redis") as server:
        worker = make_worker(server.url)
        worker.handler("A")(lambda _job: None)
        worker.start()
        with redis_py.Redis.from_url(server.url) as client:
            create(conn, client)
            until(lambda: worker.counters.finished == 1)
            server.kill()
            time.sleep(0.5)
            server.restart()
            create(conn, client)
        until(lambda: worker.counters.finished == 2)
        worker.stop()


# -- what is wrong at the start --------------------------------------------------------------------


def test_trouble_at_the_start_is_raised(
    make_worker: MakeWorker, database_url: str, redis: redis_py.Redis
) -> None:
    nothing = make_worker()
    with pytest.raises(ConfigurationError, match="no handlers"):
        nothing.run()
    for worker, error in (
        (make_worker(database=NOWHERE_DATABASE), DatabaseUnavailable),
        (make_worker(NOWHERE_REDIS), QueueUnavailable),
        (make_worker(database=Database(database_url, prefix="absent_")), NotInstalled),
    ):
        worker.handler("A")(lambda _job: None)
        for begin in (worker.check, worker.run, worker.start):
            with pytest.raises(error) as caught:
                begin()
            assert "s3cret" not in str(caught.value)
    assert redis.ping()


@pytest.mark.parametrize(
    "settings",
    [{"threads": 0}, {"prefetch": -1}, {"quick_retries": -1}, {"retry_delay": -1}],
    ids=str,
)
def test_wrong_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        Worker(NOWHERE_DATABASE, NOWHERE_REDIS, **settings)


def test_handlers_are_bound_once() -> None:
    worker = Worker(NOWHERE_DATABASE, NOWHERE_REDIS)

    @worker.handler("A")
    def handle(_job: Job) -> None: ...

    assert handle.__name__ == "handle", "the decorator returns the function"
    with pytest.raises(ConfigurationError, match="queue A has a handler"):
        worker.handler("A")(handle)
    for wrong in ((), ("",), (handle,)):
        with pytest.raises(ConfigurationError, match="name the queues"):
            worker.handler(*wrong)


def test_memory(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    for _ in range(5):
        create(conn, redis, 1_000)
    process = launch(database_url, redis_url, tmp_path / "log", 0.0)
    try:
        highest = 0
        while len((tmp_path / "log").read_bytes().splitlines()) < 5_000:
            assert process.poll() is None
            highest = max(highest, psutil.Process(process.pid).memory_info().rss)
            time.sleep(0.02)
    finally:
        process.terminate()
        process.wait()
    assert highest < 100_000_000
    table = f"{conn.prefix}task"
    assert query(conn, f"SELECT COUNT(*) FROM {table} WHERE status <> 0")[0][0] == 0
    assert count(conn) == 5_000
