"""A call that is refused locks the refused row at most, and a task that is not there not at all."""

from __future__ import annotations

import pytest
from held import CHANGES, Connect, locked_ids, locks
from testing import ended, execute, new, query, started

from qtask_db import Connection, calls
from qtask_db.constants import ERROR, Status
from qtask_db.errors import ProcedureError

pytestmark = pytest.mark.usefixtures("data_locks")


@pytest.mark.parametrize("change", CHANGES)
def test_a_refusal_locks_the_refused_row_at_most(
    conn: Connection, own: Connection, change: str
) -> None:
    make, verb = CHANGES[change]
    wrong = new if make is not new else (lambda c: ended(c, Status.CANCELLED))
    new(conn)
    task_id = wrong(conn)
    new(conn)
    if change.endswith("s"):
        verb(own, task_id)
    else:
        with pytest.raises(ProcedureError):
            verb(own, task_id)
    assert locked_ids(locks(conn, own)) <= {task_id}
    own.rollback()


def refuse(change: str, own: Connection, task_id: int) -> None:
    """Makes a call that must change nothing."""
    verb = CHANGES[change][1]
    if change.endswith("s"):
        verb(own, task_id)
    else:
        with pytest.raises(ProcedureError):
            verb(own, task_id)


@pytest.mark.parametrize("change", CHANGES)
def test_a_task_that_is_not_there_locks_nothing(
    conn: Connection, own: Connection, change: str
) -> None:
    """Else the place behind the last row, and with it every creation."""
    task_id = new(conn)
    for absent in (task_id + 1000, -1):
        refuse(change, own, absent)
        assert locks(conn, own) == {}
        own.rollback()


RUNS = [c for c in CHANGES if c not in ("cancel_task", "retry_task")]


@pytest.mark.parametrize("change", RUNS)
@pytest.mark.parametrize("way", ["first", "later", "begun"])
def test_an_attempt_that_is_not_the_right_one_locks_nothing(
    conn: Connection, connect: Connect, change: str, way: str
) -> None:
    """Else the row of the consumer that has it."""
    own = connect(autocommit=way == "begun")
    task_id = started(conn)
    if not change.startswith("start"):
        calls.processing(conn, task_id, 2)
    if way == "begun":
        execute(own, "START TRANSACTION")
    if way != "first":
        query(own, f"SELECT COUNT(*) FROM {own.prefix}queue")
    refuse(change, own, task_id)
    assert locks(conn, own) == {}
    calls.extend(conn, task_id, 1 if change.startswith("start") else 2)
    own.rollback()


def test_many_of_which_some_are_refused_lock_the_others(conn: Connection, own: Connection) -> None:
    good, bad, gone = started(conn), started(conn), started(conn)
    calls.processing(conn, bad, 2)
    calls.finish(conn, gone, 1)
    calls.purge(conn)
    given = [(good, 1), (bad, 1), (gone, 1), (gone + 1000, None)]
    refused = {(r.task_id, r.attempt): r.number for r in calls.finish_many(own, given)}
    assert refused == {
        (bad, 1): ERROR["stale_attempt"],
        (gone, 1): ERROR["task_not_found"],
        (gone + 1000, None): ERROR["task_not_found"],
    }
    assert locked_ids(locks(conn, own)) == {good}
    own.rollback()
