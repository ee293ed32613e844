"""snooze_task: not yet; the attempt does not count."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import SECONDS
from testing import age, call, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import InvalidArgument, StaleAttempt, TaskNotActive, TaskNotProcessing


@pytest.mark.parametrize("attempt", [1, None])
@pytest.mark.parametrize(("delay", "wait"), [(1, 1), (60, 60), (SECONDS, 604800)])
def test_the_task_waits(conn: Connection, attempt: int | None, delay: int, wait: int) -> None:
    task_id = started(conn, deadline=604800)
    calls.snooze(conn, task_id, attempt, delay, "no answer yet")
    found = row(conn, task_id)
    assert (found["status"], found["last_error"]) == (Status.WAITING, "no answer yet")
    since = "created_at" if wait == 604800 else "started_at"
    assert wait <= lasting(found, since, "due_at") < wait + 30
    assert found["due_at"] <= found["deadline_at"]


def test_its_one_attempt_is_left(conn: Connection) -> None:
    task_id = started(conn, max_count=1)
    for attempt in range(1, 5):
        calls.snooze(conn, task_id, attempt, 60)
        found = row(conn, task_id)
        assert found["attempts"] - found["attempts_before"] == 0
        age(conn, 60, task_id)
        assert [m.attempt for m in calls.scan(conn, "r").messages] == [attempt + 1]
        calls.processing(conn, task_id, attempt + 1)
    assert calls.fail(conn, task_id, 5) is Status.FAILED


def test_no_attempt_starts_after_its_deadline(conn: Connection) -> None:
    task_id = started(conn, deadline=60)
    calls.snooze(conn, task_id, 1, 3600)
    age(conn, 61)
    assert calls.scan(conn, "r").messages == []
    assert row(conn, task_id)["status"] == Status.FAILED


def test_it_is_told_why(conn: Connection) -> None:
    task_id = started(conn)
    calls.snooze(conn, task_id, 1, 60, "no answer yet")
    told = calls.explain(conn, task_id).text
    assert "its consumer snoozed it at" in told
    assert "and 1 that do not count" in told
    assert "Last error: no answer yet" in told


def test_the_reason_of_before_is_kept(conn: Connection) -> None:
    task_id = started(conn)
    calls.snooze(conn, task_id, 1, 1, "first")
    calls.processing(conn, task_id)
    calls.snooze(conn, task_id, 2, 1)
    assert row(conn, task_id)["last_error"] == "first"


@pytest.mark.parametrize("delay", [0, -1, SECONDS + 1, None, 2**63, "soon", ""])
def test_a_bad_delay_is_refused(conn: Connection, delay: Any) -> None:
    task_id = started(conn)
    allowed = f"1 to {SECONDS}" if delay in (0, -1, SECONDS + 1, None) else ""
    with refused(conn, InvalidArgument, "in_delay", allowed):
        calls.snooze(conn, task_id, 1, delay)


@pytest.mark.parametrize("attempt", [0, 2, -1])
def test_another_attempt_is_refused(conn: Connection, attempt: int) -> None:
    task_id = started(conn)
    with refused(conn, StaleAttempt, "in_attempt"):
        calls.snooze(conn, task_id, attempt, 60)


def test_what_is_not_under_way_is_refused(conn: Connection) -> None:
    task_id = new(conn)
    with refused(conn, TaskNotProcessing):
        calls.snooze(conn, task_id, None, 60)
    calls.cancel(conn, task_id)
    with refused(conn, TaskNotActive):
        calls.snooze(conn, task_id, None, 60)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = started(conn)
    call(conn, "snooze_task", task_id, 1, 60, "why")
    assert row(conn, task_id)["status"] == Status.WAITING
