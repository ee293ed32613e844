"""run_schedule."""

from __future__ import annotations

import json

from testing import age_schedules, execute, query, refused, row
from ticking import every, finish_all, state

from qtask_db import Connection, Status, calls
from qtask_db.errors import InvalidArgument, ScheduleNotFound


def test_a_task_is_made_and_the_schedule_does_not_move(conn: Connection) -> None:
    before = every(conn, 60, payload={"n": 1}, max_count=3, deadline=50, task="job", namespace="n")
    task_id = calls.run_schedule(conn, "S", "n")
    found = row(conn, task_id)
    assert (found["name"], found["max_count"], found["order_no"]) == ("job", 3, None)
    assert json.loads(found["payload"]).keys() == {"tick", "n"}
    assert calls.next_due(conn) == 0, "due at once"
    after = state(conn)
    assert (after.next_at, after.revision) == (before.next_at, before.revision)
    assert (after.last_task_id, after.last_status) == (task_id, Status.WAITING)
    (listed,) = calls.list_tasks(conn, namespace="n")
    assert listed.task_id == task_id


def test_each_call_makes_one(conn: Connection) -> None:
    every(conn, overlap="skip")
    calls.pause_schedule(conn, "S")
    assert len({calls.run_schedule(conn, "S") for _ in range(3)}) == 3


def test_a_tick_does_not_overlap_with_it(conn: Connection) -> None:
    every(conn, overlap="skip")
    calls.run_schedule(conn, "S")
    age_schedules(conn, 61)
    assert calls.run_due_schedules(conn).created == 0
    finish_all(conn)
    age_schedules(conn, 61)
    assert calls.run_due_schedules(conn).created == 1


def test_it_joins_the_callers_transaction(conn: Connection) -> None:
    every(conn)
    conn.set_autocommit(False)
    calls.run_schedule(conn, "S")
    conn.rollback()
    conn.set_autocommit(True)
    assert query(conn, f"SELECT task_id FROM {conn.prefix}task") == []
    assert state(conn).last_task_id is None


def test_one_that_is_not_there(conn: Connection) -> None:
    with refused(conn, ScheduleNotFound, "in_schedule"):
        calls.run_schedule(conn, "S")
    with refused(conn, InvalidArgument, "in_schedule"):
        calls.run_schedule(conn, "")


def test_a_task_that_cannot_be_created(conn: Connection) -> None:
    every(conn)
    execute(conn, f"UPDATE {conn.prefix}schedule SET interval_seconds = 0")
    with refused(conn, InvalidArgument, "in_interval"):
        calls.run_schedule(conn, "S")
