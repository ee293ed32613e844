"""The locks that a connection holds, and calls that lock a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from testing import ended, new, query, started

from qtask_db import Connection, calls
from qtask_db.constants import Status

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


def locked_ids(found: dict[str, set[tuple[str, str]]]) -> set[int]:
    """The tasks whose rows are locked. A lock of a gap beside them is an error."""
    for index, entries in found.items():
        for mode, data in entries:
            gapless = "REC_NOT_GAP" in mode or "INSERT_INTENTION" in mode
            assert gapless, f"{mode} lock of a gap before {data} in {index}"
    return {int(data) for _, data in found.get("PRIMARY", ())}


SETTINGS = ("REPEATABLE READ", "READ COMMITTED")
OF_SCHEDULES = {
    "set_schedule", "remove_schedule", "pause_schedule", "resume_schedule", "run_schedule",
    "run_due_schedules", "due_schedules", "advance_schedule",
}  # fmt: skip
"""Their budgets are in test_schedule_locks.py."""


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
    "extend_task": (started, lambda c, t: calls.extend(c, t, 1)),
    "cancel_task": (new, calls.cancel),
    "retry_task": (lambda c: ended(c, Status.FAILED), calls.retry),
}


WAITING = (
    "requesting_thread_id = "
    "(SELECT thread_id FROM performance_schema.threads WHERE processlist_id = {})"
)
