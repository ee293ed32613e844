"""advance_schedule."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest
from testing import age_schedules, call, count, execute, now, refused
from ticking import cron, finish_all, made, state

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, ScheduleNotFound, TransactionOpen
from qtask_db.scheduling import DueSchedule, ticks

HOUR = datetime.timedelta(hours=1)


def due_now(conn: Connection, **options: Any) -> DueSchedule:
    cron(conn, **options)
    age_schedules(conn, 7200)
    (due,) = calls.due_schedules(conn)
    return due


def test_its_tasks_are_made_and_it_moves(conn: Connection) -> None:
    due = due_now(conn, payload={"n": 1})
    first, second = due.next_at + HOUR / 2, due.next_at + HOUR
    assert calls.advance_schedule(conn, due, [first, second], due.now + HOUR) == 2
    assert made(conn) == [ticks.text_of(first), ticks.text_of(second)]
    found = state(conn)
    assert (found.last_at, found.next_at) == (second, due.now + HOUR)
    assert found.revision == 1
    assert calls.due_schedules(conn) == []


def test_only_once(conn: Connection) -> None:
    due = due_now(conn)
    assert calls.advance_schedule(conn, due, [due.next_at], due.now + HOUR) == 1
    finish_all(conn)
    assert calls.advance_schedule(conn, due, [due.next_at], due.now + HOUR) is None
    assert count(conn) == 1


def test_not_if_it_was_changed_meanwhile(conn: Connection) -> None:
    due = due_now(conn)
    cron(conn, payload={"n": 2})
    assert calls.advance_schedule(conn, due, [due.next_at], due.now + HOUR) is None
    assert calls.advance_schedule(conn, replace(due, revision=2), [], due.now + HOUR) == 0


def test_not_before_it_is_due(conn: Connection) -> None:
    due = due_now(conn)
    calls.advance_schedule(conn, due, [], due.now + HOUR)
    ahead = replace(due, next_at=due.now + HOUR)
    assert calls.advance_schedule(conn, ahead, [], due.now + 2 * HOUR) is None


def test_no_tick_will_follow(conn: Connection) -> None:
    due = due_now(conn)
    assert calls.advance_schedule(conn, due) == 0
    assert state(conn).next_at is None
    assert calls.run_due_schedules(conn).cron_wait is None


def test_an_error_is_kept_and_it_is_due_again_later(conn: Connection) -> None:
    due = due_now(conn)
    assert calls.advance_schedule(conn, due, error="no such zone") == 0
    found = state(conn)
    assert (found.last_error, found.next_at) == ("no such zone", due.next_at)
    assert calls.due_schedules(conn) == []
    execute(conn, f"UPDATE {conn.prefix}schedule SET due_at = {now(conn)}")
    assert calls.advance_schedule(conn, due, [], due.now + HOUR) == 0
    assert state(conn).last_error is None


def test_ticks_that_do_not_overlap(conn: Connection) -> None:
    due = due_now(conn, overlap="skip", misfire="all")
    two = [due.next_at, due.next_at + HOUR]
    assert calls.advance_schedule(conn, due, two, due.now + HOUR) == 1


def test_if_a_task_cannot_be_created_nothing_is_done(conn: Connection) -> None:
    due = due_now(conn)
    execute(conn, f"UPDATE {conn.prefix}schedule SET interval_seconds = 0")
    with pytest.raises(InvalidArgument, match="in_interval"):
        calls.advance_schedule(conn, due, [due.next_at], due.now + HOUR)
    found = state(conn)
    assert found.next_at == due.next_at
    assert "in_interval" in (found.last_error or "")
    assert count(conn) == 0


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"in_next_at": None}, "in_next_at"),
        ({"in_next_at": "2026-02-30T00:00:00Z"}, "in_next_at"),
        ({"in_next_at": "2026-11-29 10:00:00"}, "in_next_at"),
        ({"in_following_at": "soon"}, "in_following_at"),
        ({"in_following_at": "2020-01-01T00:00:00Z"}, "in_following_at"),
        ({"in_revision": None}, "in_revision"),
        ({"in_schedule": ""}, "in_schedule"),
        ({"in_namespace": " n"}, "in_namespace"),
        ({"in_ticks": None}, "in_ticks"),
        ({"in_ticks": "{}"}, "in_ticks"),
        ({"in_ticks": "nonsense"}, "in_ticks"),
        ({"in_ticks": "[1]"}, "in_ticks"),
        ({"in_ticks": '["tomorrow"]'}, "in_ticks"),
        ({"in_ticks": '["2020-01-01T00:00:00Z"]'}, "in_ticks"),
        ({"in_ticks": '["2999-01-01T00:00:00Z"]'}, "in_ticks"),
        ({"in_ticks": str([""] * (LIMIT["catch_up"] + 1)).replace("'", '"')}, "in_ticks"),
        ({"in_ticks": '["' + "x" * LIMIT["ticks"] + '"]'}, "in_ticks"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(conn: Connection, changed: dict[str, Any], word: str) -> None:
    due = due_now(conn)
    arguments = {
        "in_schedule": "S", "in_revision": 1, "in_next_at": ticks.text_of(due.next_at),
        "in_ticks": "[]", "in_following_at": None, "in_error": None, "in_namespace": None,
    }  # fmt: skip
    with refused(conn, InvalidArgument, word):
        call(conn, "advance_schedule", *(arguments | changed).values())


def test_ticks_must_be_in_their_order(conn: Connection) -> None:
    due = due_now(conn)
    for wrong in ([due.next_at, due.next_at], [due.next_at + HOUR, due.next_at]):
        with refused(conn, InvalidArgument, "in_ticks"):
            calls.advance_schedule(conn, due, wrong, due.now + HOUR)


def test_one_that_is_not_there(conn: Connection) -> None:
    due = due_now(conn)
    with refused(conn, ScheduleNotFound, "in_schedule"):
        calls.advance_schedule(conn, replace(due, name="T"), [], due.now + HOUR)


def test_inside_a_transaction(conn: Connection) -> None:
    due = due_now(conn)
    conn.set_autocommit(False)
    calls.create(conn, "n", {}, 60, "Q")
    with pytest.raises(TransactionOpen):
        calls.advance_schedule(conn, due, [], due.now + HOUR)
    conn.rollback()
    conn.set_autocommit(True)
