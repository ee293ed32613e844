"""The rows of tasks, queues and batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from qtask_db.constants import DEFAULT, Status
from qtask_db.errors import TaskNotFound
from qtask_db.scheduling import Schedule

WAITING, PROCESSING = Status.WAITING, Status.PROCESSING
FINISHED, CANCELLED, FAILED = Status.FINISHED, Status.CANCELLED, Status.FAILED
ACTIVE, PARKED, ENDED = "active", "parked", "ended"

Queue = tuple[str, str]
"""Namespace and name."""


@dataclass
class Task:
    task_id: int
    queue: Queue
    name: str
    payload: str
    interval: int
    order_no: str | None
    delete_deadline: int
    max_count: int
    created: float
    deadline: float
    due: float
    on_failure: str | None = None
    lane: str = ACTIVE
    status: Status = WAITING
    attempts: int = 0
    before: int = 0
    batch: int | None = None
    error: str | None = None
    lapses: int = 0
    started: float = 0
    history: list[tuple[int, str]] = field(default_factory=list)
    """Attempts that did not succeed, and their outcomes."""

    @property
    def exhausted(self) -> bool:
        lapsed = self.status is PROCESSING and self.lapses >= DEFAULT["max_lapses"] - 1
        return self.attempts - self.before >= self.max_count or lapsed

    def note(self, outcome: str) -> None:
        """Enters the attempt in the history, if one is under way."""
        if self.status is PROCESSING:
            self.history.append((self.attempts, outcome))

    def end(self, status: Status, now: float) -> None:
        keep = self.delete_deadline
        if status is not FINISHED and keep == 0:
            keep = DEFAULT["keep_unfinished"]
        self.lane, self.status, self.due = ENDED, status, now + keep

    def in_at_most(self, seconds: float, now: float) -> None:
        self.due = min(now + seconds, self.deadline)


@dataclass
class Batch:
    relay: str
    claimed: float
    lapses: float
    ids: list[int]


@dataclass
class Ticking:
    """A schedule and its state."""

    schedule: Schedule
    next: float
    revision: int = 1
    paused: bool = False
    last_task: int | None = None


@dataclass
class Tables:
    """All that the schema stores, and the time."""

    grace: int
    made: Callable[[object], tuple[int, str]]
    """Id and payload of the task that a procedure has made of its own accord: because of a failed
    task, which is given by its id, or of a tick, which is given by namespace and order number.
    """
    now: float = 0.0
    tasks: dict[int, Task] = field(default_factory=dict)
    queues: dict[Queue, bool] = field(default_factory=dict)
    """Whether it is paused."""
    removed: dict[Queue, float] = field(default_factory=dict)
    """When it was removed; such a one is in `queues`, too."""
    direct: set[Queue] = field(default_factory=set)
    """Those that are not delivered through Redis."""
    batches: dict[int, Batch] = field(default_factory=dict)
    schedules: dict[tuple[str, str], Ticking] = field(default_factory=dict)
    """By namespace and name."""

    def age(self, seconds: float) -> None:
        self.now += seconds

    def _register(self, namespace: str | None, queue: str) -> Queue:
        where = (namespace or DEFAULT["namespace"], queue)
        self.queues.setdefault(where, False)
        self.removed.pop(where, None)
        return where

    def _add(self, task: Task) -> None:
        assert task.task_id not in self.tasks, "no task was created"
        self.tasks[task.task_id] = task

    def _end_badly(self, task: Task, status: Status) -> None:
        """It fails or is cancelled, and a task of its queue for failures tells of it."""
        task.end(status, self.now)
        if task.on_failure is None:
            return
        new_id, payload = self.made(task.task_id)
        assert json.loads(payload) == {
            "failed_task": {
                "task_id": task.task_id, "name": task.name, "queue": task.queue[1],
                "order_no": task.order_no, "attempts": task.attempts, "status": status,
                "reason": task.error, "payload": json.loads(task.payload),
            }
        }  # fmt: skip
        self._add(
            Task(
                new_id, self._register(task.queue[0], task.on_failure), task.name, payload,
                task.interval, None, DEFAULT["delete_deadline"], DEFAULT["max_count"],
                self.now, self.now + DEFAULT["deadline"], self.now,
            )
        )  # fmt: skip

    def _active(self, queue: Queue, name: str, order_no: str | None) -> int | None:
        if order_no is not None:
            for task_id, task in self.tasks.items():
                if task.lane != ENDED and (task.queue, task.name, task.order_no) == (
                    queue, name, order_no
                ):  # fmt: skip
                    return task_id
        return None

    def _task(self, task_id: int) -> Task:
        if task_id not in self.tasks:
            raise TaskNotFound
        return self.tasks[task_id]

    def _used(self, queue: Queue, *, ended: bool) -> bool:
        return any(t.queue == queue and (ended or t.lane != ENDED) for t in self.tasks.values())

    def _keep_used(self) -> None:
        for where in [q for q in self.removed if self._used(q, ended=False)]:
            del self.removed[where]
