"""The verbs that start attempts."""

from __future__ import annotations

from collections.abc import Sequence

from qtask_db.errors import (
    AttemptsExhausted,
    DeadlinePassed,
    QueueNotDirect,
    StaleAttempt,
    TaskNotActive,
    WrongQueue,
)

from .due import Due
from .tables import ACTIVE, ENDED, PROCESSING, Queue


class Starting(Due):
    """Of one task by its number, or of those that are due in direct queues."""

    def start(self, task_id: int, attempt: int | None) -> int:
        task = self._task(task_id)
        if task.lane == ENDED:
            raise TaskNotActive
        if attempt is not None and attempt != task.attempts + 1:
            raise StaleAttempt
        if task.deadline <= self.now:
            raise DeadlinePassed
        if task.exhausted:
            raise AttemptsExhausted
        task.note("lapsed")
        wait: float = task.interval
        if task.status is PROCESSING:
            wait = 2 * max(wait, min(wait * 2**task.lapses, 1800))  # or down to half of it
        task.lapses = task.lapses + 1 if task.status is PROCESSING else 0
        task.lane, task.status, task.batch = ACTIVE, PROCESSING, None
        task.attempts += 1
        task.started = self.now
        task.in_at_most(wait, self.now)
        return task.attempts

    def receive(self, task_id: int, attempt: int | None, queue: str) -> tuple[int, str]:
        task = self._task(task_id)
        if task.queue[1] != queue:
            raise WrongQueue
        return self.start(task_id, attempt), task.payload

    def take(
        self, names: Sequence[str], limit: int, namespace: str | None, touched: set[int]
    ) -> tuple[list[tuple[int, int, str]], set[str]]:
        """Given the tasks that the procedure has started or failed: task, attempt and payload of
        each that is started, and the names of queues that are not direct.
        """
        # What the procedure locks at one time holds a task that it can start, or it looks again.
        while True:
            found = [q for q in self.queues if q[1] in names and namespace in (None, q[0])]
            if not self.direct.intersection(found):
                raise QueueNotDirect
            taken, missed = self._takable(names, found, touched)
            some = taken[:limit]
            started = [task_id for task_id in some if not self._expire(self.tasks[task_id])]
            if started or not some:
                break
        assert len(taken) == len(some), "more than the limit"
        assert not missed or (started and len(some) == limit), "fewer than the limit"
        given = [(i, self.start(i, None), self.tasks[i].payload) for i in started]
        return given, {where[1] for where in found if where not in self.direct}

    def _takable(
        self, names: Sequence[str], found: list[Queue], touched: set[int]
    ) -> tuple[list[int], bool]:
        """Those of all open queues that were touched, and whether others were left."""
        taken: list[int] = []
        missed = False
        for name in dict.fromkeys(names):
            before = missed
            for where in found:
                if where[1] == name and where in self.direct and not self.queues[where]:
                    chosen, left = self._taken(where, touched)
                    assert not (before and chosen), "the order of the queues"
                    taken += chosen
                    missed = missed or left
        return taken, missed

    def _taken(self, queue: Queue, touched: set[int]) -> tuple[list[int], bool]:
        """Those of an open queue that were touched, as the procedure may have come to them, and
        whether others were left.
        """
        parked, active = self._due(queue, ()) or ([], [])
        order: list[int] = []
        for ids in (parked, active):
            chosen = self._chosen(ids, touched, len(ids))
            assert not chosen or len(order) in (0, len(parked)), "parked ones come first"
            order += sorted(
                chosen, key=lambda i: (self.tasks[i].due, not self._expired(self.tasks[i]))
            )
        return order, len(order) < len(parked) + len(active)
