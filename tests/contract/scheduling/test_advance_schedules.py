"""advance_schedules."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import Any

import pytest
from testing import age_schedules, call, count, execute, now, refused
from ticking import advance, cron, finish_all, made, state

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, TransactionOpen
from qtask_db.scheduling import DueSchedule, PlannedTicks, ScheduleAdvance, ticks

HOUR = datetime.timedelta(hours=1)
NOTHING = ScheduleAdvance(0, 0, None)


def due_now(conn: Connection, **options: Any) -> DueSchedule:
    cron(conn, **options)
    age_schedules(conn, 7200, options.get("name", "S"))
    return next(due for due in calls.due_schedules(conn) if due.name == options.get("name", "S"))


def test_its_tasks_are_made_and_it_moves(conn: Connection) -> None:
    due = due_now(conn, payload={"n": 1})
    first, second = due.next_at + HOUR / 2, due.next_at + HOUR
    assert advance(conn, due, [first, second], due.now + HOUR) == ScheduleAdvance(1, 2, None)
    assert made(conn) == [ticks.text_of(first), ticks.text_of(second)]
    found = state(conn)
    assert (found.last_at, found.next_at) == (second, due.now + HOUR)
    assert found.revision == 1
    assert calls.due_schedules(conn) == []


def test_many_at_once(conn: Connection) -> None:
    """Those of any queue and namespace; one that is in none of them does not move."""
    for n in range(7):
        due_now(conn, name=f"S{n}", queue=f"Q{n % 3}", namespace=f"n{n % 2}", overlap="skip")
    due = calls.due_schedules(conn)
    plans = [PlannedTicks(one, [one.next_at], one.now + HOUR) for one in due[1:]]
    assert calls.advance_schedules(conn, plans) == ScheduleAdvance(6, 6, None)
    assert count(conn) == 6
    assert calls.due_schedules(conn) == due[:1]
    listed = [one for one in calls.list_schedules(conn) if one.last_at is not None]
    assert [one.last_at for one in listed] == [
        next(plan.due.next_at for plan in plans if plan.due.name == one.schedule.name)
        for one in listed
    ]
    assert len({one.last_task_id for one in listed}) == 6
    assert calls.advance_schedules(conn, []) == NOTHING


def test_only_once(conn: Connection) -> None:
    due = due_now(conn)
    assert advance(conn, due, [due.next_at], due.now + HOUR).created == 1
    finish_all(conn)
    assert advance(conn, due, [due.next_at], due.now + HOUR) == NOTHING
    assert count(conn) == 1


def test_not_if_it_was_changed_meanwhile(conn: Connection) -> None:
    due = due_now(conn)
    cron(conn, payload={"n": 2})
    assert advance(conn, due, [due.next_at], due.now + HOUR) == NOTHING
    assert advance(conn, replace(due, revision=2), [], due.now + HOUR).advanced == 1


def test_not_before_it_is_due(conn: Connection) -> None:
    due = due_now(conn)
    advance(conn, due, [], due.now + HOUR)
    ahead = replace(due, next_at=due.now + HOUR)
    assert advance(conn, ahead, [], due.now + 2 * HOUR) == NOTHING


def test_no_tick_will_follow(conn: Connection) -> None:
    due = due_now(conn)
    assert advance(conn, due) == ScheduleAdvance(1, 0, None)
    assert state(conn).next_at is None
    assert calls.run_due_schedules(conn).cron_wait is None


def test_an_error_is_kept_and_it_is_due_again_later(conn: Connection) -> None:
    due, other = due_now(conn), due_now(conn, name="T")
    plans = [
        PlannedTicks(due, error="no such zone"),
        PlannedTicks(other, [other.next_at], due.now + HOUR),
    ]
    assert calls.advance_schedules(conn, plans) == ScheduleAdvance(1, 1, "no such zone")
    found = state(conn)
    assert (found.last_error, found.next_at) == ("no such zone", due.next_at)
    assert calls.due_schedules(conn) == []
    execute(conn, f"UPDATE {conn.prefix}schedule SET due_at = {now(conn)} WHERE schedule = 'S'")
    assert advance(conn, due, [], due.now + HOUR).advanced == 1
    assert state(conn).last_error is None


def test_ticks_that_do_not_overlap(conn: Connection) -> None:
    due = due_now(conn, overlap="skip", misfire="all")
    two = [due.next_at, due.next_at + HOUR]
    assert advance(conn, due, two, due.now + HOUR).created == 1
    assert state(conn).last_at == due.next_at


def test_one_that_cannot_create_its_task_holds_up_no_other(conn: Connection) -> None:
    due = [due_now(conn, name=f"S{n}", queue=f"Q{n}") for n in range(3)]
    execute(conn, f"UPDATE {conn.prefix}schedule SET interval_seconds = 0 WHERE schedule = 'S1'")
    plans = [PlannedTicks(one, [one.next_at], one.now + HOUR) for one in due]
    done = calls.advance_schedules(conn, plans)
    assert (done.advanced, done.created) == (2, 2)
    found = state(conn, "S1")
    assert found.next_at == due[1].next_at
    assert found.last_error is not None
    assert "in_interval" in found.last_error
    assert found.last_error in (done.error or "")
    assert count(conn) == 2
    assert calls.due_schedules(conn) == [], "it is tried again a little later"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"namespace": None}, "namespace"),
        ({"schedule": None}, "schedule"),
        ({"revision": None}, "revision"),
        ({"next_at": None}, "next_at"),
        ({"next_at": "2026-02-30T00:00:00Z"}, "next_at"),
        ({"next_at": "2026-11-29 10:00:00"}, "next_at"),
        ({"following_at": "soon"}, "following_at"),
        ({"following_at": "2020-01-01T00:00:00Z"}, "following_at"),
        ({"ticks": [1]}, "ticks"),
        ({"ticks": [None]}, "ticks"),
        ({"ticks": ["tomorrow"]}, "ticks"),
        ({"ticks": ["2020-01-01T00:00:00Z"]}, "ticks"),
        ({"ticks": ["2999-01-01T00:00:00Z"]}, "ticks"),
    ],
    ids=str,
)
def test_elements_that_are_refused(conn: Connection, changed: dict[str, Any], word: str) -> None:
    due = due_now(conn)
    given = {
        "namespace": "default",
        "schedule": "S",
        "revision": 1,
        "next_at": ticks.text_of(due.next_at),
    }
    with refused(conn, InvalidArgument, "in_schedules, element 2: ", word):
        call(conn, "advance_schedules", json.dumps([given, given | changed]))
    assert calls.due_schedules(conn) == [due]


def test_ticks_are_before_the_one_that_follows_and_not_too_many(conn: Connection) -> None:
    due = due_now(conn)
    for wrong in ([due.next_at + HOUR], [due.next_at] * (LIMIT["catch_up"] + 1)):
        with refused(conn, InvalidArgument, "element 1: ticks"):
            advance(conn, due, wrong, due.next_at + HOUR)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "{}",
        "nonsense",
        "[1]",
        str([{}] * (LIMIT["rows"] + 1)),
        "[" + " " * LIMIT["due"] + "]",
    ],
    ids=lambda value: str(value)[:8],
)
def test_what_is_refused(conn: Connection, given: str | None) -> None:
    with refused(conn, InvalidArgument, "in_schedules"):
        call(conn, "advance_schedules", given)


def test_inside_a_transaction(conn: Connection) -> None:
    due = due_now(conn)
    conn.set_autocommit(False)
    calls.create(conn, "n", {}, 60, "Q")
    with pytest.raises(TransactionOpen):
        advance(conn, due, [], due.now + HOUR)
    conn.rollback()
    conn.set_autocommit(True)
