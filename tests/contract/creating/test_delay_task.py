"""delay_task: a relay queues it when the delay has passed."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import SECONDS, make
from testing import age, call, lasting, refused, row

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT
from qtask_db.errors import InvalidArgument


@pytest.mark.parametrize("way", ["delay", "create_many"])
@pytest.mark.parametrize(
    ("delay", "deadline", "due"),
    [
        (0, None, 0),
        (60, None, 60),
        (60, 61, 60),
        (60, 60, 60),
        (60, 59, 59),
        (SECONDS, SECONDS, SECONDS),
        (SECONDS, None, DEFAULT["deadline"]),
    ],
)
def test_it_is_due_after_the_delay_at_most_at_the_deadline(
    conn: Connection, way: str, delay: int, deadline: int | None, due: int
) -> None:
    task = make(conn, way, delay=delay, deadline=deadline)
    assert not task.pushable
    found = row(conn, task.task_id)
    assert lasting(found, "created_at", "due_at") == due
    assert lasting(found, "created_at", "deadline_at") == (deadline or DEFAULT["deadline"])


@pytest.mark.parametrize("way", ["delay", "create_many"])
@pytest.mark.parametrize("delay", [-1, SECONDS + 1, 2**70, "soon", ""])
def test_a_bad_delay_is_refused(conn: Connection, way: str, delay: Any) -> None:
    with refused(conn, InvalidArgument, "delay"):
        make(conn, way, delay=delay)


def test_a_delay_is_required(conn: Connection) -> None:
    with refused(conn, InvalidArgument, "in_delay", f"0 to {SECONDS}"):
        make(conn, "delay", delay=None)


def test_a_scan_hands_it_out_when_the_delay_has_passed(conn: Connection) -> None:
    task = make(conn, "delay", delay=60)
    assert calls.scan(conn, "r").messages == []
    age(conn, 60)
    assert [message.task_id for message in calls.scan(conn, "r").messages] == [task.task_id]


def test_in_plain_sql(conn: Connection) -> None:
    options = {"order_no": "1"}
    task_id, created = call(conn, "delay_task", "job", "{}", 30, 60, "Q", options=options)
    assert created == 1
    assert lasting(row(conn, task_id), "created_at", "due_at") == 30
    assert call(conn, "delay_task", "job", "{}", 9, 60, "Q", options=options) == (task_id, 0)
