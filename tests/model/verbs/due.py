"""The tasks that are due, and those of them that are over."""

from __future__ import annotations

from collections.abc import Sequence

from .tables import ACTIVE, ENDED, FAILED, PARKED, PROCESSING, Queue, Tables, Task


class Due(Tables):
    """Told which of them a procedure chose, it checks that it was free to."""

    def _closed(self, queue: Queue, held: Sequence[str]) -> bool:
        return self.queues[queue] or queue[1] in held

    def _due(self, queue: Queue, held: Sequence[str]) -> tuple[list[int], list[int]] | None:
        """The parked and the active tasks that a scan looks at, each in due order."""
        limits = {ACTIVE: self.now, PARKED: self.now if self._closed(queue, held) else float("inf")}
        found: dict[str, list[int]] = {ACTIVE: [], PARKED: []}
        for task_id, task in self.tasks.items():
            if task.queue == queue and task.lane != ENDED and task.due <= limits[task.lane]:
                found[task.lane].append(task_id)
        for ids in found.values():
            ids.sort(key=lambda i: self.tasks[i].due)
        return (found[PARKED], found[ACTIVE]) if found[PARKED] or found[ACTIVE] else None

    def _chosen(self, ids: list[int], touched: set[int], most: int) -> list[int]:
        """Those that were touched: the first ones in due order, at most so many."""
        chosen = [i for i in ids if i in touched]
        assert len(chosen) <= max(0, most)
        left = [self.tasks[i].due for i in ids if i not in touched]
        assert all(self.tasks[i].due <= min(left, default=float("inf")) for i in chosen), (
            "due order"
        )
        return chosen

    def _expired(self, task: Task) -> bool:
        return task.deadline <= self.now or task.exhausted

    def _expire(self, task: Task) -> bool:
        if self._expired(task):
            self._fail(task)
            return True
        return False

    def _fail(self, task: Task) -> None:
        if task.status is PROCESSING:
            if task.exhausted and (task.lapses > 0 or task.error is None):
                many = f"attempts in a row that never ended: {task.lapses + 1}"
                task.error = f"{many} (the task may kill its worker)"
            task.lapses += 1
        task.note("expired" if task.deadline <= self.now else "lapsed")
        self._end_badly(task, FAILED)
