"""extend_task: the heartbeat of a long run."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import SECONDS
from testing import age, call, lasting, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import InvalidArgument

# Refusals that it shares with finish_task are in test_finish_task.py.


@pytest.mark.parametrize(("seconds", "wait"), [(None, 100), (1, 1), (5000, 5000)])
@pytest.mark.parametrize("attempt", [None, 1])
def test_it_is_queued_again_later(
    conn: Connection, attempt: int | None, seconds: int | None, wait: int
) -> None:
    task_id = started(conn, interval=100)
    age(conn, 99)
    calls.extend(conn, task_id, attempt, seconds)
    found = row(conn, task_id)
    assert 99 + wait <= lasting(found, "started_at", "due_at") < 99 + wait + 30
    assert (found["status"], found["attempts"]) == (Status.PROCESSING, 1)
    assert calls.scan(conn, "r").messages == []


@pytest.mark.parametrize("seconds", [None, 100, SECONDS])
def test_never_after_its_deadline(conn: Connection, seconds: int | None) -> None:
    task_id = started(conn, interval=100, deadline=150)
    age(conn, 90)
    calls.extend(conn, task_id, 1, seconds)
    found = row(conn, task_id)
    assert found["due_at"] == found["deadline_at"]
    calls.extend(conn, task_id, 1, seconds)  # changes nothing, and is not refused
    assert row(conn, task_id) == found


def test_the_deadline_ends_it_all_the_same(conn: Connection) -> None:
    task_id = started(conn, deadline=100)
    age(conn, 100)
    calls.extend(conn, task_id, 1, 1000)
    calls.scan(conn, "r")
    assert row(conn, task_id)["status"] == Status.FAILED


def test_a_task_that_is_queued_again_already_is_extended(conn: Connection) -> None:
    task_id = started(conn, interval=100)
    age(conn, 100)
    assert len(calls.scan(conn, "r").messages) == 1
    calls.extend(conn, task_id, 1)
    calls.finish(conn, task_id, 1)


def test_a_task_that_was_parked_meanwhile_is_extended(conn: Connection) -> None:
    task_id = started(conn, interval=100)
    calls.pause(conn, "Q")
    age(conn, 100)
    calls.scan(conn, "r")
    calls.extend(conn, task_id, 1)
    calls.resume(conn, "Q")
    assert calls.scan(conn, "r").messages == []


@pytest.mark.parametrize("seconds", [0, -1, SECONDS + 1, 2**63, "long", ""])
def test_bad_seconds_are_refused(conn: Connection, seconds: Any) -> None:
    task_id = started(conn)
    allowed = f"1 to {SECONDS}" if seconds in (0, -1, SECONDS + 1) else ""
    with refused(conn, InvalidArgument, "in_seconds", allowed):
        calls.extend(conn, task_id, 1, seconds)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = started(conn, interval=100)
    age(conn, 50)
    before = row(conn, task_id)["due_at"]
    assert call(conn, "extend_task", task_id, 1, None) == []
    assert row(conn, task_id)["due_at"] > before
