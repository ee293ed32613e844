"""change_tasks waits for nobody: neither for a row nor, for long, for a key."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from testing import ended, execute, new, row

from qtask_db import Connection, calls
from qtask_db.constants import ERROR, Status

Connect = Callable[..., Connection]


def test_an_order_number_that_is_being_created(conn: Connection, connect: Connect) -> None:
    failed, other = ended(conn, Status.FAILED, order_no="1"), ended(conn, Status.FAILED)
    own = connect(autocommit=False)
    new(own, order_no="1")
    began = time.monotonic()
    found = calls.change_tasks(conn, "retry", [failed, other])
    assert time.monotonic() - began < 20
    assert found.changed == 1
    assert [(one.task_id, one.number) for one in found.skipped] == [
        (failed, ERROR["duplicate_order"])
    ]
    own.rollback()
    assert calls.change_tasks(conn, "retry", [failed]).changed == 1


def test_an_order_number_that_is_taken_meanwhile(conn: Connection) -> None:
    """A trigger takes it between the look and the change."""
    failed, other = ended(conn, Status.FAILED, order_no="1"), ended(conn, Status.FAILED)
    new(conn, order_no="1", name="late")
    table = f"{conn.prefix}task"
    execute(
        conn,
        f"CREATE TRIGGER late BEFORE UPDATE ON {table} FOR EACH ROW "
        "SET NEW.name = IF(NEW.status = 20, 'late', NEW.name)",
    )
    try:
        found = calls.change_tasks(conn, "retry", [failed, other])
    finally:
        execute(conn, "DROP TRIGGER late")
    assert found.changed == 0
    assert {one.number for one in found.skipped} == {ERROR["task_busy"]}
    assert calls.change_tasks(conn, "retry", [failed, other]).changed == 2


def test_an_order_number_whose_task_is_about_to_end(conn: Connection, connect: Connect) -> None:
    failed = ended(conn, Status.FAILED, order_no="1")
    active = new(conn, order_no="1")
    own = connect(autocommit=False)
    calls.cancel(own, active)
    (skipped,) = calls.change_tasks(conn, "retry", [failed]).skipped
    assert skipped.number == ERROR["duplicate_order"], "it may still be active in the end"
    own.commit()
    assert calls.change_tasks(conn, "retry", [failed]).changed == 1


def test_an_index_of_the_users_own_is_no_order_number(conn: Connection) -> None:
    first, second = (ended(conn, Status.FAILED, name=name) for name in ("a", "b"))
    execute(conn, f"ALTER TABLE {conn.prefix}task ADD UNIQUE INDEX own_due (queue_id, due_at)")
    try:
        with pytest.raises(Exception, match="own_due"):
            calls.change_tasks(conn, "retry", [first, second])
        assert row(conn, first)["status"] == Status.FAILED
    finally:
        execute(conn, f"ALTER TABLE {conn.prefix}task DROP INDEX own_due")
