"""change_tasks waits for nobody: neither for a row nor, for long, for a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from testing import ended, execute, new, query, row

from qtask_db import Connection, calls
from qtask_db.constants import ERROR, Status

Connect = Callable[..., Connection]
TIMEOUT = "SELECT @@innodb_lock_wait_timeout"


@pytest.fixture
def patient(conn: Connection) -> Iterator[Connection]:
    """It would wait for a lock for long."""
    execute(conn, "SET SESSION innodb_lock_wait_timeout = 40")
    yield conn
    assert query(conn, TIMEOUT) == [(40,)], "the session's own value"
    execute(conn, "SET SESSION innodb_lock_wait_timeout = DEFAULT")


def test_an_order_number_that_is_being_created(patient: Connection, connect: Connect) -> None:
    failed, other = ended(patient, Status.FAILED, order_no="1"), ended(patient, Status.FAILED)
    own = connect(autocommit=False)
    new(own, order_no="1")
    began = time.monotonic()
    found = calls.change_tasks(patient, "retry", [failed, other])
    assert time.monotonic() - began < 20
    assert found.changed == 0
    assert {one.number for one in found.skipped} == {ERROR["task_busy"]}
    assert len(found.skipped) == 2
    assert calls.change_tasks(patient, "retry", [other]).changed == 1
    own.commit()
    (skipped,) = calls.change_tasks(patient, "retry", [failed]).skipped
    assert skipped.number == ERROR["duplicate_order"]


def test_an_order_number_whose_task_is_about_to_end(patient: Connection, connect: Connect) -> None:
    failed = ended(patient, Status.FAILED, order_no="1")
    active = new(patient, order_no="1")
    own = connect(autocommit=False)
    calls.cancel(own, active)
    (skipped,) = calls.change_tasks(patient, "retry", [failed]).skipped
    assert skipped.number == ERROR["duplicate_order"], "it may still be active in the end"
    own.commit()
    assert calls.change_tasks(patient, "retry", [failed]).changed == 1


def test_an_index_of_the_users_own_is_no_order_number(patient: Connection) -> None:
    first, second = (ended(patient, Status.FAILED, name=name) for name in ("a", "b"))
    execute(
        patient, f"ALTER TABLE {patient.prefix}task ADD UNIQUE INDEX own_due (queue_id, due_at)"
    )
    try:
        with pytest.raises(Exception, match="own_due"):
            calls.change_tasks(patient, "retry", [first, second])
        assert row(patient, first)["status"] == Status.FAILED
    finally:
        execute(patient, f"ALTER TABLE {patient.prefix}task DROP INDEX own_due")
