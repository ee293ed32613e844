"""cancel_task: an active task ends."""

from __future__ import annotations

import pytest
from testing import age, call, ended, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, Status
from qtask_db.errors import TaskNotActive, TaskNotFound


@pytest.mark.parametrize(
    ("delete_deadline", "kept"), [(0, DEFAULT["keep_unfinished"]), (1, 1), (99999, 99999)]
)
@pytest.mark.parametrize("make", [new, started])
def test_an_active_task_is_cancelled(
    conn: Connection, make: type, delete_deadline: int, kept: int
) -> None:
    task_id = make(conn, delete_deadline=delete_deadline)
    calls.cancel(conn, task_id)
    found = row(conn, task_id)
    assert found["status"] == Status.CANCELLED
    assert lasting(found, "ended_at", "due_at") == kept
    assert calls.scan(conn, "r").messages == []


def test_a_cancelled_task_is_in_no_batch_any_more(conn: Connection) -> None:
    task_id = new(conn)
    batch = calls.scan(conn, "r")
    calls.cancel(conn, task_id)
    before = row(conn, task_id)
    calls.release(conn, batch.batch_id, "r")
    assert {**row(conn, task_id), "batch_id": None} == {**before, "batch_id": None}
    assert calls.scan(conn, "r").messages == []


@pytest.mark.parametrize("parked_by", ["pause", "held"])
def test_a_parked_task_is_cancelled(conn: Connection, parked_by: str) -> None:
    task_id = new(conn)
    if parked_by == "pause":
        calls.pause(conn, "Q")
    calls.scan(conn, "r", held=["Q"])
    calls.cancel(conn, task_id)
    calls.resume(conn, "Q")
    assert calls.scan(conn, "r").messages == []
    assert row(conn, task_id)["status"] == Status.CANCELLED


@pytest.mark.parametrize("status", [Status.FINISHED, Status.CANCELLED, Status.FAILED])
def test_a_task_that_has_ended_is_refused(conn: Connection, status: Status) -> None:
    task_id = ended(conn, status)
    age(conn, 10)
    with refused(conn, TaskNotActive, "finished, cancelled or failed"):
        calls.cancel(conn, task_id)


def test_no_such_task(conn: Connection) -> None:
    with refused(conn, TaskNotFound, "in_task_id"):
        calls.cancel(conn, 2**62)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn)
    assert call(conn, "cancel_task", task_id) == []
    assert row(conn, task_id)["status"] == 80
