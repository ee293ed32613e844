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
from qtask_db.database import Database
from qtask_db.errors import (
    Conflict,
    DatabaseUnavailable,
    ProcedureError,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
    TaskNotProcessing,
)
from qtask_db.log import get_logger
from qtask_db.process.retrying import Duty
from qtask_db.service.session import Session
from qtask_db.worker.job import Job, WorkerCounters
from qtask_db.worker.pool import Run
from qtask_db.worker.results import FINISH_ROWS, Results

logger = get_logger("qtask_db.worker")

TICK = 0.2
"""Seconds between looks at whose heartbeat is due, while tasks are here."""
CLOSING_PACE = 0.2
"""Seconds between two tries at the end, whatever has failed."""
EXTEND_TIMEOUT = 30.0


@dataclass(slots=True)
class Extension:
    """A handler's wish for more time."""

    job: Job
    seconds: int | None
    answer: concurrent.futures.Future[None] = field(default_factory=concurrent.futures.Future)


Item: TypeAlias = "Run | Extension | list[Run] | None"


class Completer:
    """One thread and one connection; everything that is asked of it goes through its inbox.

    Of tasks that their handlers have finished the `verifier` finds out whether they are: a handler
    may have left its transaction open, for which it then waits. It starts with the first of them.

    It writes what is there at once: a lone result goes alone, under load many go together. Results
    are kept while the database is away.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        counters: WorkerCounters,
        completed: Callable[[Collection[Job]], None],
        verifier: Completer | None = None,
    ) -> None:
        self._verifier = verifier
        self._session = Session(database)
        self._results = results = Results(name, self._session, counters, completed)
        self._inbox: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._watched: dict[Job, Run] = {}
        self._extensions: list[Extension] = []
        self._closing = False
        self._give_up_at = float("inf")
        self._next_look = 0.0
        self._beating = Duty(logger, "database, heartbeats")
        self._duties: list[tuple[Duty, Callable[[], object], Callable[[], None]]] = [
            (self._beating, lambda: False, self._beat),
            (Duty(logger, "database, extending tasks"), lambda: self._extensions, self._grant),
            (Duty(logger, "database, ending tasks"), lambda: results.finished, results.finish),
            (
                Duty(logger, "database, giving tasks back"),
                lambda: results.not_run,
                results.give_back,
            ),
            (Duty(logger, "database, failing attempts"), lambda: results.ended, results.end),
        ]
        self._thread = threading.Thread(target=self._work, name="qtask-completer", daemon=True)

    def start(self) -> None:
        """Begins to look into the inbox; a second call does nothing."""
        if self._thread.ident is None:
            self._thread.start()

    @property
    def alive(self) -> bool:
        """Without it results pile up, so that nothing more must be taken."""
        return self._thread.is_alive()

    def watch(self, runs: list[Run]) -> None:
        """From now on their heartbeats are this thread's."""
        self._inbox.put(runs)

    def done(self, run: Run) -> None:
        """The handler has returned, or `run.end` says how it has ended."""
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
        if self.alive:
            self._thread.join(timeout + 1)
        left = self._results.left()
        if self._verifier is not None:
            left += self._verifier.close(max(0.0, self._give_up_at - time.monotonic()))
        return left

    def _work(self) -> None:
        # The first result finds a connection and its procedure compiled. It also reports trouble.
        with contextlib.suppress(Exception):
            calls.finish_many(self._session.connection, [])
        while True:
            self._collect()
            for duty, _, act in self._duties:
                if self._closing or not duty.rest:
                    self._attempt(duty, act)
            if self._closing and (not self._results.left() or time.monotonic() >= self._give_up_at):
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

    def _collect(self) -> None:
        """All that is in the inbox; waits for the first if there is nothing else to do."""
        waits = [duty.rest for duty, work, _ in self._duties if work()]
        if self._watched:
            waits.append(max(self._beating.rest, self._next_look - time.monotonic()))
        wait = max(0.0, min(waits, default=5.0))
        if self._closing:
            wait = min(wait, CLOSING_PACE)
        try:
            self._sort(self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait())
            while len(self._results.finished) < FINISH_ROWS:
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
            if self._verifier is not None and item.job._fate.finished:
                self._verifier.start()
                self._verifier.done(item)
            else:
                self._results.add(item)

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

    def _beat(self) -> None:
        """One statement for each task in a third of its interval, and none for a quick task."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + TICK
        failed = None
        for run in list(self._watched.values()):
            # While its handler's own transaction is open, its row is locked.
            if run.beat_at <= now and not run.job._fate.finished:
                try:
                    self._extend(run.job, None)
                except ProcedureError as error:
                    if not run.job._fate.finished:
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
            if not job._fate.finished:
                job._fate.lost = str(error)
            self._watched.pop(job, None)
            raise
        if (run := self._watched.get(job)) is not None:
            run.beat_at = time.monotonic() + (seconds or job.interval) / 3
