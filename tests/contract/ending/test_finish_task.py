"""finish_task: the work is done, by the attempt that may say so."""

from __future__ import annotations

from typing import Any

import pytest
from testing import (
    age,
    call,
    content,
    despite_snapshot,
    ended,
    lasting,
    new,
    query,
    refused,
    row,
    started,
)

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import StaleAttempt, TaskNotActive, TaskNotFound, TaskNotProcessing

ATTEMPT_VERBS = ("finish", "fail", "reject", "extend")


@pytest.mark.parametrize("delete_deadline", [0, 1, 86400])
@pytest.mark.parametrize("attempt", [None, 1])
def test_a_task_is_finished(conn: Connection, attempt: int | None, delete_deadline: int) -> None:
    task_id = started(conn, delete_deadline=delete_deadline)
    calls.finish(conn, task_id, attempt)
    found = row(conn, task_id)
    assert (found["status"], found["attempts"], found["last_error"]) == (Status.FINISHED, 1, None)
    assert lasting(found, "ended_at", "due_at") == delete_deadline
    assert found["ended_at"] >= found["started_at"]
    age(conn, 10_000_000)
    assert calls.scan(conn, "r").messages == []


@pytest.mark.parametrize("attempt", [None, 1])
def test_to_finish_it_again_changes_nothing(conn: Connection, attempt: int | None) -> None:
    task_id = ended(conn, Status.FINISHED)
    age(conn, 60)
    before = content(conn)
    calls.finish(conn, task_id, attempt)
    assert content(conn) == before


def test_to_finish_it_again_in_a_transaction_that_began_before(
    conn: Connection, connect: Any
) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    query(own, f"SELECT * FROM {own.prefix}task")
    calls.finish(conn, task_id, 1)
    despite_snapshot(own, lambda: calls.finish(own, task_id, 1))
    assert calls.finish_many(own, [(task_id, 1)]) == []
    own.commit()


@pytest.mark.parametrize("verb", ATTEMPT_VERBS)
def test_a_zombie_is_refused(conn: Connection, verb: str) -> None:
    task_id = started(conn)
    age(conn, 3600)
    assert calls.processing(conn, task_id, 2) == 2
    with refused(conn, StaleAttempt, "in_attempt"):
        getattr(calls, verb)(conn, task_id, 1)
    getattr(calls, verb)(conn, task_id, 2)


@pytest.mark.parametrize("verb", ATTEMPT_VERBS)
@pytest.mark.parametrize("attempt", [0, 2, -1, 2**63 - 1])
def test_another_attempt_is_refused(conn: Connection, verb: str, attempt: int) -> None:
    task_id = started(conn)
    with refused(conn, StaleAttempt, "in_attempt"):
        getattr(calls, verb)(conn, task_id, attempt)


@pytest.mark.parametrize("verb", ATTEMPT_VERBS)
def test_a_zombie_is_refused_while_the_task_waits(conn: Connection, verb: str) -> None:
    task_id = started(conn)
    calls.processing(conn, task_id)
    calls.fail(conn, task_id, 2)
    with refused(conn, StaleAttempt):
        getattr(calls, verb)(conn, task_id, 1)


@pytest.mark.parametrize("verb", ATTEMPT_VERBS)
def test_a_zombie_is_refused_when_another_attempt_has_finished(conn: Connection, verb: str) -> None:
    task_id = started(conn)
    calls.processing(conn, task_id)
    calls.finish(conn, task_id, 2)
    with refused(conn, TaskNotActive):
        getattr(calls, verb)(conn, task_id, 1)


@pytest.mark.parametrize("verb", ATTEMPT_VERBS)
def test_a_waiting_task_is_refused(conn: Connection, verb: str) -> None:
    task_id = new(conn)
    with refused(conn, TaskNotProcessing, "start it first"):
        getattr(calls, verb)(conn, task_id)
    with refused(conn, StaleAttempt):
        getattr(calls, verb)(conn, task_id, 1)
    calls.processing(conn, task_id)
    calls.fail(conn, task_id, 1)
    for attempt in (None, 1):
        with refused(conn, TaskNotProcessing):
            getattr(calls, verb)(conn, task_id, attempt)


@pytest.mark.parametrize("verb", ATTEMPT_VERBS)
@pytest.mark.parametrize("status", [Status.FINISHED, Status.CANCELLED, Status.FAILED])
def test_a_task_that_has_ended_is_refused(conn: Connection, verb: str, status: Status) -> None:
    task_id = ended(conn, status)
    for attempt in (None, 1, 2):
        if verb == "finish" and status is Status.FINISHED and attempt != 2:
            continue  # it is finished, as was asked
        with refused(conn, TaskNotActive, "finished, cancelled or failed"):
            getattr(calls, verb)(conn, task_id, attempt)


@pytest.mark.parametrize("verb", ATTEMPT_VERBS)
def test_no_such_task(conn: Connection, verb: str) -> None:
    task_id = started(conn)
    for attempt in (None, 1):
        with refused(conn, TaskNotFound, "in_task_id"):
            getattr(calls, verb)(conn, task_id + 1, attempt)


def test_the_last_attempt_may_finish_late(conn: Connection) -> None:
    task_id = started(conn, max_count=1, deadline=60)
    age(conn, 61)
    calls.finish(conn, task_id, 1)
    assert row(conn, task_id)["status"] == Status.FINISHED


def test_it_is_queued_again_until_it_is_finished(conn: Connection) -> None:
    task_id = started(conn, interval=60)
    assert calls.scan(conn, "r").messages == []
    age(conn, 60)
    assert [m.attempt for m in calls.scan(conn, "r").messages] == [2]
    calls.finish(conn, task_id, 1)  # nobody has taken the second attempt
    age(conn, 60)
    assert calls.scan(conn, "r").messages == []


def test_in_plain_sql(conn: Connection) -> None:
    task_id = started(conn)
    assert call(conn, "finish_task", task_id, 1) == []
    assert row(conn, task_id)["status"] == Status.FINISHED
