"""The results of handlers, on their way into the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from qtask_db import calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import (
    AccessDenied,
    Conflict,
    DatabaseUnavailable,
    NotInstalled,
    ProcedureError,
    TaskNotActive,
    TaskNotFound,
)
from qtask_db.log import get_logger
from qtask_db.models import AttemptEnd, Ended
from qtask_db.service.session import Session
from qtask_db.worker.job import Job, WorkerCounters
from qtask_db.worker.pool import Run

logger = get_logger("qtask_db.worker")

FINISH_ROWS = 1_000
END_SIZE = 500_000
"""Characters of errors and tracebacks in one call: as JSON they are six times as long, at most."""
REFUSALS = 10
"""A result that the database has refused so often, while it took others, is given up."""
LOOK_AGAIN = 60.0
"""Seconds until a database that could not end attempts in bulk is asked again."""

_OF_ALL = (Conflict, DatabaseUnavailable, AccessDenied, NotInstalled)
"""Errors that are not of one result."""
_ENDED = (TaskNotFound.number, TaskNotActive.number)

_counting = threading.Lock()
"""Two threads count: one of them waits for transactions of handlers."""


class Results:
    """Ended attempts, in the order in which they ended; one that the database refuses for a reason
    of its own stands back behind the others.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        counters: WorkerCounters,
        completed: Callable[[Collection[Job]], None],
    ) -> None:
        # The history has room for as much; Redis takes a longer name.
        self._name = name.strip()[: LIMIT["relay"]].strip() or "worker"
        self._session = session
        self._counters = counters
        self._completed = completed
        self.finished: list[Run] = []
        self.ended: list[Run] = []
        self.not_run: list[Run] = []
        self._rows = FINISH_ROWS
        self._written_at = 0.0
        self._denied = False
        self._bulk_at = 0.0

    def add(self, run: Run) -> None:
        """A lost attempt is written only if it may be a success of the handler's own making."""
        fate = run.job._fate
        if fate.lost is not None and (run.not_run or run.end is not None):
            self.drop(run.job, "it was lost meanwhile")
            self._completed([run.job])
        elif run.not_run:
            self.not_run.append(run)
        elif run.end is None:
            self.finished.append(run)
        else:
            self.ended.append(run)

    def left(self) -> int:
        """How many are not written."""
        return len(self.finished) + len(self.ended) + len(self.not_run)

    def finish(self) -> None:
        """All that is there."""
        self._write(self.finished, self._finish)

    def end(self) -> None:
        """All that is there; one by one, if schema or grants are older than `end_attempts`."""
        if time.monotonic() >= self._bulk_at:
            try:
                self._write(self.ended, self._end_many)
            except (AccessDenied, NotInstalled) as error:
                if not self._denied:
                    logger.warning(
                        "worker %s ends attempts one by one, as failed: none can be rejected or "
                        "snoozed: %s. `qtask install` brings end_attempts, `qtask render --grants` "
                        "its grant",
                        self._name, error,
                    )  # fmt: skip
                self._denied = True
                self._bulk_at = time.monotonic() + LOOK_AGAIN
            else:
                return
        self._write(self.ended, self._end_one, 1)

    def give_back(self) -> None:
        """The runs that no thread has taken."""
        while some := self.not_run[:FINISH_ROWS]:
            self._counters.returned += calls.return_many(
                self._session.connection, [(run.job.task_id, run.job.attempt) for run in some]
            )
            del self.not_run[: len(some)]
            self._completed([run.job for run in some])

    def drop(self, job: Job, reason: str) -> None:
        """The attempt is no longer this worker's."""
        with _counting:
            self._counters.lost += 1
        logger.warning(
            "task %d, attempt %d: the result is dropped: %s", job.task_id, job.attempt, reason
        )

    def _write(
        self, runs: list[Run], write: Callable[[dict[int, Run]], None], rows: int = FINISH_ROWS
    ) -> None:
        """All of them; one that the database refuses is tried by itself, then put last."""
        written = False
        tried: set[int] = set()
        while (some := self._next(runs, rows)) and id(runs[0]) not in tried:
            try:
                write(some)
            except _OF_ALL:
                raise
            except Exception as error:
                self._rows = max(1, len(some) // 2)
                if len(some) == 1:
                    tried.add(id(runs[0]))
                    self._put_last(runs, error)
                    if not written:
                        raise
                continue
            written = True
            self._written_at = time.monotonic()
            self._rows = min(FINISH_ROWS, 2 * self._rows)
            del runs[: len(some)]
            self._completed([run.job for run in some.values()])

    def _next(self, runs: list[Run], rows: int) -> dict[int, Run]:
        """The next to write, by task: two attempts of one task do not fit into one call."""
        some: dict[int, Run] = {}
        size = 0
        for run in runs[: min(rows, self._rows)]:
            if run.end is not None:
                size += len(run.end.error or "") + len(run.end.traceback or "")
            if run.job.task_id in some or (some and size > END_SIZE):
                break
            some[run.job.task_id] = run
        return some

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

    def _finish(self, runs: dict[int, Run]) -> None:
        refused = calls.finish_many(
            self._session.connection, [(run.job.task_id, run.job.attempt) for run in runs.values()]
        )
        lost = 0
        for one in refused:
            if one.number == TaskNotFound.number:
                logger.info("task %d was terminal already, and is purged", one.task_id)
            else:
                lost += 1
                self.drop(runs[one.task_id].job, f"error {one.number}")
        with _counting:
            self._counters.finished += len(runs) - lost

    def _end_many(self, runs: dict[int, Run]) -> None:
        ends = [run.end for run in runs.values() if run.end is not None]
        self._count(runs, calls.end_many(self._session.connection, self._name, ends))

    def _end_one(self, runs: dict[int, Run]) -> None:
        """By `fail_task`, which each schema has."""
        for run in runs.values():
            if (end := run.end) is not None:
                self._count(runs, self._failed(end))

    def _failed(self, end: AttemptEnd) -> list[Ended]:
        numbers = end.task_id, end.attempt
        try:
            status = calls.fail(
                self._session.connection, *numbers, error=end.error, delay=end.delay
            )
        except ProcedureError as refusal:
            return [Ended(*numbers, refusal.number, None)]
        return [Ended(*numbers, None, status)] if status is Status.FAILED else []

    def _count(self, runs: dict[int, Run], told: list[Ended]) -> None:
        """What has become of these attempts; nothing is told of those that simply ended."""
        refused = {one.task_id: one.number for one in told if one.number is not None}
        for task_id, run in runs.items():
            if task_id not in refused:
                self._count_end(run)
            elif run.job._fate.finished and refused[task_id] in _ENDED:
                with _counting:
                    self._counters.finished += 1
            else:
                self.drop(run.job, f"error {refused[task_id]}")
        for one in told:
            if one.number is None:
                logger.error(
                    "task %d has failed for good: attempt %d",
                    one.task_id, runs[one.task_id].job.attempt,
                )  # fmt: skip

    def _count_end(self, run: Run) -> None:
        outcome = run.end and run.end.outcome
        with _counting:
            self._counters.snoozed += outcome == "snooze"
            self._counters.failed += outcome != "snooze"
            self._counters.rejected += outcome == "reject"
            self._counters.timed_out += run.job._fate.timed_out
        if run.job._fate.finished:
            logger.warning(
                "task %d, attempt %d: the handler called job.finish, and nothing was committed",
                run.job.task_id, run.job.attempt,
            )  # fmt: skip
