"""A worker of direct queues: one database and one worker are a whole system."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest
from testing import age, count, execute, query, row, until
from working import Gate, MakeWorker, statuses, store

from qtask_db import Connection, Database, NewTask, Retry, Status, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import AccessDenied, NotInstalled, QueueNotDirect
from qtask_db.service import upkeep
from qtask_db.worker import Job, pool


def test_a_whole_system(
    direct: Connection, make_direct: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real-time and delayed tasks, a repeated attempt, the fence, expiry and purge: by one worker
    and one database.
    """
    for name in ("INTERVAL", "EXPIRY_INTERVAL"):
        monkeypatch.setattr(upkeep, name, 0.2)
    calls.pause(direct, "A", "asleep")
    overdue = store(direct, namespace="asleep", deadline=5)
    age(direct, 10)
    execute(direct, f"UPDATE {direct.prefix}task SET lane = ABS(lane)")
    worker = make_direct(threads=4, retry_delay=0)
    done: list[tuple[Any, int]] = []

    @worker.handler("A")
    def handle(job: Job) -> None:
        done.append((job.payload["n"], job.attempt))
        if job.payload["n"] == "again" and job.attempt == 1:
            raise Retry(delay=0)

    with worker:
        quick = store(direct, 3)
        gone = store(direct, 2, delete_deadline=0)
        later = calls.delay(direct, "test", {"n": "later"}, 1, 3600, "A", delete_deadline=60)
        again = calls.create(direct, "test", {"n": "again"}, 3600, "A", delete_deadline=60)
        kept = [*quick, later.task_id, again.task_id]
        until(lambda: statuses(direct, kept) == {Status.FINISHED})
        until(lambda: count(direct) == len(kept) + len(overdue))
        until(lambda: statuses(direct, overdue) == {Status.FAILED})
        assert worker.counters.purged == len(gone)
        assert worker.counters.expired == len(overdue)
    assert sorted(map(str, done)) == sorted(
        map(str, [(0, 1), (1, 1), (2, 1), (0, 1), (1, 1), ("later", 1), ("again", 1), ("again", 2)])
    )
    assert (worker.counters.taken, worker.counters.started) == (0, 8)
    assert (worker.counters.finished, worker.counters.failed) == (7, 1)
    assert (worker.counters.lost, worker.counters.errors) == (0, 0)


# -- what is taken ---------------------------------------------------------------------------------


def test_busy_handlers_leave_tasks_for_others(direct: Connection, make_direct: MakeWorker) -> None:
    ids = store(direct, 20)
    first, gate = make_direct(threads=3, prefetch=0), Gate()
    first.handler("A")(gate)
    first.start()
    until(lambda: len(gate.jobs) == 3)
    time.sleep(0.5)
    assert first.counters.started == 3
    second = make_direct(threads=3)
    second.handler("A")(lambda _job: None)
    with second:
        until(lambda: second.counters.finished == 17)
    gate.open()
    until(lambda: statuses(direct, ids) == {Status.FINISHED})


def test_large_payloads_wait_in_the_database(
    direct: Connection, make_direct: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "LOCAL_SIZE", 300_000)
    text = {"text": "x" * 60_000}
    new = [NewTask("large", text, 3600, "A", delete_deadline=3600) for _ in range(60)]
    ids = [task.task_id for task in calls.create_many(direct, new[:5])]
    worker, gate = make_direct(threads=2, prefetch=100), Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: worker.counters.started == 5)
    ids += [task.task_id for task in calls.create_many(direct, new[5:])]
    time.sleep(1)
    assert worker.counters.started <= 2 + 300_000 // 60_000 + 1, "the first take has told how large"
    gate.open()
    until(lambda: worker.counters.finished == 60)
    assert count(direct) == 60
    assert statuses(direct, ids) == {Status.FINISHED}


def test_a_payload_that_cannot_be_read_fails_the_attempt(
    direct: Connection, make_direct: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    bad, deep, good = store(direct, 3, max_count=1)
    for task_id, text in ((bad, "[1]"), (deep, '{"a": ' * 90_000 + "1" + "}" * 90_000)):
        execute(
            direct, f"UPDATE {direct.prefix}task SET payload = '{text}' WHERE task_id = {task_id}"
        )
    worker = make_direct()
    done: list[Job] = []
    worker.handler("A")(done.append)
    with worker:
        until(lambda: Status.WAITING not in statuses(direct, [bad, deep, good]))
        until(lambda: Status.PROCESSING not in statuses(direct, [bad, deep, good]))
    assert [job.task_id for job in done] == [good]
    assert statuses(direct, [bad, deep]) == {Status.FAILED}
    assert "InvalidPayload" in row(direct, bad)["last_error"]
    assert row(direct, deep)["last_error"]
    assert f"task {bad}, attempt 1 of A failed" in caplog.text


def test_paused_and_resumed(direct: Connection, make_direct: MakeWorker) -> None:
    calls.pause(direct, "A")
    (task_id,) = store(direct)
    worker = make_direct()
    worker.handler("A")(lambda _job: None)
    with worker:
        time.sleep(1.5)
        assert row(direct, task_id)["attempts"] == 0
        calls.resume(direct, "A")
        until(lambda: worker.counters.finished == 1)


def test_queues_of_all_namespaces(direct: Connection, make_direct: MakeWorker) -> None:
    calls.set_delivery(direct, "A", "direct", "n")
    ids = store(direct) + store(direct, namespace="n")
    other = store(direct, namespace="redis")
    worker = make_direct()
    worker.handler("A")(lambda _job: None)
    with worker:
        until(lambda: statuses(direct, ids) == {Status.FINISHED})
        time.sleep(0.5)
    assert statuses(direct, other) == {Status.WAITING}, "its queue is delivered through Redis"


def test_thousands_of_queues(direct: Connection, make_direct: MakeWorker) -> None:
    names = [f"Q{number:04}" for number in range(2_000)]
    worker = make_direct()
    worker.handler("A", *names)(lambda _job: None)
    for name in names[::400]:
        calls.set_delivery(direct, name, "direct")
    with worker:
        time.sleep(0.5)
        ids = [store(direct, queue=name)[0] for name in (*names[::400], "A")]
        until(lambda: statuses(direct, ids) == {Status.FINISHED})


def test_a_queue_that_is_registered_later(direct: Connection, make_direct: MakeWorker) -> None:
    worker = make_direct()
    worker.handler("A", "LATER")(lambda _job: None)
    with worker:
        time.sleep(1.5)
        calls.set_delivery(direct, "LATER", "direct")
        store(direct, queue="LATER")
        until(lambda: worker.counters.finished == 1)


# -- attempts --------------------------------------------------------------------------------------


def test_a_heartbeat_keeps_a_long_task(direct: Connection, make_direct: MakeWorker) -> None:
    (task_id,) = store(direct, interval=2)
    worker, gate = make_direct(), Gate()
    worker.handler("A")(gate)
    other = make_direct()
    other.handler("A")(gate)
    with worker, other:
        until(lambda: gate.jobs)
        time.sleep(4.5)
        assert len(gate.jobs) == 1
        gate.open()
        until(lambda: row(direct, task_id)["status"] == Status.FINISHED)
    assert row(direct, task_id)["attempts"] == 1


def test_a_task_that_is_lost(direct: Connection, make_direct: MakeWorker) -> None:
    (task_id,) = store(direct, interval=2)
    worker, gate = make_direct(), Gate()
    worker.handler("A")(gate)
    with worker:
        until(lambda: gate.jobs)
        calls.cancel(direct, task_id)
        until(lambda: gate.jobs[0].lost)
        gate.open()
        until(lambda: worker.counters.lost == 1)
    assert row(direct, task_id)["status"] == Status.CANCELLED


# -- its stop --------------------------------------------------------------------------------------


def test_it_stops_while_it_waits_in_the_server(direct: Connection, make_direct: MakeWorker) -> None:
    worker = make_direct()
    worker.handler("A")(lambda _job: None)
    worker.start()
    waiting = (
        "SELECT COUNT(*) FROM information_schema.processlist "
        "WHERE info LIKE '%SLEEP(%' AND id <> CONNECTION_ID()"
    )
    if direct.dialect.name == "mysql":
        until(lambda: query(direct, waiting)[0][0])
    assert worker.stop(2.5)
    assert not [one for one in threading.enumerate() if one.name == "qtask-upkeep"]


def test_a_handler_that_hangs(
    direct: Connection,
    make_direct: MakeWorker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "HANGS_AFTER", 0.5)
    (task_id,) = store(direct)
    worker, gate = make_direct(threads=1, drain_timeout=0.3), Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: f"task {task_id}, attempt 1 of A has run" in caplog.text)
    assert worker.stop(10)
    assert row(direct, task_id)["status"] == Status.PROCESSING
    gate.open()


# -- what is wrong ---------------------------------------------------------------------------------


def test_neither_redis_nor_a_direct_queue(conn: Connection, make_direct: MakeWorker) -> None:
    calls.set_delivery(conn, "A", "redis")
    (task_id,) = store(conn)
    worker = make_direct()
    worker.handler("A")(lambda _job: None)
    with pytest.raises(QueueNotDirect, match="qtask delivery QUEUE direct"):
        worker.run()
    worker.start()
    until(lambda: isinstance(worker.failure, QueueNotDirect))
    assert row(conn, task_id)["attempts"] == 0


def test_one_queue_of_two_is_told(
    direct: Connection, make_direct: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    calls.set_delivery(direct, "R", "redis")
    worker = make_direct()
    worker.handler("A", "R")(lambda _job: None)
    with worker:
        until(lambda: "queue R is delivered through Redis" in caplog.text)
        store(direct)
        until(lambda: worker.counters.finished == 1)
        calls.set_delivery(direct, "A", "redis")
        until(lambda: "queue A is delivered through Redis" in caplog.text)
        calls.set_delivery(direct, "A", "direct")
        store(direct)
        until(lambda: worker.counters.finished == 2)
    assert caplog.text.count("queue R is delivered through Redis") == 1


def test_no_schema(make_direct: MakeWorker, database_url: str) -> None:
    worker = make_direct(database=Database(database_url, prefix="absent_"))
    worker.handler("A")(lambda _job: None)
    with pytest.raises(NotInstalled):
        worker.start()


# -- expiry and purge ------------------------------------------------------------------------------


def test_the_purge_leaves_time_to_others(
    direct: Connection, make_direct: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, times = calls.purge, list[tuple[float, float]]()

    def purge(conn: Any, limit: int) -> int:
        began = time.monotonic()
        done = real(conn, limit)
        times.append((began, time.monotonic()))
        return done

    monkeypatch.setattr(calls, "purge", purge)
    ids = store(direct, 2_000, delete_deadline=0)
    calls.finish_many(direct, [(task_id, None) for task_id in ids[: LIMIT["rows"]]])
    age(direct, 5)
    worker = make_direct()
    worker.handler("A")(lambda _job: None)
    with worker:
        until(lambda: count(direct) == 0)
    steps = [pair for pair in times if pair[1] < times[-2][1]]
    worked = sum(end - began for began, end in steps)
    assert worked <= (steps[-1][1] - steps[0][0]) / upkeep.SHARE * 1.3


def test_an_account_that_may_not_purge(
    direct: Connection,
    make_direct: MakeWorker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(*_: Any) -> int:
        raise AccessDenied("execute command denied")

    monkeypatch.setattr(calls, "purge", denied)
    monkeypatch.setattr(upkeep, "DENIED_INTERVAL", 0.1)
    caplog.set_level(logging.WARNING, "qtask_db")
    worker = make_direct()
    worker.handler("A")(lambda _job: None)
    with worker:
        time.sleep(1)
        store(direct)
        until(lambda: worker.counters.finished == 1)
    assert caplog.text.count("does not purge: execute command denied") == 1
    assert worker.counters.errors == 0
