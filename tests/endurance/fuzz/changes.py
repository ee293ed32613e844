"""Whether a call that was accepted has changed what it may change, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from qtask_db.constants import Status

from . import inputs, staging
from .inputs import Input

OF_QUEUES = {"pause_queue", "resume_queue", "remove_queue", "set_delivery"}
Rows = list[tuple[Any, ...]]
Content = tuple[Rows, Rows, Rows]
"""The rows of tasks, batches and queues."""
COLUMNS = {
    "task": "task_id, queue_id, status, name, payload, lane, attempts, attempts_before, max_count, "
    "interval_seconds, delete_deadline, batch_id, created_at, deadline_at, due_at, started_at, "
    "ended_at, order_no, order_key, active, last_error, lapses",
    "batch": "batch_id, relay, lapses_at, task_ids",
    "queue": "queue_id, queue, namespace, paused_at, direct",
}
_COLUMN = {name: place for place, name in enumerate(COLUMNS["task"].split(", "))}


def change_fault(made: Input, before: Content, after: Content, rows: Rows) -> str | None:
    """Only what the call names has changed, and what was given is stored as it was given."""
    if made.verb in inputs.READING:
        return None if after == before else "reading has changed something"
    old, new = ({row[0]: row for row in content[0]} for content in (before, after))
    if made.verb not in inputs.CREATING | inputs.BULK_CREATING:
        new = _without_follow_ups(old, new)
        after = ([*new.values()], *after[1:])
    changed = {task_id for task_id in old if new.get(task_id) != old[task_id]}
    if made.verb in ("scan_tasks", "redrive_tasks", "expire_tasks", "purge_tasks", "release_batch"):
        return None if new.keys() <= old.keys() else "tasks came into being"
    if made.verb == "take_tasks":
        return _take_fault(before, after, rows[1:])
    if strange := changed - made.task_ids:
        return f"tasks that it does not name have changed: {strange}"
    if made.verb == "receive_task" and changed and _others(made, after, changed):
        return "a task of another queue was started"
    created = new.keys() - old.keys()
    if made.verb in inputs.TICKING:
        return "tasks that it does not name have changed" if changed else None
    if created and made.verb not in inputs.CREATING | inputs.BULK_CREATING:
        return "tasks came into being"
    if made.verb in inputs.CREATING and created:
        return _store_fault(made, after, rows[0][0])
    if made.verb in OF_QUEUES and len(set(after[2]) - set(before[2])) > 1:
        return "other queues have changed"
    return None


def _without_follow_ups(
    old: dict[int, tuple[Any, ...]], new: dict[int, tuple[Any, ...]]
) -> dict[int, tuple[Any, ...]]:
    """The tasks but those that the failure of one has created, as its on_failure asks for."""
    status, payload = _COLUMN["status"], _COLUMN["payload"]
    failed = {
        task_id
        for task_id, row in new.items()
        if task_id in old
        and row[status] != old[task_id][status]
        and row[status] in (Status.FAILED, Status.CANCELLED)
    }
    return {
        task_id: row
        for task_id, row in new.items()
        if task_id in old
        or not str(row[payload]).startswith('{"failed_task"')
        or json.loads(row[payload])["failed_task"]["task_id"] not in failed
    }


def _take_fault(before: Content, after: Content, rows: Rows) -> str | None:
    """What it has started is what it returns, of open direct queues; others it has only failed."""
    old, new = ({row[0]: row for row in content[0]} for content in (before, after))
    if new.keys() != old.keys():
        return "tasks came or went"
    status, attempts = _COLUMN["status"], _COLUMN["attempts"]
    changed = [row for row in new.values() if row != old[row[0]]]
    started = {row[0] for row in changed if row[attempts] == old[row[0]][attempts] + 1}
    if started != {row[0] for row in rows}:
        return f"it has started {started}"
    if any(row[1] != new[row[0]][attempts] or row[4] != new[row[0]][4] for row in rows):
        return "an attempt or a payload is not the task's"
    if any(row[status] != Status.FAILED for row in changed if row[0] not in started):
        return "it has changed tasks that it has neither started nor failed"
    queues = {row[0] for row in before[2] if row[4] and row[3] is None}
    return None if {row[1] for row in changed} <= queues else "a queue is paused or not direct"


def _others(made: Input, after: Content, changed: set[int]) -> bool:
    """Whether one of them belongs to another queue than the call names."""
    queues = {row[0]: row[1] for row in after[2]}
    named = [queues[row[1]] for row in after[0] if row[0] in changed]
    return not all(_same(made, "in_queue", queue) for queue in named)


def _store_fault(made: Input, after: Content, task_id: int) -> str | None:
    _, queue_id, status, name, payload, *_ = next(r for r in after[0] if r[0] == task_id)
    queue = next(row[1] for row in after[2] if row[0] == queue_id)
    if status != Status.WAITING:
        return f"the new task has the status {status}"
    stored = {"in_name": name, "in_payload": payload, "in_queue": queue}
    for place, found in stored.items():
        if not _same(made, place, found):
            return f"{place} is stored as {found!r:.200}"
    return None


def _same(made: Input, place: str, found: str) -> bool:
    """A number for a text is the driver's and the server's to write."""
    given = made.given[place]
    if isinstance(given, bytes):
        return given == found.encode()
    if (
        isinstance(given, str)
        and not given.isascii()
        and staging.LOSSY & staging.names(made.settings)
    ):
        return True
    return not isinstance(given, str) or given == found
