"""start_task: an attempt begins, for one consumer only."""

from __future__ import annotations

from typing import Any

import pytest
from testing import age, call, ended, execute, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import (
    AttemptsExhausted,
    DeadlinePassed,
    InvalidArgument,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
)


def test_a_waiting_task_is_processing(conn: Connection) -> None:
    task_id = new(conn, interval=50)
    assert calls.processing(conn, task_id, 1) == 1
    found = row(conn, task_id)
    assert (found["status"], found["attempts"]) == (Status.PROCESSING, 1)
    assert lasting(found, "started_at", "due_at") == 50
    assert found["ended_at"] is None


def test_it_is_due_at_its_deadline_where_that_comes_first(conn: Connection) -> None:
    task_id = new(conn, interval=50, deadline=49)
    calls.processing(conn, task_id)
    found = row(conn, task_id)
    assert found["due_at"] == found["deadline_at"]


def test_the_same_message_starts_once(conn: Connection) -> None:
    task_id = started(conn)
    with refused(conn, StaleAttempt, "in_attempt", "another consumer"):
        calls.processing(conn, task_id, 1)


def test_each_message_announces_the_next_attempt(conn: Connection) -> None:
    task_id = started(conn)
    for attempt in (2, 3):
        age(conn, 7200)
        (message,) = calls.scan(conn, "r").messages
        assert (message.task_id, message.attempt) == (task_id, attempt)
        assert calls.processing(conn, task_id, attempt) == attempt
    with refused(conn, StaleAttempt):
        calls.processing(conn, task_id, 2)


def test_without_an_attempt_the_next_one_starts(conn: Connection) -> None:
    task_id = new(conn)
    assert [calls.processing(conn, task_id) for _ in range(3)] == [1, 2, 3]
    with refused(conn, StaleAttempt):
        calls.processing(conn, task_id, 3)
    assert calls.processing(conn, task_id, 4) == 4


@pytest.mark.parametrize("attempt", [0, 2, 3, -1, 2**63 - 1, -(2**63)])
def test_an_attempt_that_is_not_the_next_is_refused(conn: Connection, attempt: int) -> None:
    task_id = new(conn)
    with refused(conn, StaleAttempt, "in_attempt"):
        calls.processing(conn, task_id, attempt)


def test_a_message_that_nobody_took_yet_is_valid_when_a_later_copy_exists(conn: Connection) -> None:
    task_id = new(conn)
    calls.scan(conn, "r")
    age(conn, 3600)
    assert calls.scan(conn, "r").messages[0].attempt == 1
    assert calls.processing(conn, task_id, 1) == 1


@pytest.mark.parametrize("status", [Status.FINISHED, Status.CANCELLED, Status.FAILED])
@pytest.mark.parametrize("attempt", [None, 1, 2])
def test_a_task_that_has_ended_is_refused(
    conn: Connection, status: Status, attempt: int | None
) -> None:
    task_id = ended(conn, status)
    with refused(conn, TaskNotActive, "finished, cancelled or failed"):
        calls.processing(conn, task_id, attempt)


def test_after_the_last_attempt_none_starts(conn: Connection) -> None:
    task_id = new(conn, max_count=2)
    assert [calls.processing(conn, task_id) for _ in range(2)] == [1, 2]
    for attempt in (None, 3):
        with refused(conn, AttemptsExhausted, "max_count"):
            calls.processing(conn, task_id, attempt)


def test_after_the_deadline_none_starts(conn: Connection) -> None:
    task_id = new(conn, deadline=60)
    age(conn, 59)
    assert calls.processing(conn, task_id) == 1
    age(conn, 1)
    with refused(conn, DeadlinePassed, "deadline"):
        calls.processing(conn, task_id)


def test_a_real_time_task_starts_before_a_relay_saw_it(conn: Connection) -> None:
    task = calls.create(conn, "job", {}, 60, "Q")
    assert calls.processing(conn, task.task_id, task.message.attempt) == 1


def test_a_task_of_a_paused_queue_starts(conn: Connection) -> None:
    task_id = new(conn)
    calls.pause(conn, "Q")
    calls.scan(conn, "r")  # parks it
    assert calls.processing(conn, task_id, 1) == 1
    assert calls.scan(conn, "r").messages == []
    calls.finish(conn, task_id, 1)


@pytest.mark.parametrize("task_id", [0, -1, 2**63 - 1])
def test_no_such_task(conn: Connection, task_id: int) -> None:
    new(conn)
    with refused(conn, TaskNotFound, "in_task_id"):
        calls.processing(conn, task_id, 1)


@pytest.mark.parametrize("task_id", [None, "x", "", 2**63, "1 OR 1"])
@pytest.mark.parametrize(
    "verb", ["processing", "finish", "fail", "extend", "cancel", "retry", "explain"]
)
def test_a_task_id_that_is_no_integer(conn: Connection, verb: str, task_id: Any) -> None:
    new(conn)
    with refused(conn, InvalidArgument, "in_task_id"):
        getattr(calls, verb)(conn, task_id)


@pytest.mark.parametrize("verb", ["processing", "finish", "fail", "extend"])
def test_an_attempt_that_is_no_integer(conn: Connection, verb: str) -> None:
    task_id = started(conn)
    with refused(conn, InvalidArgument, "in_attempt"):
        getattr(calls, verb)(conn, task_id, "first")


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn)
    assert call(conn, "start_task", task_id, None) == (1,)
    assert call(conn, "start_task", task_id, 2) == (2,)
    execute(conn, f"DELETE FROM {conn.prefix}task")
    with refused(conn, TaskNotFound):
        call(conn, "start_task", task_id, 3)
