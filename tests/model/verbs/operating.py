"""The verbs of operators."""

from __future__ import annotations

from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import (
    DuplicateOrder,
    ProcedureError,
    QueueInUse,
    QueueNotFound,
    TaskNotActive,
    TaskNotRetryable,
)

from .tables import ACTIVE, CANCELLED, ENDED, FAILED, WAITING, Queue, Tables


class Operating(Tables):
    """On one task, or on one queue."""

    def cancel(self, task_id: int) -> None:
        task = self._task(task_id)
        if task.lane == ENDED:
            raise TaskNotActive
        task.note("cancelled")
        self._end_badly(task, CANCELLED)

    def retry(self, task_id: int, deadline: int | None) -> None:
        task = self._task(task_id)
        if task.status not in (CANCELLED, FAILED):
            raise TaskNotRetryable
        if self._active(task.queue, task.name, task.order_no) is not None:
            raise DuplicateOrder
        task.lane, task.status, task.before, task.batch = ACTIVE, WAITING, task.attempts, None
        task.due, task.lapses = self.now, 0
        task.deadline = self.now + (DEFAULT["deadline"] if deadline is None else deadline)

    def reject(self, task_id: int, error: str | None) -> None:
        task = self._task(task_id)
        if task.lane == ENDED:
            raise TaskNotActive
        task.error = "rejected by an operator" if error is None else error[: LIMIT["error"]]
        task.note("rejected")
        self._end_badly(task, FAILED)

    def change(
        self, action: str, task_ids: list[int], deadline: int | None, error: str | None
    ) -> tuple[int, list[tuple[int, int]]]:
        """As the verbs for one task do it, in the order of the ids."""
        acts = {
            "retry": lambda task_id: self.retry(task_id, deadline),
            "cancel": self.cancel,
            "reject": lambda task_id: self.reject(task_id, error),
        }
        skipped = []
        for task_id in sorted(set(task_ids)):
            try:
                acts[action](task_id)
            except ProcedureError as refusal:
                skipped.append((task_id, refusal.number))
        return len(set(task_ids)) - len(skipped), skipped

    def pause(self, queue: str, namespace: str | None, paused: bool) -> None:
        self.queues[self._register(namespace, queue)] = paused

    def deliver(self, queue: str, namespace: str | None, *, direct: bool) -> None:
        where = self._register(namespace, queue)
        (self.direct.add if direct else self.direct.discard)(where)

    def remove(self, queue: str, namespace: str | None) -> bool:
        where = (namespace or DEFAULT["namespace"], queue)
        if where not in self.queues:
            raise QueueNotFound
        if self._used(where, ended=False):
            raise QueueInUse
        if self._deletable(where, DEFAULT["queue_rest"]):
            self._forget(where)
            return True
        self.removed.setdefault(where, self.now)
        self.queues[where] = False
        return False

    def remove_idle(self, idle: int) -> tuple[int, int]:
        self._keep_used()
        gone = [where for where in self.removed if self._deletable(where, idle)]
        for where in gone:
            self._forget(where)
        unused = [
            where
            for where, paused in self.queues.items()
            if not paused and where not in self.removed and not self._used(where, ended=False)
        ]
        self.removed |= dict.fromkeys(unused, self.now)
        return len(unused), len(gone)

    def _forget(self, queue: Queue) -> None:
        del self.queues[queue], self.removed[queue]
        self.direct.discard(queue)

    def _deletable(self, queue: Queue, idle: int) -> bool:
        since = self.now - self.removed.get(queue, self.now)
        return since >= idle and not self._used(queue, ended=True)
