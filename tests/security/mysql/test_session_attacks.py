"""Sessions that an application may choose, to the harm of tasks, and calls that are killed."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from testing import count, execute, new, query, until

from qtask_db import AttemptEnd, Connection, NewTask, calls
from qtask_db.errors import DatabaseUnavailable

Account = Callable[..., Connection]

UNCHECKED = "SET SESSION unique_checks = 0, foreign_key_checks = 0"
ORPHANS = "SELECT task_id FROM qtask_task WHERE queue_id NOT IN (SELECT queue_id FROM qtask_queue)"


@pytest.mark.parametrize("autocommit", [True, False])
def test_checks_that_are_off_lose_no_task(
    conn: Connection, account: Account, autocommit: bool
) -> None:
    """MariaDB fills an empty table in bulk then, and drops all of it at the first duplicate."""
    own = account("app", autocommit=autocommit)
    execute(own, UNCHECKED)
    for table in ("task", "queue"):
        execute(conn, f"TRUNCATE TABLE qtask_{table}")
    made = calls.create_many(own, [NewTask("job", {}, 60, "Q", order_no="1")] * 3)
    own.commit()
    assert [task.created for task in made] == [True, False, False]
    assert query(conn, "SELECT task_id FROM qtask_task") == [(made[0].task_id,)]
    again = calls.create(own, "job", {}, 60, "Q", order_no="1")
    assert (again.task_id, again.created) == (made[0].task_id, False)


@pytest.mark.parametrize("creation", ["single", "bulk"])
def test_checks_that_are_off_keep_nobody_waiting(
    conn: Connection, account: Account, creation: str
) -> None:
    calls.create(conn, "job", {}, 60, "Q")
    execute(conn, "TRUNCATE TABLE qtask_task")
    own, other = account("app", autocommit=False), account("app", name="other_app")
    execute(own, UNCHECKED)
    execute(other, "SET SESSION innodb_lock_wait_timeout = 1")
    if creation == "single":
        calls.create(own, "job", {}, 60, "Q")
    else:
        calls.create_many(own, [NewTask("job", {}, 60, "Q")] * 2)
    other.dialect.call(other.raw, "qtask_", "create_task", ("job", "{}", 60, "Q"), {})
    own.rollback()
    assert count(conn) == 1


@pytest.mark.parametrize("creation", ["single", "bulk"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_queue_whose_registration_is_rolled_back(
    conn: Connection, account: Account, creation: str, autocommit: bool
) -> None:
    """A session that reads uncommitted rows must not create tasks of a queue that is not there."""
    first = account("app", autocommit=False)
    second = account("app", name="other_app", autocommit=autocommit)
    execute(second, "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
    calls.create(first, "job", {}, 60, "UNCOMMITTED")
    new_task = NewTask("job", {}, 60, "UNCOMMITTED")
    failed: list[Exception] = []

    def create() -> None:
        try:
            if creation == "bulk":
                calls.create_many(second, [new_task] * 2)
            else:
                calls.create(second, "job", {}, 60, "UNCOMMITTED")
            second.commit()
        except Exception as error:
            failed.append(error)

    thread = Thread(target=create)
    thread.start()
    until(lambda: waits(conn) or not thread.is_alive())
    first.rollback()
    thread.join(25)
    assert not failed
    assert query(conn, ORPHANS) == []
    assert count(conn) == (2 if creation == "bulk" else 1)


def waits(conn: Connection) -> bool:
    """Whether a transaction waits for a row."""
    ((_, waiting),) = query(conn, "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
    return int(waiting) > 0


# Calls of one statement and of many, with autocommit on, while another session has what they want.
KILLED: dict[str, Callable[[Connection, list[int]], Any]] = {
    "create_task": lambda own, _: calls.create(own, "job", {}, 60, "Q", order_no="taken"),
    "create_tasks": lambda own, _: calls.create_many(
        own, [NewTask("job", {}, 60, q, order_no=n) for q, n in (("NEW", "free"), ("Q", "taken"))]
    ),
    "start_task": lambda own, ids: calls.processing(own, ids[0], 1),
    "start_tasks": lambda own, ids: calls.processing_many(own, [(i, 1) for i in sorted(ids)]),
    "finish_tasks": lambda own, ids: calls.finish_many(own, [(i, None) for i in sorted(ids)]),
    "return_tasks": lambda own, ids: calls.return_many(own, [(i, None) for i in sorted(ids)]),
    "end_attempts": lambda own, ids: calls.end_many(
        own, "w", [AttemptEnd(i, 1, "fail") for i in sorted(ids)]
    ),
    "fail_task": lambda own, ids: calls.fail(own, ids[0], 1),
}


@pytest.mark.parametrize("how", ["QUERY", "CONNECTION"])
@pytest.mark.parametrize("verb", KILLED)
def test_a_call_that_is_killed_leaves_nothing_half_done(
    conn: Connection,
    connect: Callable[..., Connection],
    account: Account,
    verb: str,
    how: str,
) -> None:
    ids = [new(conn, order_no=None) for _ in range(2)]
    ids.reverse()  # the last one is locked: the call has changed the first one then
    if verb in ("finish_tasks", "return_tasks", "end_attempts", "fail_task"):
        calls.processing_many(conn, [(task_id, 1) for task_id in ids])
    before = query(conn, "SELECT * FROM qtask_task ORDER BY task_id")
    holder = connect(autocommit=False)
    calls.create(holder, "job", {}, 60, "Q", order_no="taken")
    query(holder, f"SELECT task_id FROM qtask_task WHERE task_id = {ids[0]} FOR UPDATE")
    own = account("app")
    errors: list[Exception] = []

    def call() -> None:
        try:
            KILLED[verb](own, ids)
        except DatabaseUnavailable as error:
            errors.append(error)

    thread = Thread(target=call)
    thread.start()
    until(lambda: waits(conn))
    execute(conn, f"KILL {how} {own.raw.thread_id()}")
    thread.join(25)
    holder.rollback()
    assert len(errors) == 1
    if how == "QUERY":
        later = new(own)
        assert query(conn, f"SELECT 1 FROM qtask_task WHERE task_id = {later}"), (
            "it is not committed"
        )
        execute(conn, f"DELETE FROM qtask_task WHERE task_id > {max(ids)}")
    until(lambda: query(conn, "SELECT * FROM qtask_task ORDER BY task_id") == before)


def test_who_hides_the_queues_by_a_temporary_table_harms_no_other_task(
    conn: Connection, account: Account
) -> None:
    """It takes a privilege that no role has; docs/reference/sessions.md says what it can do."""
    theirs = new(conn, "THEIRS")
    before = query(conn, "SELECT * FROM qtask_task ORDER BY task_id")
    own = account("app")
    columns = "queue_id INT, namespace VARCHAR(64), queue VARCHAR(128), paused_at DATETIME(3)"
    more = "removed_at DATETIME(3), direct TINYINT DEFAULT 0"
    hidden = f"CREATE TEMPORARY TABLE qtask_queue ({columns}, {more})"
    with pytest.raises(Exception, match="denied"):
        execute(own, hidden)
    ((schema,),) = query(conn, "SELECT DATABASE()")
    execute(conn, f"GRANT CREATE TEMPORARY TABLES ON {schema}.* TO only_app@'%'")
    own = account("app")
    execute(own, hidden)
    execute(own, "INSERT INTO qtask_queue VALUES (2000000000, 'default', 'Q', NULL, NULL, 0)")
    task = calls.create(own, "job", {}, 60, "Q")
    assert query(conn, ORPHANS) == [(task.task_id,)]
    assert query(conn, f"SELECT * FROM qtask_task WHERE task_id = {theirs}") == before
    assert {one.queue for one in calls.stats(conn)} == {"THEIRS"}
