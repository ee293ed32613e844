"""read_task: all of a task, with its payload and the attempts that did not succeed."""

from __future__ import annotations

import json

import pytest
from inputs import HOSTILE
from testing import call, new, refused, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import InvalidArgument, TaskNotFound


def test_it_has_everything(conn: Connection) -> None:
    payload = '{"n": 18446744073709551617.10, "text": "it\'s"}'
    task_id = started(conn, payload=payload, interval=60, order_no="8973")
    calls.fail(conn, task_id, 1, "broken")
    found = calls.read_task(conn, task_id)
    assert found.task == calls.list_tasks(conn)[0]
    assert (found.task.status, found.task.order_no) == (Status.WAITING, "8973")
    assert (found.payload, found.interval, found.lapses) == (payload, 60, 0)
    (attempt,) = found.attempts
    assert (attempt.attempt, attempt.outcome, attempt.error) == (1, "failed", "broken")
    assert (attempt.worker, attempt.traceback) == (None, None)
    assert attempt.started_at.tzinfo is not None


def test_a_new_one_has_no_history(conn: Connection) -> None:
    assert calls.read_task(conn, new(conn)).attempts == []


@pytest.mark.parametrize("text", HOSTILE, ids=lambda e: ascii(e)[:20])
def test_hostile_texts_come_back(conn: Connection, text: str) -> None:
    task_id = started(conn, payload={"text": text})
    calls.fail(conn, task_id, 1, text)
    found = calls.read_task(conn, task_id)
    assert json.loads(found.payload) == {"text": text}
    assert found.attempts[0].error == text


def test_a_long_history(conn: Connection) -> None:
    task_id = started(conn)
    for attempt in range(1, 61):
        calls.fail(conn, task_id, attempt, "x" * 20000, 0)
        calls.processing(conn, task_id)
    found = calls.read_task(conn, task_id).attempts
    assert [one.attempt for one in found] == [*range(1, 61)]
    assert {len(one.error or "") for one in found} == {20000}


def test_there_is_no_such_task(conn: Connection) -> None:
    with refused(conn, TaskNotFound, "in_task_id"):
        calls.read_task(conn, 10**17)


def test_there_is_no_task_without_a_number(conn: Connection) -> None:
    with refused(conn, InvalidArgument, "in_task_id"):
        call(conn, "read_task", None)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn)
    (found,) = call(conn, "read_task", task_id)
    assert (found[0], found[2], found[-1]) == (task_id, "Q", "[]")
