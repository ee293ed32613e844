"""A worker that stops, or is killed: its tasks are done, here or elsewhere."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import pytest
import redis as redis_py
from testing import age, row, until
from working import Gate, MakeWorker, create, launch, statuses

from qtask_db import Connection, Status, calls
from qtask_db.errors import StaleAttempt, TaskNotActive


def test_a_stop_drains(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker, stream: bool
) -> None:
    ids = create(conn, redis, 10, stream=stream)
    worker = make_worker(threads=2, prefetch=2, stream=stream)
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: worker.counters.started >= 4)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    until(lambda: worker.counters.returned == worker.counters.started - 2)
    time.sleep(0.5)
    assert stopping.is_alive(), "it waits for the handlers"
    gate.open()
    stopping.join(25)
    assert not stopping.is_alive()
    assert len(gate.jobs) == 2, "nothing begins late in a drain"
    started = worker.counters.started
    assert worker.counters.finished == 2
    assert worker.counters.failed == 0
    ended = [row(conn, task_id) for task_id in ids]
    assert sum(found["status"] == Status.FINISHED for found in ended) == 2
    given_back = [found for found in ended if found["attempts_before"] == 1]
    assert [found["status"] for found in given_back] == [Status.WAITING] * (started - 2)
    assert all(found["attempts"] == 1 for found in given_back), "the attempt does not count"
    waiting = redis.xlen("A") if stream else redis.llen("A")
    assert waiting == 10 - started, "what was not started is still on the queue"
    assert not [found for found in ended if found["status"] == Status.PROCESSING]


def test_what_waits_for_a_moment_is_done_in_a_drain(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    create(conn, redis, 20)
    worker = make_worker(threads=1, prefetch=19)
    worker.handler("A")(lambda _job: time.sleep(0.01))
    worker.start()
    until(lambda: worker.counters.started >= 15)
    worker.stop()
    assert worker.counters.finished == worker.counters.started
    assert worker.counters.failed == 0


def test_a_handler_that_outlives_the_drain(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (task_id,) = create(conn, redis)
    worker = make_worker(drain_timeout=0.3)
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs)
    assert worker.stop(10)
    assert row(conn, task_id)["status"] == Status.PROCESSING, "its interval brings it back"
    assert f"task {task_id} still runs" in caplog.text
    gate.open()


def test_sigterm(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    ids = create(conn, redis, 8)
    process = launch(database_url, redis_url, tmp_path / "log", 1.0)
    until(lambda: len((tmp_path / "log").read_text().splitlines()) >= 4)
    process.send_signal(signal.SIGTERM)
    assert process.wait(25) == 0
    assert Status.PROCESSING not in statuses(conn, ids)
    done = sum(row(conn, task_id)["status"] == Status.FINISHED for task_id in ids)
    assert done >= 4
    assert redis.llen("A") + done == 8


def test_kill_9(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The tasks of the dead worker come again after their interval, with the next attempt."""
    ids = create(conn, redis, 6, interval=600)
    process = launch(database_url, redis_url, tmp_path / "log", 60.0)
    until(lambda: len((tmp_path / "log").read_text().splitlines()) == 4)
    process.kill()
    process.wait()
    begun = [task_id for task_id in ids if row(conn, task_id)["status"] == Status.PROCESSING]
    assert len(begun) == 4
    assert redis.llen("A") == 2
    age(conn, 601, *begun)
    batch = calls.scan(conn, "test")
    assert {(m.task_id, m.attempt) for m in batch.messages} == {(task_id, 2) for task_id in begun}
    redis.rpush(
        "A", *(json.dumps({"task_id": m.task_id, "task_attempt": 2}) for m in batch.messages)
    )
    process = launch(database_url, redis_url, tmp_path / "log", 0.0)
    until(lambda: statuses(conn, ids) == {Status.FINISHED})
    process.terminate()
    assert process.wait(25) == 0
    with pytest.raises((StaleAttempt, TaskNotActive)):
        calls.finish(conn, begun[0], 1)
