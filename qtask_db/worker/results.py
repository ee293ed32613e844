"""The results of handlers, on their way into the database."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection

from qtask_db import calls
from qtask_db.constants import Status
from qtask_db.errors import (
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    ProcedureError,
    TaskNotFound,
)
from qtask_db.log import get_logger
from qtask_db.service.session import Session
from qtask_db.worker.job import Job, Retry, WorkerCounters, text_of
from qtask_db.worker.pool import Run

logger = get_logger("qtask_db.worker")

FINISH_ROWS = 1_000
REFUSALS = 10
"""A result that the database has refused so often, while it took others, is given up."""


class Results:
    """Ended attempts, in the order in which they ended; one that the database refuses for a reason
    of its own stands back behind the others.
    """

    def __init__(
        self,
        session: Session,
        counters: WorkerCounters,
        completed: Callable[[Collection[Job]], None],
        *,
        quick_retries: int,
        retry_delay: float,
    ) -> None:
        self._session = session
        self._counters = counters
        self._completed = completed
        self._quick_retries = quick_retries
        self._retry_delay = retry_delay
        self.finished: list[Run] = []
        self.failed: list[Run] = []
        self.not_run: list[Run] = []
        self._rows = FINISH_ROWS
        self._written_at = 0.0

    def add(self, run: Run) -> None:
        """A lost attempt is written only if it may be a success of the handler's own making."""
        if run.job.lost and (run.not_run or run.error is not None):
            self.drop(run.job, "it was lost meanwhile")
            self._completed([run.job])
        elif run.not_run:
            self.not_run.append(run)
        elif run.error is None:
            self.finished.append(run)
        else:
            self.failed.append(run)

    def left(self) -> int:
        """How many are not written."""
        return len(self.finished) + len(self.failed) + len(self.not_run)

    def finish(self) -> None:
        """All that is there; one that the database refuses is tried by itself, then put last."""
        written = False
        tried: set[int] = set()
        while (runs := self._next_results()) and id(runs[0]) not in tried:
            jobs = {run.job.task_id: run.job for run in runs}
            try:
                refused = calls.finish_many(
                    self._session.connection, [(job.task_id, job.attempt) for job in jobs.values()]
                )
            except (Conflict, DatabaseUnavailable):
                raise
            except Exception as error:
                self._rows = max(1, len(runs) // 2)
                if len(runs) == 1:
                    tried.add(id(runs[0]))
                    self._put_last(self.finished, error)
                    if not written:
                        raise
                continue
            written = True
            self._written_at = time.monotonic()
            self._rows = min(FINISH_ROWS, 2 * self._rows)
            del self.finished[: len(runs)]
            lost = 0
            for one in refused:
                if one.number == TaskNotFound.number:
                    logger.info("task %d was terminal already, and is purged", one.task_id)
                else:
                    lost += 1
                    self.drop(jobs[one.task_id], f"error {one.number}")
            self._counters.finished += len(jobs) - lost
            self._completed(jobs.values())

    def _next_results(self) -> list[Run]:
        """The next to write: two attempts of one task do not fit into one call."""
        runs: dict[int, Run] = {}
        for run in self.finished[: self._rows]:
            if run.job.task_id in runs:
                break
            runs[run.job.task_id] = run
        return list(runs.values())

    def _put_last(self, runs: list[Run], error: Exception) -> None:
        """The first one, whose result was refused; it is given up when only it is, for long."""
        run = runs.pop(0)
        run.refusals += 1
        run.refused_at = run.refused_at or time.monotonic()
        if run.refusals >= REFUSALS and self._written_at > run.refused_at:
            self.drop(run.job, f"{type(error).__name__}: {error}")
            self._completed([run.job])
        else:
            runs.append(run)

    def give_back(self) -> None:
        """Of a worker that stops: the runs that no thread has taken."""
        while some := self.not_run[:FINISH_ROWS]:
            self._counters.returned += calls.return_many(
                self._session.connection, [(run.job.task_id, run.job.attempt) for run in some]
            )
            del self.not_run[: len(some)]
            self._completed([run.job for run in some])

    def fail_all(self) -> None:
        """One by one, since each may be repeated after another time."""
        written = False
        tried: set[int] = set()
        while self.failed and id(run := self.failed[0]) not in tried:
            try:
                self._fail(run)
            except (Conflict, DatabaseUnavailable):
                raise
            except DatabaseError as error:
                tried.add(id(run))
                self._put_last(self.failed, error)
                if not written:
                    raise
                continue
            except Exception as error:  # what can never be written must not block the others
                self.drop(run.job, f"{type(error).__name__}: {error}")
            written = True
            self._written_at = time.monotonic()
            del self.failed[0]
            self._completed([run.job])

    def _fail(self, run: Run) -> None:
        job, error = run.job, run.error
        try:
            status = calls.fail(
                self._session.connection,
                job.task_id,
                job.attempt,
                error=text_of(error),
                delay=self._delay(job.attempt, error),
            )
        except ProcedureError as refusal:
            self.drop(job, str(refusal))
            return
        self._counters.failed += 1
        if status is Status.FAILED:
            logger.error("task %d has failed for good: attempt %d", job.task_id, job.attempt)

    def _delay(self, attempt: int, error: BaseException | None) -> int | None:
        """Whole seconds, as the procedure takes them; None is the task's interval."""
        if isinstance(error, Retry) and isinstance(error.delay, int):
            return error.delay
        if attempt > self._quick_retries:
            return None
        delay = self._retry_delay * 2.0 ** (attempt - 1)
        return max(1, round(delay * random.uniform(0.8, 1.25)))  # noqa: S311 - spreads load

    def drop(self, job: Job, reason: str) -> None:
        """The attempt is no longer this worker's."""
        self._counters.lost += 1
        logger.warning(
            "task %d, attempt %d: the result is dropped: %s", job.task_id, job.attempt, reason
        )
