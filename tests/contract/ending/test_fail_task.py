"""fail_task: an attempt ends without success."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import HOSTILE, SECONDS, SMILE
from testing import age, call, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import AttemptsExhausted, InvalidArgument, StaleAttempt

# Refusals that it shares with finish_task are in test_finish_task.py.


@pytest.mark.parametrize(("delay", "wait"), [(None, 3600), (0, 0), (1, 1), (SECONDS, 604800)])
def test_the_task_waits(conn: Connection, delay: int | None, wait: int) -> None:
    task_id = started(conn, deadline=604800)
    assert calls.fail(conn, task_id, 1, "broken", delay) is Status.WAITING
    found = row(conn, task_id)
    assert (found["status"], found["attempts"]) == (Status.WAITING, 1)
    assert (found["last_error"], found["ended_at"]) == ("broken", None)
    since = "created_at" if wait == 604800 else "started_at"
    assert wait <= lasting(found, since, "due_at") < wait + 30
    assert found["due_at"] <= found["deadline_at"]


def test_it_is_queued_again_when_the_delay_has_passed(conn: Connection) -> None:
    task_id = started(conn)
    calls.fail(conn, task_id, delay=60)
    assert calls.scan(conn, "r").messages == []
    age(conn, 60)
    assert [(m.task_id, m.attempt) for m in calls.scan(conn, "r").messages] == [(task_id, 2)]


@pytest.mark.parametrize("max_count", [1, 3])
def test_after_the_last_attempt_it_has_failed(conn: Connection, max_count: int) -> None:
    task_id = new(conn, max_count=max_count)
    for attempt in range(1, max_count):
        calls.processing(conn, task_id)
        assert calls.fail(conn, task_id, attempt, f"error {attempt}", 0) is Status.WAITING
    calls.processing(conn, task_id)
    assert calls.fail(conn, task_id, max_count, "the last", 0) is Status.FAILED
    found = row(conn, task_id)
    assert (found["status"], found["last_error"]) == (Status.FAILED, "the last")
    assert found["ended_at"] >= found["started_at"]
    assert calls.scan(conn, "r").messages == []


@pytest.mark.parametrize(
    ("delete_deadline", "kept"), [(0, DEFAULT["keep_unfinished"]), (1, 1), (99999, 99999)]
)
def test_it_is_kept_for_its_delete_deadline(
    conn: Connection, delete_deadline: int, kept: int
) -> None:
    task_id = started(conn, max_count=1, delete_deadline=delete_deadline)
    calls.fail(conn, task_id)
    assert lasting(row(conn, task_id), "ended_at", "due_at") == kept


def test_past_the_deadline_it_waits_for_the_scan_that_fails_it(conn: Connection) -> None:
    task_id = started(conn, deadline=60)
    age(conn, 61)
    assert calls.fail(conn, task_id, 1, "late") is Status.WAITING
    assert calls.scan(conn, "r").messages == []
    found = row(conn, task_id)
    assert (found["status"], found["last_error"]) == (Status.FAILED, "late")


def test_the_error_of_before_is_kept(conn: Connection) -> None:
    task_id = started(conn)
    calls.fail(conn, task_id, 1, "first")
    calls.processing(conn, task_id)
    calls.fail(conn, task_id, 2)
    assert row(conn, task_id)["last_error"] == "first"


@pytest.mark.parametrize(
    "error", [*HOSTILE, " ", SMILE * LIMIT["error"], "{}"], ids=lambda e: ascii(e)[:20]
)
def test_any_error_text_is_kept(conn: Connection, error: str) -> None:
    task_id = started(conn)
    calls.fail(conn, task_id, 1, error)
    assert row(conn, task_id)["last_error"] == error


@pytest.mark.parametrize("more", [1, 5000])
def test_a_long_error_is_cut(conn: Connection, more: int) -> None:
    task_id = started(conn)
    calls.fail(conn, task_id, 1, SMILE * (LIMIT["error"] + more))
    assert row(conn, task_id)["last_error"] == SMILE * LIMIT["error"]


@pytest.mark.parametrize("delay", [-1, SECONDS + 1, 2**63, -(2**70), "soon", ""])
def test_a_bad_delay_is_refused(conn: Connection, delay: Any) -> None:
    task_id = started(conn)
    allowed = f"0 to {SECONDS}" if delay in (-1, SECONDS + 1) else ""
    with refused(conn, InvalidArgument, "in_delay", allowed):
        calls.fail(conn, task_id, 1, None, delay)


def test_to_fail_twice_counts_once(conn: Connection) -> None:
    task_id = started(conn, max_count=2)
    calls.fail(conn, task_id, 1, delay=0)
    calls.processing(conn, task_id, 2)
    with refused(conn, StaleAttempt):
        calls.fail(conn, task_id, 1)
    assert calls.fail(conn, task_id, 2) is Status.FAILED


def test_a_waiting_task_without_attempts_cannot_be_started(conn: Connection) -> None:
    task_id = started(conn, max_count=1)
    with refused(conn, AttemptsExhausted):
        calls.processing(conn, task_id)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = started(conn, max_count=2)
    assert call(conn, "fail_task", task_id, 1, "why", 0) == (20,)
    calls.processing(conn, task_id)
    assert call(conn, "fail_task", task_id, None, None, None) == (90,)
    assert row(conn, task_id)["last_error"] == "why"
