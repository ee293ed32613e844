"""The stored procedures as functions: each has its procedure's name in Python's words, and calls it
once.

`conn` is anything that `qtask_db.database.bind` accepts. The calls of applications, consumers and
operators join its transaction and never commit; `scan`, `confirm`, `release`, `redrive`,
`remove_queue`, `remove_idle_queues`, `expire` and `purge` commit by themselves and need a
connection without an open transaction. Times are seconds. Every error is one of `qtask_db.errors`.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from typing import Any

from qtask_db._arguments import (
    Payload,
    check_numbers,
    check_texts,
    json_array,
    json_attempts,
    json_messages,
    json_names,
    options_of,
    payload_text,
)
from qtask_db.constants import DEFAULT, Status
from qtask_db.database import bind
from qtask_db.models import (
    PLACES,
    Batch,
    Explanation,
    Message,
    QueueAudit,
    QueueDepth,
    QueueStats,
    ReceivedTask,
    Reception,
    Refused,
    Started,
    TaskInfo,
)
from qtask_db.task import NewTask, Task

_STATISTICS = (
    "namespace", "queue", "paused_at", "waiting", "processing", "due",
    "finished", "cancelled", "failed", "lag_seconds",
)  # fmt: skip

_DEPTH = ("namespace", "queue", "paused_at", "waiting", "processing", "due", "lag_seconds")


def create(
    conn: Any,
    name: str,
    payload: Payload,
    interval: int,
    queue: str,
    *,
    order_no: str | None = None,
    namespace: str | None = None,
    deadline: int | None = None,
    delete_deadline: int | None = None,
    max_count: int | None = None,
) -> Task:
    """Creates a real-time task. After the commit, call its `push`. Calls create_task; raises
    BadInput or TooManyQueues.

    `interval`: seconds until the task is queued again if it has not ended. `order_no`: while a task
    of the same namespace, name, queue and order number is active, that one is returned and none is
    created. `deadline`: seconds after the creation; no attempt starts later. `delete_deadline`:
    seconds that the ended task is kept. `max_count`: most attempts.
    """
    check_texts(in_name=name, in_queue=queue)
    check_numbers(in_interval=interval)
    text = payload_text(payload)
    options = options_of(order_no, namespace, deadline, delete_deadline, max_count)
    (task_id, created, pushable), _ = bind(conn).call(
        "create_task", name, text, interval, queue, options=options
    )
    return Task(int(task_id), queue, text, bool(int(created)), bool(int(pushable)))


def delay(
    conn: Any,
    name: str,
    payload: Payload,
    delay: int,
    interval: int,
    queue: str,
    *,
    order_no: str | None = None,
    namespace: str | None = None,
    deadline: int | None = None,
    delete_deadline: int | None = None,
    max_count: int | None = None,
) -> Task:
    """Creates a task that a relay queues when `delay` seconds have passed. Calls delay_task; raises
    BadInput or TooManyQueues.

    The other arguments are those of `create`. The deadline counts from the creation, too: let it be
    later than the end of the delay.
    """
    check_texts(in_name=name, in_queue=queue)
    check_numbers(in_delay=delay, in_interval=interval)
    text = payload_text(payload)
    options = options_of(order_no, namespace, deadline, delete_deadline, max_count)
    (task_id, created), _ = bind(conn).call(
        "delay_task", name, text, delay, interval, queue, options=options
    )
    return Task(int(task_id), queue, text, bool(int(created)), pushable=False)


def create_many(conn: Any, tasks: Iterable[NewTask]) -> list[Task]:
    """Creates at most 10,000 tasks of both kinds, all or none, in their order. After the commit,
    call `push` with them. Calls create_tasks; raises BadInput or TooManyQueues.
    """
    given = list(tasks)
    texts = [payload_text(task.payload) for task in given]
    elements = [task.as_element(text) for task, text in zip(given, texts, strict=True)]
    _, rows = bind(conn).call("create_tasks", json_array(elements))
    return [
        Task(int(task_id), task.queue, text, bool(int(created)), bool(int(pushable)))
        for task, text, (task_id, created, pushable) in zip(given, texts, rows, strict=True)
    ]


def processing(conn: Any, task_id: int, attempt: int | None = None) -> int:
    """Takes a task into processing and returns the attempt. Calls start_task.

    Given the attempt that the message announced, it succeeds for one consumer only. Raises
    TaskNotFound, TaskNotActive, StaleAttempt, AttemptsExhausted or DeadlinePassed.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt)
    (started,), _ = bind(conn).call("start_task", task_id, attempt)
    return int(started)


def processing_many(conn: Any, tasks: Iterable[tuple[int, int | None]]) -> list[Started]:
    """Takes pairs of task id and announced attempt into processing. Calls start_tasks.

    Tasks that `processing` would refuse are absent from the result.
    """
    _, rows = bind(conn).call("start_tasks", json_attempts(tasks))
    return [
        Started(int(task_id), int(attempt), int(interval)) for task_id, attempt, interval in rows
    ]


def receive(conn: Any, task_id: int, attempt: int | None, queue: str) -> ReceivedTask:
    """Takes a task into processing as `processing` does, for the consumer that found its message in
    `queue`, and returns the payload of its row. Calls receive_task.

    Raises WrongQueue if it belongs to another queue, and what `processing` raises.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt)
    check_texts(in_queue=queue)
    (started, payload), _ = bind(conn).call("receive_task", task_id, attempt, queue)
    return ReceivedTask(task_id, int(started), queue, payload)


def receive_many(conn: Any, messages: Iterable[tuple[int, int | None, str]]) -> Reception:
    """Takes triples of task id, announced attempt and the queue of the message into processing.
    Calls receive_tasks.

    Tasks that `receive` would refuse are absent from `started`; those of another queue are in
    `wrong`.
    """
    given = sorted(messages, key=lambda message: message[0])
    (wrong,), rows = bind(conn).call("receive_tasks", json_messages(given))
    return Reception(
        [
            ReceivedTask(int(task_id), int(attempt), queue, payload, int(interval), int(lapses))
            for task_id, attempt, interval, queue, payload, lapses in rows
        ],
        [given[place - 1] for place in json.loads(wrong or "[]")],
    )


def finish(conn: Any, task_id: int, attempt: int | None = None) -> None:
    """Finishes a task. Calls finish_task.

    Doing it again by the same attempt changes nothing, until the task is purged. Raises
    TaskNotFound, TaskNotActive, TaskNotProcessing or StaleAttempt.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt)
    bind(conn).call("finish_task", task_id, attempt)


def finish_once(conn: Any, task_id: int, attempt: int) -> None:
    """Finishes a task in the transaction that holds its work. Calls finish_task_once.

    After any error roll back. If the answer to the COMMIT was lost, repeat the whole transaction:
    this raises AlreadyFinished, or TaskNotFound after a purge, if it had been committed. Raises
    TaskNotActive, TaskNotProcessing or StaleAttempt, too.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt)
    bind(conn).call("finish_task_once", task_id, attempt)


def finish_many(conn: Any, tasks: Iterable[tuple[int, int | None]]) -> list[Refused]:
    """Finishes pairs of task id and attempt, and returns those that `finish` would refuse, each
    with its error number. Calls finish_tasks.
    """
    _, rows = bind(conn).call("finish_tasks", json_attempts(tasks))
    return [
        Refused(int(task_id), None if attempt is None else int(attempt), int(number))
        for task_id, attempt, number in rows
    ]


def return_many(conn: Any, tasks: Iterable[tuple[int, int | None]]) -> int:
    """Gives back tasks whose work has not begun, as pairs of task id and attempt; returns how many.

    They are due at once and the attempt does not count. Calls return_tasks.
    """
    (returned,), _ = bind(conn).call("return_tasks", json_attempts(tasks))
    return int(returned)


def fail(
    conn: Any,
    task_id: int,
    attempt: int | None = None,
    error: str | None = None,
    delay: int | None = None,
) -> Status:
    """Ends an attempt without success. Calls fail_task.

    Returns WAITING if the task is queued again after `delay` seconds (None: its interval), or
    FAILED if it was the last attempt. `error`: a text for people. Raises TaskNotFound,
    TaskNotActive, TaskNotProcessing or StaleAttempt.
    """
    check_texts(in_error=error)
    check_numbers(in_task_id=task_id, in_attempt=attempt, in_delay=delay)
    (status,), _ = bind(conn).call("fail_task", task_id, attempt, error, delay)
    return Status(int(status))


def extend(conn: Any, task_id: int, attempt: int | None = None, seconds: int | None = None) -> None:
    """Keeps the task for `seconds` from now (None: its interval), then it is queued again: a
    heartbeat. Calls extend_task.

    Raises TaskNotFound, TaskNotActive, TaskNotProcessing or StaleAttempt.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt, in_seconds=seconds)
    bind(conn).call("extend_task", task_id, attempt, seconds)


def cancel(conn: Any, task_id: int) -> None:
    """Cancels an active task. Calls cancel_task. Raises TaskNotFound or TaskNotActive."""
    check_numbers(in_task_id=task_id)
    bind(conn).call("cancel_task", task_id)


def retry(conn: Any, task_id: int, deadline: int | None = None) -> None:
    """Revives a failed or cancelled task. `deadline`: seconds from now; None is
    seven days. Calls retry_task.

    Raises TaskNotFound, TaskNotRetryable or DuplicateOrder.
    """
    check_numbers(in_task_id=task_id, in_deadline=deadline)
    bind(conn).call("retry_task", task_id, deadline)


def pause(conn: Any, queue: str, namespace: str | None = None) -> None:
    """Stops handing out a queue's tasks; they still expire. Calls pause_queue. Raises
    QueueNotAllowed or TooManyQueues if the queue would be a new one.
    """
    check_texts(in_queue=queue, in_namespace=namespace)
    bind(conn).call("pause_queue", queue, namespace)


def resume(conn: Any, queue: str, namespace: str | None = None) -> None:
    """Hands out a paused queue's tasks again. Calls resume_queue. Raises QueueNotAllowed or
    TooManyQueues if the queue would be a new one.
    """
    check_texts(in_queue=queue, in_namespace=namespace)
    bind(conn).call("resume_queue", queue, namespace)


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
    were handed out `age` seconds ago or earlier. Returns how many. `queue` and `namespace`: None is
    all. Calls redrive_tasks. Raises TransactionOpen.
    """
    check_texts(in_queue=queue, in_namespace=namespace)
    check_numbers(in_age=age, in_limit=limit)
    (redriven,), _ = bind(conn).call("redrive_tasks", queue, namespace, age, limit)
    return int(redriven)


def explain(conn: Any, task_id: int) -> Explanation:
    """Says in words why the task is where it is. Calls explain_task. Raises TaskNotFound."""
    check_numbers(in_task_id=task_id)
    _, ((found, status, text),) = bind(conn).call("explain_task", task_id)
    return Explanation(int(found), Status(int(status)), text)


def list_tasks(
    conn: Any,
    *,
    queue: str | None = None,
    status: Status | None = None,
    order_no: str | None = None,
    namespace: str | None = None,
    limit: int = 100,
) -> list[TaskInfo]:
    """Lists at most `limit` tasks that fit all that is given, newest first. Calls list_tasks."""
    check_texts(in_queue=queue, in_order_no=order_no, in_namespace=namespace)
    check_numbers(in_limit=limit)
    _, rows = bind(conn).call(
        "list_tasks",
        queue,
        None if status is None else int(status),
        order_no,
        namespace,
        limit,
    )
    return [
        TaskInfo(
            *(int(row[0]), *row[1:5], Status(int(row[5])), *map(int, row[6:8])),
            *(*map(_utc, row[8:13]), row[13]),
        )
        for row in rows
    ]


def stats(conn: Any, namespace: str | None = None) -> list[QueueStats]:
    """Counts the tasks of each queue, the ended ones, too. Reads the view queue_statistics."""
    rows = bind(conn).select("queue_statistics", _STATISTICS)
    return sorted(
        (
            QueueStats(*(*row[:2], row[2] is not None, *map(int, row[3:9]), float(row[9])))
            for row in rows
            if namespace is None or row[0] == namespace
        ),
        key=lambda found: (found.namespace, found.queue),
    )


def depth(conn: Any, namespace: str | None = None) -> list[QueueDepth]:
    """Counts the active tasks of each queue: quick, however many have ended. Reads the view
    queue_depth.
    """
    rows = bind(conn).select("queue_depth", _DEPTH)
    return sorted(
        (
            QueueDepth(*(*row[:2], row[2] is not None, *map(int, row[3:6]), float(row[6])))
            for row in rows
            if namespace is None or row[0] == namespace
        ),
        key=lambda found: (found.namespace, found.queue),
    )


def audit(conn: Any) -> list[QueueAudit]:
    """Counts, for each queue, the tasks whose message should be in Redis, and says where the others
    are. Reads the view queue_audit.
    """
    rows = bind(conn).select("queue_audit", ("namespace", "queue", "paused_at", *PLACES))
    return sorted(
        (QueueAudit(*(*row[:2], row[2] is not None, *map(int, row[3:]))) for row in rows),
        key=lambda found: (found.queue, found.namespace),
    )


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

    `relay`: the name of the caller. `namespace`: None is all. `held`: queues that take no message
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
    return Batch(None if batch_id is None else int(batch_id), messages, _seconds(wait_ms))


def next_due(conn: Any, namespace: str | None = None, held: Sequence[str] = ()) -> float | None:
    """Returns the seconds until a task is due: 0 if one is, None if no task is active. Calls
    next_due.
    """
    check_texts(in_namespace=namespace)
    (wait_ms,), _ = bind(conn).call("next_due", namespace, json_names(held))
    return _seconds(wait_ms)


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
    """Deletes at most `limit` ended tasks that have been kept long enough; returns how many. Calls
    purge_tasks. Raises TransactionOpen.
    """
    check_numbers(in_limit=limit)
    (deleted,), _ = bind(conn).call("purge_tasks", limit)
    return int(deleted)


def _seconds(milliseconds: Any) -> float | None:
    return None if milliseconds is None else int(milliseconds) / 1000


def _utc(value: Any) -> Any:
    """The databases return times without a zone; a driver that converts nothing, texts."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    return value.replace(tzinfo=datetime.timezone.utc)
