"""What the procedures of schedules lock: their row, and no others of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from held import OF_SCHEDULES, Connect, locks
from testing import age_schedules, execute, new

from qtask_db import Connection, Schedule, calls
from qtask_db.errors import ScheduleNotFound

CHANGES: dict[str, Callable[[Connection], Any]] = {
    "set_schedule": lambda c: calls.set_schedule(c, Schedule("S5", "Q", {"n": 1}, every=60)),
    "remove_schedule": lambda c: calls.remove_schedule(c, "S5"),
    "pause_schedule": lambda c: calls.pause_schedule(c, "S5"),
    "resume_schedule": lambda c: calls.resume_schedule(c, "S5"),
    "run_schedule": lambda c: calls.run_schedule(c, "S5"),
}
COMMITTING = {"run_due_schedules", "advance_schedules"}


@pytest.fixture(autouse=True)
def schedules(conn: Connection) -> None:
    for n in (1, 5, 9):
        calls.set_schedule(conn, Schedule(f"S{n}", "Q", every=60))


def test_every_procedure_has_a_budget() -> None:
    assert {*CHANGES, *COMMITTING, "due_schedules"} == OF_SCHEDULES


@pytest.mark.usefixtures("data_locks")
@pytest.mark.parametrize("verb", CHANGES)
def test_a_change_locks_its_row_only(conn: Connection, own: Connection, verb: str) -> None:
    CHANGES[verb](own)
    found = locks(conn, own, "schedule")
    assert {data for _, data in found.pop("PRIMARY")} == {"'default', 'S5'"}
    modes = {mode for entries in found.values() for mode, _ in entries}
    assert all("GAP" not in mode or "REC_NOT" in mode for mode in modes)
    own.rollback()


@pytest.mark.parametrize("verb", CHANGES)
def test_it_holds_up_no_other(conn: Connection, own: Connection, verb: str) -> None:
    age_schedules(conn, 61, "S1", "S9")
    CHANGES[verb](own)
    execute(conn, "SET SESSION innodb_lock_wait_timeout = 1")
    for n in (1, 4, 6, 9, 99):
        calls.set_schedule(conn, Schedule(f"S{n}", "Q", every=60))
    assert calls.run_due_schedules(conn).created == 2
    new(conn)
    execute(conn, "SET SESSION innodb_lock_wait_timeout = DEFAULT")
    own.rollback()


def test_a_runner_passes_over_what_another_has(conn: Connection, own: Connection) -> None:
    age_schedules(conn, 61)
    calls.pause_schedule(own, "S5")
    assert calls.run_due_schedules(conn).created == 2
    own.rollback()
    assert calls.run_due_schedules(conn).created == 1


@pytest.mark.usefixtures("data_locks")
def test_reading_locks_nothing(conn: Connection, own: Connection) -> None:
    calls.due_schedules(own)
    calls.list_schedules(own)
    assert locks(conn, own, "schedule") == {}
    own.rollback()


@pytest.mark.parametrize("verb", ["remove_schedule", "pause_schedule", "run_schedule"])
def test_one_that_is_not_there_does_no_harm(conn: Connection, own: Connection, verb: str) -> None:
    with pytest.raises(ScheduleNotFound):
        getattr(calls, verb)(own, "S4")
    execute(conn, "SET SESSION innodb_lock_wait_timeout = 1")
    age_schedules(conn, 61)
    assert calls.run_due_schedules(conn).created == 3
    execute(conn, "SET SESSION innodb_lock_wait_timeout = DEFAULT")
    own.rollback()


def test_a_lock_that_is_waited_for_loses_no_tick(conn: Connection, connect: Connect) -> None:
    """Somebody registers the queue and does not commit: the runner gives up, the tick comes."""
    calls.set_schedule(conn, Schedule("S1", "LATE", every=60))
    execute(conn, f"DELETE FROM {conn.prefix}queue WHERE queue = 'LATE'")
    other = connect(autocommit=False)
    new(other, "LATE")
    age_schedules(conn, 61)
    runner = connect()
    execute(runner, "SET SESSION innodb_lock_wait_timeout = 1")
    assert calls.run_due_schedules(runner).created == 2, "the others have run"
    other.rollback()
    execute(conn, f"UPDATE {conn.prefix}schedule SET due_at = next_at")
    assert calls.run_due_schedules(conn).created == 1
