"""reject_task: an attempt that no further one can mend."""

from __future__ import annotations

import pytest
from inputs import HOSTILE, SMILE
from testing import call, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument, TaskNotActive, TaskNotProcessing

# Refusals that it shares with finish_task are in test_finish_task.py.


@pytest.mark.parametrize("attempt", [1, None])
def test_the_task_has_failed_whatever_attempts_it_has_left(
    conn: Connection, attempt: int | None
) -> None:
    task_id = started(conn, max_count=100)
    calls.reject(conn, task_id, attempt, "the card was declined")
    found = row(conn, task_id)
    assert (found["status"], found["lane"]) == (Status.FAILED, 0)
    assert (found["last_error"], found["attempts"]) == ("the card was declined", 1)
    assert lasting(found, "ended_at", "due_at") == DEFAULT["keep_unfinished"]
    assert calls.scan(conn, "r").messages == []


def test_it_is_told_why(conn: Connection) -> None:
    task_id = started(conn)
    calls.reject(conn, task_id, 1, "the card was declined")
    told = calls.explain(conn, task_id).text
    assert "because its consumer rejected it" in told
    assert "Last error: the card was declined" in told


def test_it_can_be_retried(conn: Connection) -> None:
    task_id = started(conn)
    calls.reject(conn, task_id, 1)
    calls.retry(conn, task_id)
    assert calls.processing(conn, task_id, 2) == 2


def test_to_reject_it_again_is_refused(conn: Connection) -> None:
    task_id = started(conn)
    calls.reject(conn, task_id, 1)
    with refused(conn, TaskNotActive):
        calls.reject(conn, task_id, 1)


def test_what_waits_is_refused(conn: Connection) -> None:
    task_id = new(conn)
    with refused(conn, TaskNotProcessing):
        calls.reject(conn, task_id)


@pytest.mark.parametrize("error", [*HOSTILE, SMILE * LIMIT["error"]], ids=lambda e: ascii(e)[:20])
def test_any_error_text_is_kept(conn: Connection, error: str) -> None:
    task_id = started(conn)
    calls.reject(conn, task_id, 1, error)
    assert row(conn, task_id)["last_error"] == error
    assert calls.read_task(conn, task_id).attempts[0].error == error


def test_there_is_no_task_without_a_number(conn: Connection) -> None:
    with refused(conn, InvalidArgument, "in_task_id"):
        call(conn, "reject_task", None, 1, None)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = started(conn)
    call(conn, "reject_task", task_id, 1, "why")
    assert row(conn, task_id)["status"] == Status.FAILED
