"""pause_schedule."""

from __future__ import annotations

from testing import age_schedules, content, count, refused
from ticking import advance, cron, every, state

from qtask_db import Connection, calls
from qtask_db.errors import InvalidArgument, ScheduleNotFound


def test_it_makes_no_task(conn: Connection) -> None:
    every(conn)
    cron(conn, name="C")
    for name in ("S", "C"):
        calls.pause_schedule(conn, name)
    age_schedules(conn, 7200)
    run = calls.run_due_schedules(conn)
    assert (run.created, run.wait, run.cron_wait) == (0, None, None)
    assert calls.due_schedules(conn) == []
    assert count(conn) == 0
    assert [(state(conn, n).paused, state(conn, n).next_at) for n in ("S", "C")] == [
        (True, None), (True, None),
    ]  # fmt: skip


def test_again_it_changes_nothing(conn: Connection) -> None:
    every(conn)
    calls.pause_schedule(conn, "S")
    assert state(conn).revision == 2
    before = content(conn)
    calls.pause_schedule(conn, "S")
    assert content(conn) == before


def test_what_was_computed_before_is_not_done_after_it(conn: Connection) -> None:
    cron(conn)
    age_schedules(conn, 7200)
    (due,) = calls.due_schedules(conn)
    calls.pause_schedule(conn, "S")
    assert advance(conn, due, [], due.now).advanced == 0
    calls.resume_schedule(conn, "S")
    assert advance(conn, due, [], due.now).advanced == 0


def test_one_that_is_not_there(conn: Connection) -> None:
    with refused(conn, ScheduleNotFound, "in_schedule"):
        calls.pause_schedule(conn, "S")
    with refused(conn, InvalidArgument, "in_schedule"):
        calls.pause_schedule(conn, "")
