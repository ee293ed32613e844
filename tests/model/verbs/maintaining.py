"""The verbs of maintenance."""

from __future__ import annotations

from .due import Due
from .tables import ENDED


class Maintaining(Due):
    """They delete the tasks that ended long ago, and fail those that are over."""

    def purge(self, limit: int, gone: set[int]) -> int:
        ripe = [i for i, task in self.tasks.items() if task.lane == ENDED and task.due <= self.now]
        ripe.sort(key=lambda i: self.tasks[i].due)
        chosen = self._chosen(ripe, gone, limit)
        assert gone == set(chosen)
        assert len(chosen) == min(limit, len(ripe))
        for task_id in chosen:
            del self.tasks[task_id]
        if len(chosen) < limit:
            self._keep_used()
        return len(chosen)

    def expire(self, limit: int, failed: set[int]) -> int:
        over = {
            i
            for i, task in self.tasks.items()
            if task.lane != ENDED and task.due <= self.now and self._expired(task)
        }
        assert failed <= over
        assert len(failed) == min(limit, len(over))
        for task_id in failed:
            self._fail(self.tasks[task_id])
        return len(failed)
