"""Long runs: they are kept alive, and leave to other workers what they cannot do."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import redis as redis_py
from testing import row, until
from working import Gate, MakeWorker, create, seconds_until_due, statuses

from qtask_db import Connection, Status, calls
from qtask_db.errors import TaskNotActive
from qtask_db.worker import Job


def test_a_long_run_is_kept_alive(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id,) = create(conn, redis, interval=3)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs)
    first = row(conn, task_id)["due_at"]
    until(lambda: (row(conn, task_id)["due_at"] - first).total_seconds() > 3)
    assert seconds_until_due(conn, task_id) > 0, "it never came to be due"
    gate.open()
    until(lambda: worker.counters.finished == 1)


def test_a_waiting_task_is_kept_alive(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = create(conn, redis, 2, interval=3)
    worker = make_worker(threads=1, prefetch=1)
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs and statuses(conn, ids) == {Status.PROCESSING})
    assert len(gate.jobs) == 1
    first = row(conn, ids[1])["due_at"]
    until(lambda: (row(conn, ids[1])["due_at"] - first).total_seconds() > 1)
    gate.open()
    until(lambda: worker.counters.finished == 2)


def test_heartbeats_are_few(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beats: list[int] = []
    extend = calls.extend

    def counted(conn: Any, task_id: int, *rest: Any) -> None:
        beats.append(task_id)
        extend(conn, task_id, *rest)

    monkeypatch.setattr(calls, "extend", counted)
    (short,) = create(conn, redis, 1, interval=3)
    create(conn, redis, 1, "B", interval=600)
    worker = make_worker()
    gate = Gate()
    worker.handler("A", "B")(gate)
    began = time.monotonic()
    worker.start()
    beats.clear()  # the check asks for a task that never was
    until(lambda: len(beats) >= 2)
    gate.open()
    until(lambda: worker.counters.finished == 2)
    assert set(beats) == {short}
    assert len(beats) <= time.monotonic() - began, "one a second at most"


def test_a_cancelled_job_is_lost(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (task_id,) = create(conn, redis, interval=1)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs)
    assert not gate.jobs[0].lost
    calls.cancel(conn, task_id)
    until(lambda: gate.jobs[0].lost)
    gate.open()
    until(lambda: worker.counters.lost == 1)
    assert worker.counters.finished == 0
    assert row(conn, task_id)["status"] == Status.CANCELLED
    assert "result is dropped" in caplog.text


def test_a_stale_result_is_dropped(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = create(conn, redis, 2)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: len(gate.jobs) == 2)
    assert calls.processing(conn, ids[0], 2) == 2
    gate.open()
    until(lambda: worker.counters.lost == 1)
    until(lambda: worker.counters.finished == 1)
    assert row(conn, ids[0])["status"] == Status.PROCESSING
    calls.finish(conn, ids[0], 2)


def test_a_handler_extends(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id, other) = create(conn, redis, 2, interval=60)
    worker = make_worker()
    seen: dict[int, Any] = {}
    gate = threading.Event()

    @worker.handler("A")
    def extend(job: Job) -> None:
        if job.task_id == other:
            assert gate.wait(25)
        try:
            job.extend(5000)
        except TaskNotActive as error:
            seen[job.task_id] = error, job.lost
            raise
        seen[job.task_id] = seconds_until_due(worker._session.database.connect(), job.task_id)

    worker.start()
    until(lambda: task_id in seen)
    assert 4990 < seen[task_id] <= 5000
    calls.cancel(conn, other)
    gate.set()
    until(lambda: worker.counters.lost == 1)
    assert seen[other][1] is True


def test_a_job_for_a_unit_test() -> None:
    job = Job(1, 1, "A", {"n": 1})
    job.extend(5)
    assert not job.lost


# -- fairness --------------------------------------------------------------------------------------


def test_slow_handlers_leave_the_rest_to_others(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = create(conn, redis, 20)
    busy, gate = make_worker(threads=4), Gate()
    busy.handler("A")(gate)
    busy.start()
    until(lambda: len(gate.jobs) == 4)
    time.sleep(0.5)
    assert redis.llen("A") == 16, "no more than the threads can run"
    idle = make_worker(threads=4)
    idle.handler("A")(lambda _job: None)
    idle.start()
    until(lambda: idle.counters.finished == 16)
    gate.open()
    until(lambda: busy.counters.finished == 4)
    assert statuses(conn, ids) == {Status.FINISHED}


def test_after_quick_tasks_a_slow_one_stops_the_intake(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker(threads=4)
    worker.handler("A")(lambda _job: None)
    gate = Gate()
    worker.handler("SLOW")(gate)
    create(conn, redis, 200)
    worker.start()
    until(lambda: worker.counters.finished == 200)
    create(conn, redis, 1, "SLOW")
    until(lambda: gate.jobs)
    time.sleep(0.5)
    create(conn, redis, 20, "SLOW")
    time.sleep(0.5)
    assert worker.counters.started <= 204
    gate.open()
    until(lambda: worker.counters.finished == 221)
