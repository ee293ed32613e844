"""resume_schedule."""

from __future__ import annotations

from testing import age_schedules, content, refused
from ticking import advance, cron, every, made, state

from qtask_db import Connection, calls
from qtask_db.errors import InvalidArgument, ScheduleNotFound
from qtask_db.scheduling import ticks


def test_it_counts_from_now(conn: Connection) -> None:
    every(conn, misfire="all")
    calls.pause_schedule(conn, "S")
    age_schedules(conn, 3600)
    calls.resume_schedule(conn, "S")
    assert calls.run_due_schedules(conn).created == 0
    assert (state(conn).revision, state(conn).paused) == (3, False)
    age_schedules(conn, 61)
    assert calls.run_due_schedules(conn).created == 1


def test_the_ticks_of_a_cron_expression_meanwhile_do_not_count(conn: Connection) -> None:
    cron(conn, "* * * * *", misfire="all")
    calls.pause_schedule(conn, "S")
    age_schedules(conn, 3600)
    calls.resume_schedule(conn, "S")
    (due,) = calls.due_schedules(conn)
    due_ticks, following = ticks.plan(due)
    assert len(due_ticks) <= 1  # a minute may just have begun
    assert following is not None
    assert advance(conn, due, due_ticks, following).advanced == 1
    assert len(made(conn)) <= 1


def test_one_that_is_not_paused_stays_as_it_is(conn: Connection) -> None:
    every(conn)
    age_schedules(conn, 40)
    before = content(conn)
    calls.resume_schedule(conn, "S")
    assert content(conn) == before


def test_one_that_is_not_there(conn: Connection) -> None:
    with refused(conn, ScheduleNotFound, "in_schedule"):
        calls.resume_schedule(conn, "S")
    with refused(conn, InvalidArgument, "in_schedule"):
        calls.resume_schedule(conn, "")
