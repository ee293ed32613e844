"""The worker's second database thread: ends attempts in bulk and keeps long ones alive."""

from __future__ import annotations

import concurrent.futures
import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeAlias

from qtask_db import calls
from qtask_db._log import get_logger
from qtask_db._loop import Duty, Session
from qtask_db._pool import Run
from qtask_db.constants import Status
from qtask_db.database import Database
from qtask_db.errors import (
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    ProcedureError,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
    TaskNotProcessing,
)
from qtask_db.job import Counters, Job, Retry, text_of

logger = get_logger("qtask_db.worker")

TICK = 0.2
"""Seconds between looks at whose heartbeat is due, while tasks are here."""
CLOSING_PACE = 0.2
"""Seconds between two tries at the end, whatever has failed."""
EXTEND_TIMEOUT = 30.0
FINISH_ROWS = 1_000
REFUSALS = 10
"""A result that the database has refused so often, while it took others, is given up."""


@dataclass(slots=True)
class Extension:
    """A handler's wish for more time."""

    job: Job
    seconds: int | None
    answer: concurrent.futures.Future[None] = field(default_factory=concurrent.futures.Future)


Item: TypeAlias = "Run | Extension | list[Run] | None"


class Settler:
    """One thread and one connection; everything that is asked of it goes through its inbox.

    It writes what is there at once: a lone result goes alone, under load many go together. Results
    are kept while the database is away.
    """

    def __init__(
        self,
        database: Database,
        counters: Counters,
        settled: Callable[[Collection[Job]], None],
        *,
        quick_retries: int,
        retry_delay: float,
    ) -> None:
        self._session = Session(database)
        self._counters = counters
        self._settled = settled
        self._quick_retries = quick_retries
        self._retry_delay = retry_delay
        self._inbox: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._watched: dict[Job, Run] = {}
        self._finished: list[Run] = []
        self._failed: list[Run] = []
        self._unbegun: list[Run] = []
        self._extensions: list[Extension] = []
        self._closing = False
        self._give_up_at = float("inf")
        self._next_look = 0.0
        self._rows = FINISH_ROWS
        self._written_at = 0.0
        self._beating = Duty(logger, "database, heartbeats")
        self._duties: list[tuple[Duty, Callable[[], object], Callable[[], None]]] = [
            (self._beating, lambda: False, self._beat),
            (Duty(logger, "database, extending tasks"), lambda: self._extensions, self._grant),
            (Duty(logger, "database, ending tasks"), lambda: self._finished, self._finish),
            (Duty(logger, "database, giving tasks back"), lambda: self._unbegun, self._give_back),
            (Duty(logger, "database, failing attempts"), lambda: self._failed, self._fail_all),
        ]
        self._thread = threading.Thread(target=self._work, name="qtask-settler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Without it results pile up, so that nothing more must be taken."""
        return self._thread.is_alive()

    def watch(self, runs: list[Run]) -> None:
        """From now on their heartbeats are this thread's."""
        self._inbox.put(runs)

    def done(self, run: Run) -> None:
        """The handler has returned, or `run.error` is why not."""
        self._inbox.put(run)

    def extend(self, job: Job, seconds: int | None) -> None:
        """For `Job.extend`; waits for the database's answer."""
        wish = Extension(job, seconds)
        self._inbox.put(wish)
        try:
            wish.answer.result(EXTEND_TIMEOUT)
        except concurrent.futures.TimeoutError:
            raise DatabaseUnavailable(
                f"task {job.task_id} was not extended within {EXTEND_TIMEOUT:g} s"
            ) from None

    def close(self, timeout: float) -> int:
        """Writes what is left within `timeout` seconds; returns how many results it could not."""
        self._give_up_at = time.monotonic() + timeout
        self._inbox.put(None)
        self._thread.join(timeout + 1)
        return self._left()

    def _work(self) -> None:
        # The first result finds a connection and its procedure compiled. It also reports trouble.
        with contextlib.suppress(Exception):
            calls.finish_many(self._session.connection, [])
        while True:
            self._collect()
            for duty, _, act in self._duties:
                if self._closing or not duty.rest:
                    self._attempt(duty, act)
            if self._closing and (not self._left() or time.monotonic() >= self._give_up_at):
                self._session.close()
                return

    def _attempt(self, duty: Duty, act: Callable[[], None]) -> None:
        """One duty that fails must not keep the others from being done."""
        try:
            act()
        except Conflict as error:
            logger.debug("%s; again", error)
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads load
        except Exception as error:
            # Nothing may end this thread: results would pile up behind it.
            self._session.close()
            duty.failed(error)
        else:
            duty.works()

    def _left(self) -> int:
        return len(self._finished) + len(self._failed) + len(self._unbegun)

    def _collect(self) -> None:
        """All that is in the inbox; waits for the first where there is nothing else to do."""
        waits = [duty.rest for duty, work, _ in self._duties if work()]
        if self._watched:
            waits.append(max(self._beating.rest, self._next_look - time.monotonic()))
        wait = max(0.0, min(waits, default=5.0))
        if self._closing:
            wait = min(wait, CLOSING_PACE)
        try:
            self._sort(self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait())
            while len(self._finished) < FINISH_ROWS:
                self._sort(self._inbox.get_nowait())
        except queue.Empty:
            pass

    def _sort(self, item: Item) -> None:
        if item is None:
            self._closing = True
        elif isinstance(item, list):
            self._watched.update((run.job, run) for run in item)
        elif isinstance(item, Extension):
            self._extensions.append(item)
        else:
            self._watched.pop(item.job, None)
            if item.job.lost and (item.unbegun or item.error is not None):
                self._drop(item.job, "it was lost meanwhile")
                self._settled([item.job])
            elif item.unbegun:
                self._unbegun.append(item)
            elif item.error is None:
                self._finished.append(item)
            else:
                self._failed.append(item)

    def _grant(self) -> None:
        while self._extensions:
            wish = self._extensions.pop(0)
            try:
                self._extend(wish.job, wish.seconds)
            except Exception as error:
                wish.answer.set_exception(error)
                if not isinstance(error, ProcedureError):
                    raise
            else:
                wish.answer.set_result(None)

    def _finish(self) -> None:
        """All that is there; what the database refuses is asked for alone, and goes to the end."""
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
                    self._put_last(self._finished, error)
                    if not written:
                        raise
                continue
            written = True
            self._written_at = time.monotonic()
            self._rows = min(FINISH_ROWS, 2 * self._rows)
            del self._finished[: len(runs)]
            lost = 0
            for one in refused:
                if one.number == TaskNotFound.number:
                    logger.info("task %d had ended already, and is gone", one.task_id)
                else:
                    lost += 1
                    self._drop(jobs[one.task_id], f"error {one.number}")
            self._counters.finished += len(jobs) - lost
            self._settled(jobs.values())

    def _next_results(self) -> list[Run]:
        """The next to write: two attempts of one task do not fit into one call."""
        runs: dict[int, Run] = {}
        for run in self._finished[: self._rows]:
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
            self._drop(run.job, f"{type(error).__name__}: {error}")
            self._settled([run.job])
        else:
            runs.append(run)

    def _give_back(self) -> None:
        while some := self._unbegun[:FINISH_ROWS]:
            self._counters.returned += calls.return_many(
                self._session.connection, [(run.job.task_id, run.job.attempt) for run in some]
            )
            del self._unbegun[: len(some)]
            self._settled([run.job for run in some])

    def _fail_all(self) -> None:
        written = False
        tried: set[int] = set()
        while self._failed and id(run := self._failed[0]) not in tried:
            try:
                self._fail(run)
            except (Conflict, DatabaseUnavailable):
                raise
            except DatabaseError as error:
                tried.add(id(run))
                self._put_last(self._failed, error)
                if not written:
                    raise
                continue
            except Exception as error:  # what can never be written must not block the others
                self._drop(run.job, f"{type(error).__name__}: {error}")
            written = True
            self._written_at = time.monotonic()
            del self._failed[0]
            self._settled([run.job])

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
            self._drop(job, str(refusal))
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

    def _beat(self) -> None:
        """One statement for each task in a third of its interval, and none for a quick task."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + TICK
        failed = None
        for run in list(self._watched.values()):
            if run.beat_at <= now:
                try:
                    self._extend(run.job, None)
                except ProcedureError as error:
                    logger.warning("task %d is lost: %s", run.job.task_id, error)
                except (Conflict, DatabaseUnavailable):
                    raise
                except Exception as error:
                    run.beat_at = now + max(1.0, run.job.interval / 12)
                    failed = error
        if failed is not None:
            raise failed

    def _extend(self, job: Job, seconds: int | None) -> None:
        try:
            calls.extend(self._session.connection, job.task_id, job.attempt, seconds)
        except (TaskNotFound, TaskNotActive, TaskNotProcessing, StaleAttempt) as error:
            job._loss.append(str(error))
            self._watched.pop(job, None)
            raise
        if (run := self._watched.get(job)) is not None:
            run.beat_at = time.monotonic() + (seconds or job.interval) / 3

    def _drop(self, job: Job, reason: str) -> None:
        self._counters.lost += 1
        logger.warning(
            "task %d, attempt %d: the result is dropped: %s", job.task_id, job.attempt, reason
        )
