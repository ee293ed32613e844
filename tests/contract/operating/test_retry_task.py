"""retry_task: a failed or cancelled task lives again."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import SECONDS
from testing import age, call, ended, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, Status
from qtask_db.errors import (
    AttemptsExhausted,
    DuplicateOrder,
    InvalidArgument,
    StaleAttempt,
    TaskNotFound,
    TaskNotRetryable,
)

ENDED_BADLY = (Status.CANCELLED, Status.FAILED)


@pytest.mark.parametrize("status", ENDED_BADLY)
@pytest.mark.parametrize(
    ("deadline", "lasts"), [(None, DEFAULT["deadline"]), (1, 1), (SECONDS, SECONDS)]
)
def test_it_is_due_at_once_with_a_new_deadline(
    conn: Connection, status: Status, deadline: int | None, lasts: int
) -> None:
    task_id = ended(conn, status, deadline=5)
    age(conn, 1000)
    calls.retry(conn, task_id, deadline)
    found = row(conn, task_id)
    assert (found["status"], found["ended_at"]) == (Status.WAITING, None)
    assert lasting(found, "due_at", "deadline_at") == lasts
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


@pytest.mark.parametrize("status", ENDED_BADLY)
def test_attempts_go_on_counting_so_a_zombie_is_refused(conn: Connection, status: Status) -> None:
    task_id = ended(conn, status)
    calls.retry(conn, task_id)
    (message,) = calls.scan(conn, "r").messages
    assert message.attempt == 2
    with refused(conn, StaleAttempt):
        calls.processing(conn, task_id, 1)
    assert calls.processing(conn, task_id, 2) == 2
    for verb in ("finish", "fail", "extend"):
        with refused(conn, StaleAttempt):
            getattr(calls, verb)(conn, task_id, 1)
    calls.finish(conn, task_id, 2)


def test_it_has_all_its_attempts_again(conn: Connection) -> None:
    task_id = new(conn, max_count=2)
    for life in range(3):
        for attempt in (1, 2):
            assert calls.processing(conn, task_id) == 2 * life + attempt
        with refused(conn, AttemptsExhausted):
            calls.processing(conn, task_id)
        assert calls.fail(conn, task_id) is Status.FAILED
        calls.retry(conn, task_id)


def test_it_is_in_no_batch_of_its_former_life(conn: Connection) -> None:
    task_id = new(conn)
    batch = calls.scan(conn, "r")
    calls.cancel(conn, task_id)
    calls.retry(conn, task_id)
    before = row(conn, task_id)
    calls.release(conn, batch.batch_id, "r")
    assert row(conn, task_id) == before


def test_of_a_paused_queue_it_waits(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED)
    calls.pause(conn, "Q")
    calls.retry(conn, task_id)
    assert calls.scan(conn, "r").messages == []
    calls.resume(conn, "Q")
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


@pytest.mark.parametrize("status", ENDED_BADLY)
def test_an_order_number_that_is_active_again_is_refused(conn: Connection, status: Status) -> None:
    task_id = ended(conn, status, order_no="1")
    second = new(conn, order_no="1")
    with refused(conn, DuplicateOrder, "order_no"):
        calls.retry(conn, task_id)
    calls.cancel(conn, second)
    calls.retry(conn, task_id)
    assert new(conn, order_no="1") == task_id


def test_a_refused_retry_leaves_the_transaction_as_it_was(conn: Connection, connect: Any) -> None:
    task_id = ended(conn, Status.FAILED, order_no="1")
    new(conn, order_no="1")
    own = connect(autocommit=False)
    made = new(own)
    with pytest.raises(DuplicateOrder):
        calls.retry(own, task_id)
    own.commit()
    assert row(conn, made)["status"] == Status.WAITING
    assert row(conn, task_id)["status"] == Status.FAILED


def test_a_finished_task_is_refused(conn: Connection) -> None:
    task_id = ended(conn, Status.FINISHED)
    with refused(conn, TaskNotRetryable, "failed and cancelled"):
        calls.retry(conn, task_id)


@pytest.mark.parametrize("make", [new, started])
def test_an_active_task_is_refused(conn: Connection, make: type) -> None:
    task_id = make(conn)
    with refused(conn, TaskNotRetryable, "failed and cancelled"):
        calls.retry(conn, task_id)


def test_no_such_task(conn: Connection) -> None:
    with refused(conn, TaskNotFound, "in_task_id"):
        calls.retry(conn, 2**62)


@pytest.mark.parametrize("deadline", [0, -1, SECONDS + 1, 2**63, "late", ""])
def test_a_bad_deadline_is_refused(conn: Connection, deadline: Any) -> None:
    task_id = ended(conn, Status.FAILED)
    allowed = f"1 to {SECONDS}" if deadline in (0, -1, SECONDS + 1) else ""
    with refused(conn, InvalidArgument, "in_deadline", allowed):
        calls.retry(conn, task_id, deadline)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = ended(conn, Status.CANCELLED)
    assert call(conn, "retry_task", task_id, None) == []
    assert row(conn, task_id)["status"] == Status.WAITING
