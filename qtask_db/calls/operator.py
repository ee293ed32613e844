"""Calls of an operator: single tasks and queues, changed by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qtask_db.calls.arguments import (
    check_numbers,
    check_texts,
    json_array,
    json_attempts,
    json_object,
)
from qtask_db.constants import Status
from qtask_db.database import bind
from qtask_db.models import Changes, Refused, SelectedTask, Selection
from qtask_db.task import Imported, ImportTask


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


def select_tasks(
    conn: Any,
    *,
    queue: str | None = None,
    namespace: str | None = None,
    name: str | None = None,
    status: Sequence[Status] | None = None,
    age: int | None = None,
    error: str | None = None,
    after_id: int = 0,
    limit: int = 10_000,
) -> Selection:
    """Selects the tasks that fit all that is given, among the next `limit` ones behind `after_id`.
    Go on with `next_id` of the answer until it is None: each step is short, however many tasks
    there are. Calls select_tasks.

    `status`: one of these. `age`: at least so many seconds since its end or, if it is active, since
    its creation. `error`: a part of its last error.
    """
    check_texts(queue=queue, namespace=namespace, name=name, error=error)
    check_numbers(age=age, in_after_id=after_id, in_limit=limit)
    given = {"queue": queue, "namespace": namespace, "name": name, "age": age, "error": error}
    where: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if status is not None:
        where["status"] = [int(one) for one in status]
    (next_id,), rows = bind(conn).call("select_tasks", json_object(where), after_id, limit)
    tasks = [
        SelectedTask(int(task_id), namespace, queue, name, Status(int(code)), last_error)
        for task_id, namespace, queue, name, code, last_error in rows
    ]
    return Selection(tasks, None if next_id is None else int(next_id))


def change_tasks(
    conn: Any,
    action: str,
    task_ids: Iterable[int],
    *,
    deadline: int | None = None,
    error: str | None = None,
) -> Changes:
    """Changes many tasks in one short transaction: `retry`, `cancel`, or `reject`, by which an
    active task fails whatever attempts are left. It waits for none that somebody else has locked.
    Calls change_tasks. Raises TransactionOpen.

    `deadline`: of `retry`, seconds from now; None is seven days. `error`: of `reject`, why.
    """
    check_texts(in_action=action, in_error=error)
    check_numbers(in_deadline=deadline)
    given = list(task_ids)
    for task_id in given:
        check_numbers(in_tasks=task_id)
    elements = json_attempts((task_id, None) for task_id in given)
    (changed,), rows = bind(conn).call("change_tasks", action, elements, deadline, error)
    skipped = [
        Refused(int(task_id), None if attempt is None else int(attempt), int(number))
        for task_id, attempt, number in rows
    ]
    return Changes(int(changed), skipped)


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


def reserve_ids(conn: Any, above: int) -> None:
    """Keeps the ids up to `above` for `import_tasks`: all tasks that are created from now on have
    greater ones. Calls reserve_ids. Raises TransactionOpen.
    """
    check_numbers(in_above=above)
    bind(conn).call("reserve_ids", above)


def import_tasks(conn: Any, tasks: Iterable[ImportTask]) -> list[Imported]:
    """Imports at most 1,000 tasks of another system with their ids, states and attempts; call
    `reserve_ids` before. One that is here already is left as it is, or finished if `status` says
    so; one that is refused does not hinder the others. Calls import_tasks. Raises TransactionOpen
    or TooManyQueues.
    """
    elements = json_array([task.as_element() for task in tasks])
    _, rows = bind(conn).call("import_tasks", elements)
    return [
        Imported(None if task_id is None else int(task_id), outcome, reason)
        for task_id, outcome, reason in rows
    ]
