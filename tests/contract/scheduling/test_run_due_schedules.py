"""run_due_schedules."""

from __future__ import annotations

import datetime

import pytest
from testing import age_schedules, count, execute, now, query, refused, row
from ticking import cron, every, finish_all, made, state

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import InvalidArgument, TransactionOpen
from qtask_db.scheduling import ticks


def run(conn: Connection) -> int:
    return calls.run_due_schedules(conn).created


def test_a_tick_makes_one_task_and_the_next_one_follows(conn: Connection) -> None:
    every(conn, 60, payload={"n": 1})
    assert run(conn) == 0
    age_schedules(conn, 60)
    tick = state(conn).next_at
    assert tick is not None
    assert run(conn) == 1
    assert run(conn) == 0
    after = state(conn)
    assert (after.last_at, after.next_at) == (tick, tick + datetime.timedelta(seconds=60))
    found = row(conn, after.last_task_id or 0)
    text = ticks.text_of(tick)
    assert found["payload"] == f'{{"tick": "{text}", "n": 1}}'
    assert found["order_no"] == f"schedule:S:{text}"
    assert found["interval_seconds"] == 600
    assert calls.next_due(conn) == 0, "due at once"


def test_it_says_how_long_to_wait(conn: Connection) -> None:
    answer = calls.run_due_schedules(conn)
    assert (answer.created, answer.wait, answer.cron_wait) == (0, None, None)
    every(conn, 60)
    cron(conn, name="C")
    answer = calls.run_due_schedules(conn)
    assert answer.wait is not None
    assert 50 < answer.wait <= 60
    assert answer.cron_wait == 0
    every(conn, 60, name="T")
    age_schedules(conn, 61, "S", "T")
    assert calls.run_due_schedules(conn, limit=1).wait == 0
    answer = calls.run_due_schedules(conn, limit=1)
    assert answer.created == 1
    assert answer.wait


@pytest.mark.parametrize(
    ("misfire", "made_now"), [("skip", 0), ("once", 1), ("all", 5)]
)  # fmt: skip
def test_ticks_that_nobody_ran_in_time(conn: Connection, misfire: str, made_now: int) -> None:
    """A server was away for five hours and a half."""
    every(conn, 3600, misfire=misfire)
    age_schedules(conn, 5 * 3600 + 1800)
    first = state(conn).next_at
    assert first is not None
    hours = [ticks.text_of(first + datetime.timedelta(hours=n)) for n in range(5)]
    assert run(conn) == made_now
    assert made(conn) == hours[5 - made_now :]
    assert state(conn).next_at == first + datetime.timedelta(hours=5)
    age_schedules(conn, 1800 + 5)
    assert run(conn) == 1, "the next one is in time"


def test_skip_runs_the_newest_if_it_is_not_late(conn: Connection) -> None:
    every(conn, 10, misfire="skip")
    age_schedules(conn, 10 + DEFAULT["misfire_after"] - 5)
    assert run(conn) == 1
    assert run(conn) == 0


def test_all_has_a_bound(conn: Connection) -> None:
    every(conn, 1, misfire="all", max_catch_up=3)
    age_schedules(conn, 1000)
    assert run(conn) == 3
    assert len(set(made(conn))) == 3
    last = state(conn)
    assert last.last_at is not None
    assert last.next_at == last.last_at + datetime.timedelta(seconds=1)


def test_ticks_that_do_not_overlap(conn: Connection) -> None:
    every(conn, 60, overlap="skip", misfire="all")
    age_schedules(conn, 300)
    assert run(conn) == 1, "the others came while it was active"
    age_schedules(conn, 60)
    before = state(conn).next_at
    assert run(conn) == 0
    assert state(conn).next_at != before, "the tick is over"
    finish_all(conn)
    age_schedules(conn, 60)
    assert run(conn) == 1


def test_a_task_that_has_ended_does_not_let_a_tick_come_again(conn: Connection) -> None:
    every(conn, 60)
    age_schedules(conn, 60)
    run(conn)
    finish_all(conn)
    assert run(conn) == 0
    assert count(conn) == 1


def test_a_clock_that_is_set_back_makes_no_tick_twice(conn: Connection) -> None:
    every(conn, 60)
    age_schedules(conn, 61)
    assert run(conn) == 1
    age_schedules(conn, -3600)
    assert run(conn) == 0
    age_schedules(conn, 3600 + 61)
    assert run(conn) == 1
    assert len(set(made(conn))) == 2


def test_no_more_schedules_than_asked_for(conn: Connection) -> None:
    for n in range(5):
        every(conn, 60, name=f"S{n}")
    age_schedules(conn, 61)
    assert calls.run_due_schedules(conn, limit=3).created == 3
    assert calls.run_due_schedules(conn, limit=3).created == 2


def test_one_that_cannot_create_its_task_holds_up_no_other(conn: Connection) -> None:
    for n in range(3):
        every(conn, 60, name=f"S{n}")
    age_schedules(conn, 61)
    broken = f"UPDATE {conn.prefix}schedule SET interval_seconds = 0 WHERE schedule = 'S0'"
    execute(conn, broken)
    done = calls.run_due_schedules(conn)
    assert done.created == 2
    assert "in_interval" in (done.error or "")
    assert count(conn) == 2
    assert "in_interval" in (state(conn, "S0").last_error or "")
    execute(conn, f"UPDATE {conn.prefix}schedule SET interval_seconds = 60")
    assert run(conn) == 0, "it is tried again a little later"
    execute(conn, f"UPDATE {conn.prefix}schedule SET due_at = {now(conn)} WHERE schedule = 'S0'")
    assert run(conn) == 1
    assert state(conn, "S0").last_error is None


def test_a_task_with_the_ticks_order_number_is_the_ticks(conn: Connection) -> None:
    found = every(conn, 60)
    age_schedules(conn, 60)
    tick = state(conn).next_at
    assert tick is not None
    assert found.schedule.task == "S"
    order_no = f"schedule:S:{ticks.text_of(tick)}"
    (task,) = calls.create_many(conn, [NewTask("S", {}, 60, "Q", order_no=order_no)])
    run(conn)
    assert count(conn) == 1
    assert state(conn).last_task_id == task.task_id


def test_options_of_the_tasks(conn: Connection) -> None:
    given = {"max_count": 3, "deadline": 100, "delete_deadline": 7, "on_failure": "SAD"}
    every(conn, 60, namespace="n", task="job", **given)
    age_schedules(conn, 61)
    run(conn)
    statement = "SELECT name, max_count, delete_deadline, on_failure, interval_seconds FROM {}task"
    assert query(conn, statement.format(conn.prefix)) == [("job", 3, 7, "SAD", 600)]


def test_what_is_refused(conn: Connection) -> None:
    for limit in (0, LIMIT["rows"] + 1):
        with refused(conn, InvalidArgument, "in_limit"):
            calls.run_due_schedules(conn, limit)


def test_inside_a_transaction(conn: Connection) -> None:
    conn.set_autocommit(False)
    calls.create(conn, "n", {}, 60, "Q")
    with pytest.raises(TransactionOpen):
        calls.run_due_schedules(conn)
    conn.rollback()
    conn.set_autocommit(True)
