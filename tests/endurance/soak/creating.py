"""The verbs that create tasks."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from qtask_db import NewTask, calls

from .connection import QUEUES, Connected

ORDERS = 30
NEW_QUEUE = 4.0  # seconds; then all connections meet one that nobody has registered
LASTING = 1_000_000  # attempts
FAILURES = "FAILED"  # a queue that is paused, so that nobody ends its tasks
NAMESPACES = [None, None, None, "other"]


class Creating(Connected):
    """Of tasks in few orders, so that many are duplicates."""

    def _new(self, number: int | None) -> NewTask:
        """A task whose delays and deadlines are seconds, so that everything happens in time."""
        random = self.random
        queue = f"Q{random.randrange(QUEUES)}"
        if random.random() < 0.05:
            queue = f"NEW{time.time() // NEW_QUEUE:.0f}"
        return NewTask(
            "job", {}, random.randint(1, 2), queue,
            delay=random.choice([None, 0, 1]),
            order_no=None if number is None else f"{number:03}",
            namespace=random.choice(NAMESPACES),
            deadline=random.choice([None, None, None, 2]),
            delete_deadline=1,
            max_count=random.choice([LASTING, LASTING, LASTING, 2]),
            on_failure=random.choice([None, None, FAILURES]),
        )  # fmt: skip

    def _created(self, task: NewTask, task_id: int, created: bool) -> None:
        if created:
            lasts = task.deadline is None and task.max_count == LASTING
            self._done.created.append((task_id, lasts))
        self._show(task_id, 1)

    def _create(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=None)
        options = task.as_element("{}")
        made = calls.create(self._conn, **options)
        self._created(task, made.task_id, made.created)

    def _delay(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=self.random.randint(0, 1))
        made = calls.delay(self._conn, **task.as_element("{}"))
        self._created(task, made.task_id, made.created)

    def _create_quietly(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=None)
        self._call_quietly("create_task_quiet", task)

    def _delay_quietly(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=self.random.randint(0, 1))
        self._call_quietly("delay_task_quiet", task, task.delay)

    def _call_quietly(self, verb: str, task: NewTask, *delay: int | None) -> None:
        options = task.as_element("{}")
        given = [options.pop(name) for name in ("name", "payload", "interval", "queue")]
        options.pop("delay", None)
        (task_id, created, *_), _ = self._conn.call(
            verb, *given[:2], *delay, *given[2:], options=options
        )
        self._created(task, int(task_id), bool(created))

    def _create_many(self) -> None:
        tasks = self._several()
        for task, made in zip(tasks, calls.create_many(self._conn, tasks), strict=True):
            self._created(task, made.task_id, made.created)

    def _create_tasks(self) -> None:
        """As other languages call it."""
        tasks = self._several()
        elements = json.dumps([task.as_element("{}") for task in tasks])
        _, rows = self._conn.call("create_tasks", elements)
        for task, (task_id, created, _) in zip(tasks, rows, strict=True):
            self._created(task, int(task_id), bool(created))

    def _several(self) -> list[NewTask]:
        """In the order of their numbers, in the opposite one, or in none."""
        numbers = self.random.sample(range(ORDERS), 8)
        ordered = [sorted(numbers), sorted(numbers, reverse=True), numbers]
        tasks = [self._new(number) for number in self.random.choice(ordered)]
        tasks.insert(self.random.randrange(8), self._new(None))
        return tasks
