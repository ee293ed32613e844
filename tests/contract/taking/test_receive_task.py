"""receive_task: as start_task, for the consumer of the task's queue, and with the row's payload."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testing import age, call, content, ended, execute, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import (
    AttemptsExhausted,
    DeadlinePassed,
    InvalidArgument,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
    WrongQueue,
)
from qtask_db.models import ReceivedTask

SMILE = "\N{GRINNING FACE}"


def test_it_starts_and_tells_the_payload(conn: Connection) -> None:
    task_id = new(conn, interval=50, payload={"order_no": "8973", "smile": SMILE})
    received = calls.receive(conn, task_id, 1, "Q")
    assert received == ReceivedTask(task_id, 1, "Q", row(conn, task_id)["payload"])
    assert json.loads(received.payload) == {"order_no": "8973", "smile": SMILE}
    found = row(conn, task_id)
    assert (found["status"], found["attempts"]) == (Status.PROCESSING, 1)
    assert lasting(found, "started_at", "due_at") == 50


@pytest.mark.parametrize("size", [1, 5_000, 60_000])
def test_a_payload_of_any_size_comes_as_it_was_given(conn: Connection, size: int) -> None:
    text = f'{{ "n": 1.000000000000000000001, "text": "{"é" * (size // 2)}" }}'
    task_id = new(conn, payload=text)
    assert calls.receive(conn, task_id, 1, "Q").payload == text


@pytest.mark.parametrize("attempt", [None, 1, 2, 7])
@pytest.mark.parametrize("queue", ["MAIL", "PAY ME", "pay", "PAYX", SMILE])
def test_a_task_of_another_queue_is_left_alone(
    conn: Connection, queue: str, attempt: int | None
) -> None:
    task_id = new(conn, "PAY", payload={"amount": 12}, order_no="secret")
    new(conn, queue)
    before = content(conn)
    with pytest.raises(WrongQueue, match="in_queue") as caught:
        calls.receive(conn, task_id, attempt, queue)
    assert content(conn) == before
    for told in ("PAY", "amount", "secret", "attempt"):
        assert told not in str(caught.value)
    assert calls.receive(conn, task_id, 1, "PAY").attempt == 1


@pytest.mark.parametrize("status", [Status.FINISHED, Status.CANCELLED, Status.FAILED])
def test_of_another_queue_nothing_is_told(conn: Connection, status: Status) -> None:
    task_id = ended(conn, status)
    with refused(conn, WrongQueue, "in_queue"):
        calls.receive(conn, task_id, 1, "MAIL")
    with refused(conn, TaskNotActive, "finished, cancelled or failed"):
        calls.receive(conn, task_id, 1, "Q")


def test_a_namespace_is_no_part_of_the_queue(conn: Connection) -> None:
    tasks = [new(conn, "MAIL", namespace=space) for space in ("eu", "us")]
    assert [calls.receive(conn, task_id, 1, "MAIL").task_id for task_id in tasks] == tasks


def test_the_same_message_starts_once(conn: Connection) -> None:
    task_id = new(conn)
    calls.receive(conn, task_id, 1, "Q")
    with refused(conn, StaleAttempt, "in_attempt", "another consumer"):
        calls.receive(conn, task_id, 1, "Q")
    with refused(conn, StaleAttempt):
        calls.processing(conn, task_id, 1)
    assert calls.receive(conn, task_id, None, "Q").attempt == 2


@pytest.mark.parametrize("attempt", [0, 2, 3, -1, 2**63 - 1, -(2**63)])
def test_an_attempt_that_is_not_the_next_is_refused(conn: Connection, attempt: int) -> None:
    task_id = new(conn)
    with refused(conn, StaleAttempt, "in_attempt"):
        calls.receive(conn, task_id, attempt, "Q")


def test_after_the_last_attempt_or_the_deadline_none_starts(conn: Connection) -> None:
    exhausted = started(conn, max_count=1)
    with refused(conn, AttemptsExhausted, "max_count"):
        calls.receive(conn, exhausted, 2, "Q")
    late = new(conn, deadline=60)
    age(conn, 60, late)
    with refused(conn, DeadlinePassed, "deadline"):
        calls.receive(conn, late, 1, "Q")


@pytest.mark.parametrize("task_id", [0, -1, 10**18 - 1, 2**63 - 1])
def test_no_such_task(conn: Connection, task_id: int) -> None:
    new(conn)
    with refused(conn, TaskNotFound, "in_task_id"):
        calls.receive(conn, task_id, 1, "Q")


@pytest.mark.parametrize("task_id", [None, "x", "", 2**63, "1 OR 1"])
def test_a_task_id_that_is_no_integer(conn: Connection, task_id: Any) -> None:
    new(conn)
    with refused(conn, InvalidArgument, "in_task_id"):
        calls.receive(conn, task_id, 1, "Q")


@pytest.mark.parametrize("queue", [None, "", " ", "Q ", " Q", "x" * (LIMIT["queue"] + 1), 17])
def test_a_queue_that_can_be_none_is_refused(conn: Connection, queue: Any) -> None:
    task_id = new(conn)
    with refused(conn, InvalidArgument, "in_queue"):
        calls.receive(conn, task_id, 1, queue)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn, payload='{"a": 1}')
    assert call(conn, "receive_task", task_id, None, "Q") == (1, '{"a": 1}')
    assert call(conn, "receive_task", task_id, 2, "Q") == (2, '{"a": 1}')
    execute(conn, f"DELETE FROM {conn.prefix}task")
    with refused(conn, TaskNotFound):
        call(conn, "receive_task", task_id, 3, "Q")
