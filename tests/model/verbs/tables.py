"""The rows of tasks, queues and batches."""

from __future__ import annotations

from dataclasses import dataclass, field

from qtask_db.constants import DEFAULT, Status
from qtask_db.errors import TaskNotFound

WAITING, PROCESSING = Status.WAITING, Status.PROCESSING
FINISHED, CANCELLED, FAILED = Status.FINISHED, Status.CANCELLED, Status.FAILED
ACTIVE, PARKED, ENDED = "active", "parked", "ended"

Queue = tuple[str, str]
"""Namespace and name."""


@dataclass
class Task:
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
    lane: str = ACTIVE
    status: Status = WAITING
    attempts: int = 0
    before: int = 0
    batch: int | None = None
    error: str | None = None
    lapses: int = 0
    started: float = 0

    @property
    def exhausted(self) -> bool:
        lapsed = self.status is PROCESSING and self.lapses >= DEFAULT["max_lapses"] - 1
        return self.attempts - self.before >= self.max_count or lapsed

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
class Tables:
    """All that the schema stores, and the time."""

    grace: int
    now: float = 0.0
    tasks: dict[int, Task] = field(default_factory=dict)
    queues: dict[Queue, bool] = field(default_factory=dict)
    """Whether it is paused."""
    removed: dict[Queue, float] = field(default_factory=dict)
    """When it was removed; such a one is in `queues`, too."""
    direct: set[Queue] = field(default_factory=set)
    """Those that are not delivered through Redis."""
    batches: dict[int, Batch] = field(default_factory=dict)

    def age(self, seconds: float) -> None:
        self.now += seconds

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
