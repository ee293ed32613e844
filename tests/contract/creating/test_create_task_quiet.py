"""create_task_quiet: create_task for stored code, without a result set.

Its refusals and its rows are tested beside those of the other verbs, in test_creation.py.
"""

from __future__ import annotations

from testing import call, lasting, row

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT

JOB = ("job", '{"a": 1}', 60, "Q")


def test_it_tells_what_create_task_tells(conn: Connection) -> None:
    task_id, created, pushable = call(conn, "create_task_quiet", *JOB, options={"order_no": "1"})
    assert (created, pushable) == (1, 1)
    assert call(conn, "create_task_quiet", *JOB, options={"order_no": "1"}) == (task_id, 0, 0)
    assert call(conn, "create_task", *JOB, options={"order_no": "1"}) == (task_id, 0, 0)


def test_a_relay_takes_it_after_the_push_grace(conn: Connection) -> None:
    task_id, _, _ = call(conn, "create_task_quiet", *JOB)
    assert lasting(row(conn, task_id), "created_at", "due_at") == DEFAULT["push_grace"]


def test_a_paused_queue_is_seen(conn: Connection) -> None:
    calls.pause(conn, "Q")
    assert call(conn, "create_task_quiet", *JOB)[1:] == (1, 0)
