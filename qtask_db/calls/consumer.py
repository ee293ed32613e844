"""Calls of a consumer: it starts tasks and ends their attempts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from qtask_db.calls.arguments import (
    check_numbers,
    check_texts,
    json_attempts,
    json_ends,
    json_messages,
    json_names,
    milliseconds,
)
from qtask_db.constants import Status
from qtask_db.database import bind
from qtask_db.models import AttemptEnd, Ended, ReceivedTask, Reception, Refused, Started, Taken


def processing(conn: Any, task_id: int, attempt: int | None = None) -> int:
    """Starts a task and returns the attempt. Calls start_task.

    Given the attempt that the message announced, it succeeds for one consumer only. Raises
    TaskNotFound, TaskNotActive, StaleAttempt, AttemptsExhausted or DeadlinePassed.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt)
    (started,), _ = bind(conn).call("start_task", task_id, attempt)
    return int(started)


def processing_many(conn: Any, tasks: Iterable[tuple[int, int | None]]) -> list[Started]:
    """Starts tasks by pairs of task id and announced attempt. Calls start_tasks.

    Tasks that `processing` would refuse are absent from the result.
    """
    _, rows = bind(conn).call("start_tasks", json_attempts(tasks))
    return [
        Started(int(task_id), int(attempt), int(interval)) for task_id, attempt, interval in rows
    ]


def receive(conn: Any, task_id: int, attempt: int | None, queue: str) -> ReceivedTask:
    """Starts a task as `processing` does, for the consumer that found its message in `queue`, and
    returns the payload of its row. Calls receive_task.

    Raises WrongQueue if it belongs to another queue, and what `processing` raises.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt)
    check_texts(in_queue=queue)
    (started, payload), _ = bind(conn).call("receive_task", task_id, attempt, queue)
    return ReceivedTask(task_id, int(started), queue, payload)


def receive_many(conn: Any, messages: Iterable[tuple[int, int | None, str]]) -> Reception:
    """Starts tasks by triples of task id, announced attempt and the queue of the message.
    Calls receive_tasks.

    Tasks that `receive` would refuse are absent from `started`; those of another queue are in
    `wrong`.
    """
    given = sorted(messages, key=lambda message: message[0])
    (wrong,), rows = bind(conn).call("receive_tasks", json_messages(given))
    return Reception(
        [
            ReceivedTask(
                int(task_id), int(attempt), queue, payload, int(interval), int(lapses), int(before)
            )
            for task_id, attempt, interval, queue, payload, lapses, before in rows
        ],
        [given[place - 1] for place in json.loads(wrong or "[]")],
    )


def take(
    conn: Any,
    worker: str,
    queues: Sequence[str],
    limit: int = 1,
    wait: float = 0.0,
    namespace: str | None = None,
) -> Taken:
    """Starts at most `limit` due tasks of direct queues, those of the first queue first, and
    returns them with their payloads. If nothing is due it waits in the server, `wait` seconds at
    most. `worker` names the caller; `namespace`: None is any. Calls take_tasks.

    Raises QueueNotDirect if none of the queues is direct, and TransactionOpen.
    """
    check_texts(in_worker=worker, in_namespace=namespace)
    check_texts(**{f"in_queues[{place}]": queue for place, queue in enumerate(queues)})
    check_numbers(in_limit=limit)
    wait_ms = milliseconds(in_wait_ms=wait)
    (redis,), rows = bind(conn).call(
        "take_tasks", worker, json_names(queues), limit, wait_ms, namespace
    )
    return Taken(
        [
            ReceivedTask(
                int(task_id), int(attempt), queue, payload, int(interval), int(lapses), int(before)
            )
            for task_id, attempt, interval, queue, payload, lapses, before in rows
        ],
        json.loads(redis or "[]"),
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
    """Gives back started tasks that no handler has run, as pairs of task id and attempt.

    They are due at once and the attempt does not count. Returns how many. Calls return_tasks.
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


def reject(conn: Any, task_id: int, attempt: int | None = None, error: str | None = None) -> None:
    """Ends an attempt and fails its task for good, whatever attempts are left. Calls reject_task.

    `error`: a text for people. Raises TaskNotFound, TaskNotActive, TaskNotProcessing or
    StaleAttempt.
    """
    check_texts(in_error=error)
    check_numbers(in_task_id=task_id, in_attempt=attempt)
    bind(conn).call("reject_task", task_id, attempt, error)


def snooze(
    conn: Any, task_id: int, attempt: int | None, delay: int, reason: str | None = None
) -> None:
    """Ends an attempt that does not count: the task waits for `delay` seconds. Calls snooze_task.

    `reason`: a text for people. Raises TaskNotFound, TaskNotActive, TaskNotProcessing or
    StaleAttempt.
    """
    check_texts(in_reason=reason)
    check_numbers(in_task_id=task_id, in_attempt=attempt, in_delay=delay)
    bind(conn).call("snooze_task", task_id, attempt, delay, reason)


def end_many(conn: Any, worker: str, ends: Iterable[AttemptEnd]) -> list[Ended]:
    """Ends attempts that have not succeeded. `worker` names the caller in their history. Returns
    those that were refused and those whose task has failed for good. Calls end_attempts.
    """
    check_texts(in_worker=worker)
    _, rows = bind(conn).call("end_attempts", worker, json_ends(ends))
    return [
        Ended(
            int(task_id),
            None if attempt is None else int(attempt),
            None if number is None else int(number),
            None if status is None else Status(int(status)),
        )
        for task_id, attempt, number, status in rows
    ]


def extend(conn: Any, task_id: int, attempt: int | None = None, seconds: int | None = None) -> None:
    """Keeps the task for `seconds` from now (None: its interval), then it is queued again: a
    heartbeat. Calls extend_task.

    Raises TaskNotFound, TaskNotActive, TaskNotProcessing or StaleAttempt.
    """
    check_numbers(in_task_id=task_id, in_attempt=attempt, in_seconds=seconds)
    bind(conn).call("extend_task", task_id, attempt, seconds)
