"""innodb_snapshot_isolation, on by default from MariaDB 11.6 on.

In REPEATABLE READ nobody may change, or lock, a row that others have changed since the
transaction's snapshot. The server then rolls the transaction back (1020).
"""

from __future__ import annotations

from collections.abc import Callable

import pymysql
import pytest
from testing import content, count, execute, new, query, row, started

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import Status
from qtask_db.errors import Conflict

Connect = Callable[..., Connection]
JOB = ("job", {}, 60)
UNKNOWN_VARIABLE = 1193


@pytest.fixture
def own(connect: Connect) -> Connection:
    conn = connect(autocommit=False)
    try:
        execute(conn, "SET SESSION innodb_snapshot_isolation = ON")
    except pymysql.MySQLError as error:
        if error.args[0] != UNKNOWN_VARIABLE:
            raise
        pytest.skip("this server has no innodb_snapshot_isolation: --engine mariadb")
    conn.commit()
    return conn


def test_creations_meet_no_conflict(conn: Connection, own: Connection) -> None:
    new(conn, "OLD")
    content(own)
    first = new(conn, "NEW", order_no="1")
    assert calls.create(own, *JOB, "NEW").created
    assert calls.create(own, *JOB, "OLD").created
    assert calls.create(own, *JOB, "NEW", order_no="1").task_id == first
    made = calls.create_many(own, [NewTask(*JOB, "NEW"), NewTask(*JOB, "OLD", order_no="2")])
    assert all(t.created for t in made)
    own.commit()
    assert count(conn) == 6
    assert count(conn, "queue") == 2


def test_a_duplicate_that_was_started_since(conn: Connection, own: Connection) -> None:
    task_id = new(conn, order_no="1", name="job")
    content(own)
    calls.processing(conn, task_id, 1)
    assert calls.create(own, *JOB, "Q", order_no="1").task_id == task_id
    own.rollback()


def test_whose_transaction_begins_with_the_call_meets_none(
    conn: Connection, own: Connection
) -> None:
    task_id = new(conn)
    assert calls.processing(own, task_id, 1) == 1
    own.commit()
    calls.finish(own, task_id, 1)
    own.commit()
    calls.finish(own, task_id, 1)
    own.commit()
    assert row(conn, task_id)["status"] == Status.FINISHED


CHANGES = {
    "start what was created since": lambda c, _, t: calls.processing(c, t, 1),
    "start what was started since": lambda c, t, _: calls.processing(c, t, 2),
    "finish what was finished since": lambda c, t, _: calls.finish(c, t, 1),
    "resume what was paused since": lambda c, _, __: calls.resume(c, "Q"),
    "register a queue, and one that was since": lambda c, _, __: calls.create_many(
        c, [NewTask(*JOB, "OTHER"), NewTask(*JOB, "SINCE")]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_others_have_changed_since_is_a_conflict(
    conn: Connection, own: Connection, change: str
) -> None:
    """Which undoes the whole transaction, so that the caller can begin it again."""
    task_id = started(conn)
    content(own)
    mine = new(own, "OWN")
    later = new(conn)
    new(conn, "SINCE")
    calls.pause(conn, "Q")
    if "finish" in change:
        calls.finish(conn, task_id, 1)
    if "started" in change:
        calls.extend(conn, task_id, 1)
    with pytest.raises(Conflict):
        CHANGES[change](own, task_id, later)
    own.commit()
    assert query(conn, f"SELECT 1 FROM {conn.prefix}task WHERE task_id = {mine}") == []
    CHANGES[change](own, task_id, later)
    own.commit()
