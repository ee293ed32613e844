"""release_batch: the messages could not be pushed."""

from __future__ import annotations

from testing import call, count, new, row

from qtask_db import Connection, calls
from qtask_db.constants import Status

# Refusals that it shares with confirm_batch are in test_confirm_batch.py.


def test_its_tasks_are_due_again_at_once_in_their_order(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(3)]
    batch = calls.scan(conn, "r")
    calls.release(conn, batch.batch_id, "r")
    assert count(conn, "batch") == 0
    again = calls.scan(conn, "other")
    assert [m.task_id for m in again.messages] == tasks
    assert [m.attempt for m in again.messages] == [1, 1, 1]


def test_they_come_before_those_that_became_due_later(conn: Connection) -> None:
    first = new(conn)
    batch = calls.scan(conn, "r")
    new(conn)
    calls.release(conn, batch.batch_id, "r")
    assert [m.task_id for m in calls.scan(conn, "r", limit=1).messages] == [first]


def test_only_those_that_nobody_has_touched(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(4)]
    batch = calls.scan(conn, "r")
    calls.processing(conn, tasks[0], 1)
    calls.cancel(conn, tasks[1])
    calls.processing_many(conn, [(tasks[2], 1)])
    calls.release(conn, batch.batch_id, "r")
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [tasks[3]]
    assert row(conn, tasks[0])["status"] == Status.PROCESSING


def test_of_a_queue_that_was_paused_meanwhile(conn: Connection) -> None:
    task_id = new(conn)
    batch = calls.scan(conn, "r")
    calls.pause(conn, "Q")
    calls.release(conn, batch.batch_id, "r")
    assert calls.scan(conn, "r").messages == []
    calls.resume(conn, "Q")
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn)
    (batch_id, _), _ = call(conn, "scan_tasks", "r", 10, 30, None, None)
    assert call(conn, "release_batch", batch_id, "r") == []
    assert row(conn, task_id)["batch_id"] is None
