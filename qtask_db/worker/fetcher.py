"""The worker's main loop: gets started tasks, hands them to the threads, drains."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from qtask_db.errors import Conflict, DatabaseUnavailable, QueueNotDirect, QueueUnavailable
from qtask_db.log import get_logger
from qtask_db.process.retrying import Duty, Stop
from qtask_db.service.session import Session
from qtask_db.transport.queues import QueueUnusable
from qtask_db.worker.completer import Completer
from qtask_db.worker.job import WorkerCounters
from qtask_db.worker.pool import Pool, Room, Run

logger = get_logger("qtask_db.worker")

TAKE_WAIT = 1.0
"""Seconds that a source may wait for a task: how long `stop` may take to be noticed."""
SHORT_WAIT = 0.02
"""The same, if there are two sources, each of which must not wait for the other."""
LOOK_AGAIN = 5.0
"""Seconds until a source that had nothing to give is looked at again."""
ROOM_WAIT = 0.25
LAST_RUNS = 1.0
"""Seconds in which tasks that wait in this process may still begin after `stop`."""
LAST_WRITES = 5.0
"""Seconds for the last results to reach the database, beyond the drain timeout."""


class Source(Protocol):
    """A way by which tasks come to the worker."""

    asks_database: bool
    """Whether the database has answered if there was nothing."""

    @property
    def live(self) -> bool:
        """Whether queues of this worker are delivered this way now, as far as it is known."""

    def next(self, room: Room, wait: float) -> list[Run]:
        """The tasks that it has started, which are this worker's now: as many as there is room for
        if they are there; else it waits for what can run at once.
        """

    def passed_on(self) -> None:
        """The threads have all of them."""

    def leave(self) -> None:
        """Nothing more is taken. Raises QueueUnavailable."""


class Fetcher:
    """One run of a worker, from its start to the end of its drain; for one thread."""

    def __init__(
        self,
        name: str,
        session: Session,
        sources: Sequence[Source],
        counters: WorkerCounters,
        pool: Pool,
        completer: Completer,
        stop: Stop,
        *,
        checked: bool,
    ) -> None:
        self._name = name
        self._session = session
        self._sources = sources
        self._counters = counters
        self._pool = pool
        self._completer = completer
        self._stop = stop
        self._worked = checked
        self._again_at = dict.fromkeys(sources, 0.0)
        self._starting = Duty(logger, "database, starting tasks")
        self._taking = Duty(logger, "redis")

    def run(self, drain_timeout: float) -> None:
        """Until the stop flag is set, then drains. Raises what is wrong before anything worked."""
        self._completer.start()
        self._pool.start()
        try:
            while not self._stop.is_set():
                self._turn()
        finally:
            self._drain(drain_timeout)

    def _turn(self) -> None:
        """Starts what there is room for; a failure is reported once and backed off."""
        if not self._completer.alive:
            raise RuntimeError("the thread that ends tasks has died")
        live = sum(source.live for source in self._sources)
        wait = TAKE_WAIT if live == 1 else SHORT_WAIT
        for source in self._sources:
            if self._again_at[source] > time.monotonic():
                continue
            # One may have just told so of the other.
            gave = self._attempt(source, wait if source.live else 0.0)
            if not (gave or source.live):
                # An operator may change the delivery, or messages may be left from before.
                again_at = time.monotonic() + LOOK_AGAIN
                self._again_at[source] = max(self._again_at[source], again_at)
        self._stop.wait(min(self._again_at.values()) - time.monotonic())

    def _attempt(self, source: Source, wait: float) -> bool:
        """Whether it gave something. If it fails, it rests; others are not to wait for it."""
        try:
            return self._fetch(source, wait)
        except QueueUnusable as error:  # each of them has been told by its name
            pause = self._taking.failed_quietly()
            logger.debug("%s", error)
        except QueueUnavailable as error:
            pause = self._taking.failed(error)
        except QueueNotDirect:
            raise
        except Exception as error:
            if not (self._worked or isinstance(error, DatabaseUnavailable | Conflict)):
                raise
            self._session.close_after(error)
            pause = self._starting.failed(error)
        self._again_at[source] = time.monotonic() + pause
        return False

    def _fetch(self, source: Source, wait: float) -> bool:
        room = self._pool.room(ROOM_WAIT)
        if room.most == 0:
            return False
        runs = source.next(room, wait)
        if not source.asks_database:
            self._taking.works()
        if runs or source.asks_database:
            self._worked = True
            self._starting.works()
        if runs:
            self._counters.started += len(runs)
            self._completer.watch(runs)
            self._pool.submit(runs)
            source.passed_on()
        return bool(runs)

    def _drain(self, timeout: float) -> None:
        """Lets what is short come to its end, gives back the rest, writes the results."""
        logger.info("worker %s drains: %d handlers run", self._name, len(self._pool.running()))
        began = time.monotonic()
        _until(lambda: not self._pool.waiting(), min(LAST_RUNS, timeout))
        self._pool.end()
        _until(self._pool.idle, timeout - (time.monotonic() - began))
        unwritten = self._completer.close(LAST_WRITES)
        for run in self._pool.running():
            logger.warning("task %d still runs and comes again after its interval", run.job.task_id)
        if unwritten:
            logger.error("%d results did not reach the database; the tasks come again", unwritten)
        for source in self._sources:
            try:
                source.leave()
            except QueueUnavailable as error:
                logger.warning("worker %s: %s", self._name, error)
        logger.info("worker %s stopped: %s", self._name, self._counters)


def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Waits for the condition, looking often: a drain is rare and short."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
