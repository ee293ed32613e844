"""Calls of an operator: single tasks and queues, changed by hand."""

from __future__ import annotations

from typing import Any

from qtask_db.calls.arguments import check_numbers, check_texts
from qtask_db.database import bind


def cancel(conn: Any, task_id: int) -> None:
    """Cancels an active task. Calls cancel_task. Raises TaskNotFound or TaskNotActive."""
    check_numbers(in_task_id=task_id)
    bind(conn).call("cancel_task", task_id)


def retry(conn: Any, task_id: int, deadline: int | None = None) -> None:
    """Makes a failed or cancelled task active again. Calls retry_task.

    `deadline`: seconds from now; None is seven days.

    Raises TaskNotFound, TaskNotRetryable or DuplicateOrder.
    """
    check_numbers(in_task_id=task_id, in_deadline=deadline)
    bind(conn).call("retry_task", task_id, deadline)


def pause(conn: Any, queue: str, namespace: str | None = None) -> None:
    """Pauses a queue: no relay claims its tasks. They still expire. Calls pause_queue. Raises
    QueueNotAllowed or TooManyQueues if the queue would be a new one.
    """
    check_texts(in_queue=queue, in_namespace=namespace)
    bind(conn).call("pause_queue", queue, namespace)


def resume(conn: Any, queue: str, namespace: str | None = None) -> None:
    """Resumes a paused queue: relays claim its tasks again. Calls resume_queue. Raises
    QueueNotAllowed or TooManyQueues if the queue would be a new one.
    """
    check_texts(in_queue=queue, in_namespace=namespace)
    bind(conn).call("resume_queue", queue, namespace)


def set_delivery(conn: Any, queue: str, delivery: str, namespace: str | None = None) -> None:
    """Chooses how a queue's tasks reach their consumers: `redis`, by messages, or `direct`, by
    `take`. Calls set_delivery. Raises QueueNotAllowed or TooManyQueues if the queue would be a new
    one.
    """
    check_texts(in_queue=queue, in_delivery=delivery, in_namespace=namespace)
    bind(conn).call("set_delivery", queue, delivery, namespace)


def remove_queue(conn: Any, queue: str, namespace: str | None = None) -> bool:
    """Removes a queue that has no active task; a creation registers it again. Calls remove_queue.

    Returns whether its row was deleted, which a call a day later does at the earliest. Raises
    QueueNotFound, QueueInUse or TransactionOpen.
    """
    check_texts(in_queue=queue, in_namespace=namespace)
    (deleted,), _ = bind(conn).call("remove_queue", queue, namespace)
    return bool(int(deleted))


def remove_idle_queues(conn: Any, idle: int, limit: int = 1000) -> tuple[int, int]:
    """Removes at most `limit` queues that have no active task and are not paused. Deletes the rows
    of at most as many that were removed `idle` seconds ago (a day or more) and not used since.
    Returns both numbers. Calls remove_idle_queues. Raises TransactionOpen.
    """
    check_numbers(in_idle=idle, in_limit=limit)
    (removed, deleted), _ = bind(conn).call("remove_idle_queues", idle, limit)
    return int(removed), int(deleted)


def redrive(
    conn: Any,
    queue: str | None = None,
    *,
    namespace: str | None = None,
    age: int = 0,
    limit: int = 1000,
) -> int:
    """Makes waiting tasks due again whose messages Redis has lost: at most `limit` of those that
    were queued `age` seconds ago or earlier. Returns how many. `queue` and `namespace`: None is
    all. Calls redrive_tasks. Raises TransactionOpen.
    """
    check_texts(in_queue=queue, in_namespace=namespace)
    check_numbers(in_age=age, in_limit=limit)
    (redriven,), _ = bind(conn).call("redrive_tasks", queue, namespace, age, limit)
    return int(redriven)
