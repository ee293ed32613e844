"""Calls of a relay: it claims due tasks, says that they are in Redis, and cleans up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtask_db.calls.arguments import check_numbers, check_texts, json_names, seconds_of
from qtask_db.constants import DEFAULT
from qtask_db.database import bind
from qtask_db.models import Batch, Message


def scan(
    conn: Any,
    relay: str,
    *,
    limit: int = 1000,
    lease: int = DEFAULT["batch_lease"],
    namespace: str | None = None,
    held: Sequence[str] = (),
) -> Batch:
    """Claims at most `limit` due tasks for `lease` seconds; push their messages, then `confirm`.

    `relay`: the name of the caller. `namespace`: None is all. `held`: queues that are held back
    now; their tasks stay. Calls scan_tasks. Raises TransactionOpen.
    """
    check_texts(in_relay=relay, in_namespace=namespace)
    check_numbers(in_limit=limit, in_lease=lease)
    (batch_id, wait_ms), rows = bind(conn).call(
        "scan_tasks", relay, limit, lease, namespace, json_names(held)
    )
    messages = [
        Message(int(task_id), int(attempt), queue, payload)
        for task_id, attempt, queue, payload in rows
    ]
    return Batch(None if batch_id is None else int(batch_id), messages, seconds_of(wait_ms))


def next_due(conn: Any, namespace: str | None = None, held: Sequence[str] = ()) -> float | None:
    """Returns the seconds until a task is due: 0 if one is, None if no task is active. Calls
    next_due.
    """
    check_texts(in_namespace=namespace)
    (wait_ms,), _ = bind(conn).call("next_due", namespace, json_names(held))
    return seconds_of(wait_ms)


def confirm(conn: Any, batch_id: int, relay: str) -> None:
    """Records that a batch is in Redis. Calls confirm_batch. Raises BatchNotFound or
    TransactionOpen.
    """
    check_numbers(in_batch_id=batch_id)
    check_texts(in_relay=relay)
    bind(conn).call("confirm_batch", batch_id, relay)


def release(conn: Any, batch_id: int, relay: str) -> None:
    """Makes the tasks of a batch that was not pushed due again. Calls release_batch. Raises
    BatchNotFound or TransactionOpen.
    """
    check_numbers(in_batch_id=batch_id)
    check_texts(in_relay=relay)
    bind(conn).call("release_batch", batch_id, relay)


def expire(conn: Any, limit: int = 1000) -> int:
    """Marks at most `limit` overdue tasks as failed: their deadline has passed, or their attempts
    are used up. Returns how many. Calls expire_tasks. Raises TransactionOpen.
    """
    check_numbers(in_limit=limit)
    (expired,), _ = bind(conn).call("expire_tasks", limit)
    return int(expired)


def purge(conn: Any, limit: int = 1000) -> int:
    """Deletes at most `limit` terminal tasks that have been kept long enough; returns how many.
    Calls purge_tasks. Raises TransactionOpen.
    """
    check_numbers(in_limit=limit)
    (deleted,), _ = bind(conn).call("purge_tasks", limit)
    return int(deleted)
