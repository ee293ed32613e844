"""Calls of a producer: it creates tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qtask_db.calls.arguments import (
    check_numbers,
    check_texts,
    new_tasks,
    options_of,
    payload_text,
)
from qtask_db.database import bind
from qtask_db.task import NewTask, Payload, Task


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
    on_failure: str | None = None,
) -> Task:
    """Creates a real-time task. After the commit, call its `push`. Calls create_task; raises
    BadInput or TooManyQueues.

    `interval`: seconds until the task is queued again if it has not ended. `order_no`: while a task
    of the same namespace, name, queue and order number is active, that one is returned and none is
    created. `deadline`: seconds after the creation; no attempt starts later. `delete_deadline`:
    seconds that the terminal task is kept. `max_count`: most attempts. `on_failure`: a queue on
    which a task is created, in the same transaction, if this one fails for good or is cancelled;
    its payload is `{"failed_task": {…}}`.
    """
    check_texts(in_name=name, in_queue=queue)
    check_numbers(in_interval=interval)
    text = payload_text(payload)
    options = options_of(order_no, namespace, deadline, delete_deadline, max_count, on_failure)
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
    on_failure: str | None = None,
) -> Task:
    """Creates a task that a relay queues when `delay` seconds have passed. Calls delay_task; raises
    BadInput or TooManyQueues.

    The other arguments are those of `create`. The deadline counts from the creation, too: let it be
    later than the end of the delay.
    """
    check_texts(in_name=name, in_queue=queue)
    check_numbers(in_delay=delay, in_interval=interval)
    text = payload_text(payload)
    options = options_of(order_no, namespace, deadline, delete_deadline, max_count, on_failure)
    (task_id, created), _ = bind(conn).call(
        "delay_task", name, text, delay, interval, queue, options=options
    )
    return Task(int(task_id), queue, text, bool(int(created)), pushable=False)


def create_many(conn: Any, tasks: Iterable[NewTask]) -> list[Task]:
    """Creates at most 10,000 tasks of both kinds, all or none, in their order. After the commit,
    call `push` with them. Calls create_task_ranges; raises BadInput or TooManyQueues.

    Takes least time if the tasks differ in payload and order number alone.
    """
    given = list(tasks)
    texts = [payload_text(task.payload) for task in given]
    _, rows = bind(conn).call("create_task_ranges", *new_tasks(given, texts))
    places = zip(given, texts, strict=True)
    made: list[Task] = []
    for task_id, step, count, created, pushable in (map(int, row) for row in rows):
        ids = range(task_id, task_id + step * count, step)
        flags = bool(created), bool(pushable)
        made += [
            Task(number, task.queue, text, *flags)
            for number, (task, text) in zip(ids, places, strict=False)
        ]
    return made
