"""The verbs of a running attempt."""

from __future__ import annotations

from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import (
    AlreadyFinished,
    InvalidArgument,
    StaleAttempt,
    TaskNotActive,
    TaskNotProcessing,
)
from qtask_db.models import AttemptEnd

from .tables import ACTIVE, ENDED, FAILED, FINISHED, PROCESSING, WAITING, Tables, Task


class Ending(Tables):
    """They end it, or give it more time."""

    def finish(self, task_id: int, attempt: int | None) -> None:
        task = self._task(task_id)
        again = task.status is FINISHED and attempt in (None, task.attempts)
        if not again:
            self._running(task_id, attempt).end(FINISHED, self.now)

    def finish_once(self, task_id: int, attempt: int | None) -> None:
        if attempt is None:
            raise InvalidArgument
        task = self._task(task_id)
        if task.status is FINISHED and attempt == task.attempts:
            raise AlreadyFinished
        self._running(task_id, attempt).end(FINISHED, self.now)

    def fail(
        self, task_id: int, attempt: int | None, error: str | None, delay: int | None
    ) -> Status:
        task = self._running(task_id, attempt)
        if error is not None:
            task.error = error[: LIMIT["error"]]
        task.lapses = 0
        task.note("failed")
        if task.exhausted:
            self._end_badly(task, FAILED)
        else:
            task.lane, task.status = ACTIVE, WAITING
            task.in_at_most(task.interval if delay is None else delay, self.now)
        return task.status

    def reject_attempt(self, task_id: int, attempt: int | None, error: str | None) -> None:
        task = self._running(task_id, attempt)
        if error is not None:
            task.error = error[: LIMIT["error"]]
        task.lapses = 0
        task.note("rejected")
        self._end_badly(task, FAILED)

    def snooze(self, task_id: int, attempt: int | None, delay: int, reason: str | None) -> None:
        task = self._running(task_id, attempt)
        if reason is not None:
            task.error = reason[: LIMIT["error"]]
        task.note("snoozed")
        self.give_back(task_id, attempt)
        task.in_at_most(delay, self.now)

    def end(self, one: AttemptEnd) -> None:
        """An element of end_attempts: no message of its task is looked for any more."""
        task = self._running(one.task_id, one.attempt)
        if one.outcome == "fail":
            self.fail(one.task_id, one.attempt, one.error, one.delay)
        elif one.outcome == "reject":
            self.reject_attempt(one.task_id, one.attempt, one.error)
        else:
            self.snooze(one.task_id, one.attempt, one.delay or 0, one.error)
        task.batch = None

    def give_back(self, task_id: int, attempt: int | None) -> None:
        task = self._running(task_id, attempt)
        task.lane, task.status = ACTIVE, WAITING
        task.before += 1
        task.lapses = 0
        task.in_at_most(0, self.now)

    def extend(self, task_id: int, attempt: int | None, seconds: int | None) -> None:
        task = self._running(task_id, attempt)
        task.lane = ACTIVE
        if self.now - task.started >= DEFAULT["alive_after"]:
            task.lapses = 0
        task.in_at_most(task.interval if seconds is None else seconds, self.now)

    def _running(self, task_id: int, attempt: int | None) -> Task:
        task = self._task(task_id)
        if task.lane == ENDED:
            raise TaskNotActive
        if attempt is not None and attempt != task.attempts:
            raise StaleAttempt
        if task.status is not PROCESSING:
            raise TaskNotProcessing
        return task
