"""The locks that a connection holds, and calls that lock a row."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from testing import ended, execute, new, query, started, until

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.models import AttemptEnd

Connect = Callable[..., Connection]


def locks(
    watcher: Connection, owner: Connection | int, table: str = "task"
) -> dict[str, set[tuple[str, str]]]:
    """By index: mode and key of each record lock that a connection holds or waits for."""
    thread = owner if isinstance(owner, int) else owner.raw.thread_id()
    rows = query(
        watcher,
        "SELECT index_name, lock_mode, lock_data FROM performance_schema.data_locks AS held "
        "JOIN performance_schema.threads USING (thread_id) "
        f"WHERE processlist_id = {thread} AND lock_type = 'RECORD' "
        f"AND object_name = '{watcher.prefix}{table}' AND object_schema = DATABASE()",
    )
    found: dict[str, set[tuple[str, str]]] = {}
    for index, mode, data in rows:
        found.setdefault(index, set()).add((mode, data))
    return found


def locked_keys(found: dict[str, set[tuple[str, str]]]) -> set[str]:
    """The keys of the rows that are locked. A lock of a gap beside them is an error."""
    for index, entries in found.items():
        for mode, data in entries:
            gapless = "REC_NOT_GAP" in mode or "INSERT_INTENTION" in mode
            assert gapless, f"{mode} lock of a gap before {data} in {index}"
    return {data for _, data in found.get("PRIMARY", ())}


def locked_ids(found: dict[str, set[tuple[str, str]]]) -> set[int]:
    """The tasks whose rows are locked, and nothing beside them."""
    return {int(key) for key in locked_keys(found)}


SETTINGS = ("REPEATABLE READ", "READ COMMITTED")
OF_SCHEDULES = {
    "set_schedule", "remove_schedule", "pause_schedule", "resume_schedule", "run_schedule",
    "run_due_schedules", "due_schedules", "advance_schedules",
}  # fmt: skip
"""Their budgets are in test_schedule_locks.py."""
OF_IMPORTS = {"reserve_ids", "import_tasks"}
"""In test_import_locks.py."""


Change = tuple[Callable[[Connection], int], Callable[[Connection, int], Any]]
CHANGES: dict[str, Change] = {
    "start_task": (new, lambda c, t: calls.processing(c, t, 1)),
    "start_tasks": (new, lambda c, t: calls.processing_many(c, [(t, 1)])),
    "receive_task": (new, lambda c, t: calls.receive(c, t, 1, "Q")),
    "receive_tasks": (new, lambda c, t: calls.receive_many(c, [(t, 1, "Q"), (t, 1, "MAIL")])),
    "finish_task": (started, lambda c, t: calls.finish(c, t, 1)),
    "finish_task_once": (started, lambda c, t: calls.finish_once(c, t, 1)),
    "finish_tasks": (started, lambda c, t: calls.finish_many(c, [(t, 1)])),
    "return_tasks": (started, lambda c, t: calls.return_many(c, [(t, 1)])),
    "fail_task": (started, lambda c, t: calls.fail(c, t, 1, "broken")),
    "reject_task": (started, lambda c, t: calls.reject(c, t, 1, "broken")),
    "snooze_task": (started, lambda c, t: calls.snooze(c, t, 1, 60)),
    "end_attempts": (started, lambda c, t: calls.end_many(c, "w", [AttemptEnd(t, 1, "fail")])),
    "extend_task": (started, lambda c, t: calls.extend(c, t, 1)),
    "cancel_task": (new, calls.cancel),
    "retry_task": (lambda c: ended(c, Status.FAILED), calls.retry),
}


WAITING = (
    "requesting_thread_id = "
    "(SELECT thread_id FROM performance_schema.threads WHERE processlist_id = {})"
)


def hold_up(
    conn: Connection,
    connect: Connect,
    verb: Callable[[Connection], Any],
    event: str = "INSERT",
    table: str = "batch",
    locked: str = "task",
    keys: Callable[[dict[str, set[tuple[str, str]]]], set[Any]] | None = None,
) -> set[Any]:
    """The tasks, or rows of another table, that a procedure that commits by itself has locked once
    it has written to a table.

    A trigger lets it wait for a named lock there.
    """
    blocker, runner = connect(), connect()
    execute(conn, "DROP TRIGGER IF EXISTS hold_up")
    execute(
        conn,
        f"CREATE TRIGGER hold_up AFTER {event} ON {conn.prefix}{table} FOR EACH ROW "
        "SET @held = GET_LOCK('hold up', 30), @released = RELEASE_LOCK('hold up')",
    )
    try:
        assert query(blocker, "SELECT GET_LOCK('hold up', 0)") == [(1,)]
        thread = Thread(target=verb, args=(runner,))
        thread.start()
        waiting = (
            f"SELECT state FROM performance_schema.processlist WHERE id = {runner.raw.thread_id()}"
        )
        until(lambda: query(conn, waiting) == [("User lock",)] or not thread.is_alive())
        assert thread.is_alive(), "it did not wait: the trigger was not reached"
        found = locks(conn, runner, locked)
        query(blocker, "SELECT RELEASE_LOCK('hold up')")
        thread.join(25)
        assert not thread.is_alive()
    finally:
        query(blocker, "SELECT RELEASE_ALL_LOCKS()")
        execute(conn, "DROP TRIGGER hold_up")
    return (keys or locked_ids)(found)
