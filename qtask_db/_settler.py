"""The worker's second database thread: ends attempts in bulk and keeps long ones alive."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from qtask_db import calls
from qtask_db._loop import Backoff, Session, Trouble
from qtask_db._pool import Run
from qtask_db.constants import Status
from qtask_db.database import Database
from qtask_db.errors import (
    Conflict,
    DatabaseUnavailable,
    ProcedureError,
    QtaskError,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
    TaskNotProcessing,
)
from qtask_db.job import Counters, Job, Retry, text_of

logger = logging.getLogger("qtask_db.worker")

TICK = 0.2
"""Seconds between looks at whose heartbeat is due, while tasks are here."""
EXTEND_TIMEOUT = 30.0
FINISH_ROWS = 1_000


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
        settled: Callable[[int], None],
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
        self._backoff = Backoff(first=0.1, longest=5.0)
        self._trouble = Trouble(logger, "database, ending tasks")
        self._thread = threading.Thread(target=self._work, name="qtask-settler", daemon=True)

    def start(self) -> None:
        self._thread.start()

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
            try:
                self._write()
                self._beat()
                self._trouble.clear()
                self._backoff.reset()
            except Conflict as error:
                logger.debug("%s; again", error)
                time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads load
            except Exception as error:
                # Nothing may end this thread: results would pile up behind it.
                self._session.close()
                self._trouble.report(error)
                time.sleep(min(self._backoff.next(), 0.2 if self._closing else 5.0))
            if self._closing and (not self._left() or time.monotonic() >= self._give_up_at):
                self._session.close()
                return

    def _left(self) -> int:
        return len(self._finished) + len(self._failed) + len(self._unbegun)

    def _collect(self) -> None:
        """All that is in the inbox; waits for the first where there is nothing else to do."""
        wait = 0.0 if self._left() or self._extensions or self._closing else 5.0
        if self._watched:
            wait = min(wait, max(0.0, self._next_look - time.monotonic()))
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
            if item.job.lost:
                self._drop(item.job, "it was lost meanwhile")
                self._settled(1)
            elif item.unbegun:
                self._unbegun.append(item)
            elif item.error is None:
                self._finished.append(item)
            else:
                self._failed.append(item)

    def _write(self) -> None:
        while self._extensions:
            wish = self._extensions.pop(0)
            try:
                self._extend(wish.job, wish.seconds)
            except QtaskError as error:
                wish.answer.set_exception(error)
                if not isinstance(error, ProcedureError):
                    raise
            else:
                wish.answer.set_result(None)
        while jobs := self._first_of_each_task():
            refused = calls.finish_many(
                self._session.connection, [(job.task_id, job.attempt) for job in jobs.values()]
            )
            del self._finished[: len(jobs)]
            for one in refused:
                self._drop(jobs[one.task_id], f"error {one.number}")
            self._counters.finished += len(jobs) - len(refused)
            self._settled(len(jobs))
        while some := self._unbegun[:FINISH_ROWS]:
            self._counters.returned += calls.return_many(
                self._session.connection, [(run.job.task_id, run.job.attempt) for run in some]
            )
            del self._unbegun[: len(some)]
            self._settled(len(some))
        while self._failed:
            try:
                self._fail(self._failed[0])
            except QtaskError:
                raise
            except Exception as error:  # what can never be written must not block the others
                self._drop(self._failed[0].job, f"{type(error).__name__}: {error}")
            del self._failed[0]
            self._settled(1)

    def _first_of_each_task(self) -> dict[int, Job]:
        """The next results to write: two attempts of one task do not fit into one call."""
        jobs: dict[int, Job] = {}
        for run in self._finished[:FINISH_ROWS]:
            if run.job.task_id in jobs:
                break
            jobs[run.job.task_id] = run.job
        return jobs

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
        for run in list(self._watched.values()):
            if run.beat_at <= now:
                try:
                    self._extend(run.job, None)
                except ProcedureError as error:
                    logger.warning("task %d is lost: %s", run.job.task_id, error)
        self._next_look = time.monotonic() + TICK

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
