"""resume_queue: what waited is claimed.

Its bad input and its plain SQL are in test_pause_queue.py.
"""

from __future__ import annotations

from testing import age, new, row, started

from qtask_db import Connection, calls
from qtask_db.constants import Status


def test_what_waited_is_handed_out_with_what_came_later(conn: Connection) -> None:
    before, running = new(conn), started(conn, interval=10)
    calls.pause(conn, "Q")
    age(conn, 10)
    calls.scan(conn, "r")  # parks both
    later = new(conn)
    calls.resume(conn, "Q")
    messages = calls.scan(conn, "r").messages
    assert {(m.task_id, m.attempt) for m in messages} == {(before, 1), (running, 2), (later, 1)}


def test_what_expired_meanwhile_is_not(conn: Connection) -> None:
    task_id = new(conn, deadline=100)
    calls.pause(conn, "Q")
    calls.scan(conn, "r")
    age(conn, 100)
    calls.resume(conn, "Q")
    assert calls.scan(conn, "r").messages == []
    assert row(conn, task_id)["status"] == Status.FAILED


def test_parked_tasks_are_handed_out_in_steps_of_the_limit(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(5)]
    calls.pause(conn, "Q")
    calls.scan(conn, "r")
    calls.resume(conn, "Q")
    seen = []
    for wait_is_zero in (True, True, False):
        batch = calls.scan(conn, "r", limit=2)
        seen += [m.task_id for m in batch.messages]
        assert (batch.wait == 0) is wait_is_zero
    assert sorted(seen) == tasks
