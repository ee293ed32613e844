"""create_task: a real-time task, whose creator pushes it."""

from __future__ import annotations

import pytest
from testing import call, lasting, query, row

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, Status

GRACE = DEFAULT["push_grace"]


@pytest.mark.parametrize(
    ("deadline", "due"), [(None, GRACE), (GRACE, GRACE), (GRACE - 1, GRACE - 1)]
)
def test_a_relay_takes_it_after_the_push_grace(
    conn: Connection, deadline: int | None, due: int
) -> None:
    task = calls.create(conn, "job", {}, 3600, "Q", deadline=deadline)
    assert lasting(row(conn, task.task_id), "created_at", "due_at") == due
    assert calls.scan(conn, "r").messages == []


def test_its_creator_pushes_it_unless_it_is_a_duplicate_or_paused(conn: Connection) -> None:
    assert calls.create(conn, "job", {}, 60, "Q", order_no="1").pushable
    assert not calls.create(conn, "job", {}, 60, "Q", order_no="1").pushable
    calls.pause(conn, "Q")
    task = calls.create(conn, "job", {}, 60, "Q", order_no="2")
    assert (task.created, task.pushable) == (True, False)
    calls.resume(conn, "Q")
    assert calls.create(conn, "job", {}, 60, "Q", order_no="3").pushable


def test_in_plain_sql(conn: Connection) -> None:
    task_id, created, pushable = call(conn, "create_task", "job", '{"a": 1}', 60, "Q")
    assert (created, pushable) == (1, 1)
    found = row(conn, task_id)
    assert (found["status"], found["name"], found["payload"]) == (Status.WAITING, "job", '{"a": 1}')
    given = ("job", "{}", 60, "Q")
    options = {
        "order_no": "7", "namespace": "n", "deadline": 9, "delete_deadline": 8, "max_count": 6
    }  # fmt: skip
    task_id, created, pushable = call(conn, "create_task", *given, options=options)
    assert call(conn, "create_task", *given, options=options) == (task_id, 0, 0)
    found = row(conn, task_id)
    assert lasting(found, "created_at", "deadline_at") == 9
    assert (found["order_no"], found["delete_deadline"], found["max_count"]) == ("7", 8, 6)
    assert query(conn, f"SELECT namespace FROM {conn.prefix}queue ORDER BY 1") == [
        ("default",),
        ("n",),
    ]


def test_the_message_announces_the_first_attempt(conn: Connection) -> None:
    message = calls.create(conn, "job", '{"a": 1}', 60, "Q").message
    assert (message.attempt, message.queue, message.payload) == (1, "Q", '{"a": 1}')
    assert calls.processing(conn, message.task_id, message.attempt) == 1
