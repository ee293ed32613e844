"""The verbs of consumers: those that start attempts, and those that end them."""

from __future__ import annotations

import json

from qtask_db import calls
from qtask_db.constants import Status
from qtask_db.models import AttemptEnd

from .connection import QUEUES, Connected


class Consuming(Connected):
    """With the right attempt, another one, or none."""

    def _processing(self) -> None:
        task_id, attempt = self._some()
        announced = attempt if self.random.random() < 0.7 else None
        self._started(task_id, calls.processing(self._conn, task_id, announced))

    def _processing_many(self) -> None:
        for started in calls.processing_many(self._conn, self._few()):
            self._started(started.task_id, started.attempt)

    def _start_tasks(self) -> None:
        """As other languages call it, in any order."""
        _, rows = self._conn.call("start_tasks", _elements(self._few()))
        for task_id, attempt, _ in rows:
            self._started(task_id, attempt)

    def _receive(self) -> None:
        task_id, attempt = self._some()
        announced = attempt if self.random.random() < 0.7 else None
        queue = f"Q{self.random.randrange(QUEUES)}"
        self._started(task_id, calls.receive(self._conn, task_id, announced, queue).attempt)

    def _receive_many(self) -> None:
        queues = [f"Q{n}" for n in range(QUEUES)]
        messages = [(*task, queue) for task in self._few() for queue in queues]
        for one in calls.receive_many(self._conn, messages).started:
            self._started(one.task_id, one.attempt)

    def _take(self) -> None:
        """Of all queues or one, waiting or not."""
        queues = [f"Q{n}" for n in range(QUEUES)]
        some = self.random.sample(queues, self.random.randint(1, QUEUES))
        wait = self.random.choice([0, 0, 0.05, 0.5])
        limit = self.random.choice([1, 5, 20])
        for one in calls.take(self._conn, self._name, some, limit, wait).started:
            self._started(one.task_id, one.attempt)

    def _started(self, task_id: int, attempt: int) -> None:
        self._done.started.append((task_id, attempt))
        self._show(task_id, attempt)

    def _finish(self) -> None:
        task_id, attempt = self._some()
        given = attempt if self.random.random() < 0.7 else None
        calls.finish(self._conn, task_id, given)
        self._done.finished.append((task_id, given))

    def _finish_once(self) -> None:
        task_id, attempt = self._some()
        calls.finish_once(self._conn, task_id, attempt)
        self._done.finished.append((task_id, attempt))

    def _finish_many(self) -> None:
        tasks = self._few()
        refused = {(r.task_id, r.attempt) for r in calls.finish_many(self._conn, tasks)}
        self._done.finished += [task for task in tasks if task not in refused]

    def _finish_tasks(self) -> None:
        tasks = self._few()
        _, rows = self._conn.call("finish_tasks", _elements(tasks))
        refused = {(task_id, attempt) for task_id, attempt, _ in rows}
        self._done.finished += [task for task in tasks if task not in refused]

    def _return_many(self) -> None:
        calls.return_many(self._conn, self._few())

    def _fail(self) -> None:
        task_id, attempt = self._some()
        if calls.fail(self._conn, task_id, attempt, "soaked", self.random.randint(0, 1)) is (
            Status.WAITING
        ):
            self._show(task_id, attempt + 1)

    def _snooze(self) -> None:
        task_id, attempt = self._some()
        calls.snooze(self._conn, task_id, attempt, 1, "soaked")
        self._show(task_id, attempt + 1)

    def _reject(self) -> None:
        task_id, attempt = self._some()
        calls.reject(self._conn, task_id, attempt, "soaked")
        self._done.cancelled.append(task_id)

    def _end_many(self) -> None:
        """None for good: only a cancellation ends a task that lasts."""
        ends = [
            AttemptEnd(task_id, attempt, self.random.choice(("fail", "snooze")), "soaked", 1)
            for task_id, attempt in self._few()
            if attempt is not None
        ]
        told = {(one.task_id, one.attempt) for one in calls.end_many(self._conn, self._name, ends)}
        for one in ends:
            if (one.task_id, one.attempt) not in told:
                self._show(one.task_id, one.attempt + 1)

    def _extend(self) -> None:
        task_id, attempt = self._some()
        calls.extend(self._conn, task_id, attempt, self.random.randint(1, 2))


def _elements(tasks: list[tuple[int, int | None]]) -> str:
    given = ({"task_id": t} if a is None else {"task_id": t, "attempt": a} for t, a in tasks)
    return json.dumps(list(given))
