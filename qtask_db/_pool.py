"""The worker's threads, and how many tasks may wait for them in this process."""

from __future__ import annotations

import contextlib
import inspect
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from qtask_db.carriers import close_old_connections
from qtask_db.job import Job, Retry, text_of

logger = logging.getLogger("qtask_db.worker")

Handler: TypeAlias = "Callable[[Job], Any]"

LOCAL_WAIT = 0.1
"""Seconds of work that may wait in this process, so that an idle worker elsewhere gets the rest."""
START_ROWS = 1_000
"""Most tasks that are taken and started at one time."""
LOCAL_TASKS = 2 * START_ROWS
"""Tasks that may wait here, however quick the handlers are: some start while others are ended."""
LOCAL_CHARACTERS = 8_000_000
"""Of messages that may wait here, as far as the last ones tell how large they are."""


@dataclass(slots=True, eq=False)
class Run:
    """A started task on its way through this process."""

    job: Job
    handler: Handler
    beat_at: float
    """Monotonic time of the next heartbeat."""
    error: BaseException | None = None
    unbegun: bool = False
    """The worker stopped before a thread had begun it."""


class Pool:
    """Threads that run handlers. `done` is told of every run that has ended.

    A run counts until `settled`, when the database knows its result: a slow or absent database
    stops the intake rather than filling the memory.
    """

    def __init__(self, threads: int, prefetch: int | None, done: Callable[[Run], None]) -> None:
        self._threads = threads
        self._prefetch = prefetch
        self._largest = 1
        self._done = done
        self._inbox: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unsettled = 0
        self._in_hand = 0
        self._running: dict[Run, float] = {}
        self._means: dict[str, float] = {}
        self._feeder_waits = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def start(self) -> None:
        for number in range(self._threads):
            name = f"qtask-worker-{number + 1}"
            # Daemons: a handler that never returns must not keep the process from ending.
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def room(self, timeout: float) -> tuple[int, int]:
        """How many tasks to take now, to be run soon, and how many of them would run at once.

        Where tasks may wait here, it lets half of them go first, for at most `timeout` seconds: few
        large takes, not many small ones, but none of more than START_ROWS.
        """
        self._feeder_waits = True
        try:
            for last in (False, True):
                waiting = self._may_wait()
                idle = self._threads - self._unsettled
                if idle + waiting >= max(1, waiting // 2):
                    return min(idle + waiting, START_ROWS), idle
                if not last:
                    with contextlib.suppress(queue.Empty):
                        self._wake.get(timeout=timeout)
            return max(0, idle), idle
        finally:
            self._feeder_waits = False

    def submit(self, runs: list[Run]) -> None:
        self._largest = max((len(run.job.text) for run in runs), default=1)
        with self._lock:
            self._unsettled += len(runs)
            self._in_hand += len(runs)
        for run in runs:
            self._inbox.put(run)

    def settled(self, count: int) -> None:
        """So many runs are off this process's hands."""
        with self._lock:
            self._unsettled -= count
        if self._feeder_waits and self._wake.empty():
            self._wake.put(None)

    def waiting(self) -> int:
        """Runs that no thread has begun."""
        return self._inbox.qsize()

    def running(self) -> list[Job]:
        """The jobs that handlers are busy with."""
        with self._lock:
            return [run.job for run in self._running]

    def idle(self) -> bool:
        """Whether everything that was submitted has been passed on, or taken back."""
        with self._lock:
            return self._in_hand == 0

    def take_back(self) -> list[Run]:
        """The runs that no thread has begun; the threads end when they are through with theirs."""
        runs: list[Run] = []
        while True:
            try:
                run = self._inbox.get_nowait()
            except queue.Empty:
                break
            if run is not None:
                runs.append(run)
        for _ in range(self._threads):
            self._inbox.put(None)
        for run in runs:
            run.unbegun = True
        with self._lock:
            self._in_hand -= len(runs)
        return runs

    def _may_wait(self) -> int:
        if self._prefetch is not None:
            return self._prefetch
        # The slowest queue decides, and the longest run right now: a quick task must not sit behind
        # handlers that take a minute. Nothing may wait before something is known.
        now = time.monotonic()
        with self._lock:
            longest = now - min(self._running.values(), default=now)
            slowest = max(longest, *self._means.values()) if self._means else float("inf")
        most = min(LOCAL_TASKS, LOCAL_CHARACTERS // self._largest)
        return min(most, int(self._threads * LOCAL_WAIT / max(slowest, 1e-6)))

    def _work(self) -> None:
        while (run := self._inbox.get()) is not None:
            if not run.job.lost:
                self._handle(run)
            self._done(run)
            with self._lock:
                self._in_hand -= 1

    def _handle(self, run: Run) -> None:
        job, began = run.job, time.monotonic()
        with self._lock:
            self._running[run] = began
        close_old_connections()
        try:
            if (result := run.handler(job)) is not None:
                _refuse_unrun(result)
        except Retry as error:
            run.error = error
            text = text_of(error)
            logger.info("task %d, attempt %d of %s: %s", job.task_id, job.attempt, job.queue, text)
        except BaseException as error:  # a handler that calls sys.exit() has failed, no more
            run.error = error
            logger.warning(
                "task %d, attempt %d of %s failed",
                job.task_id,
                job.attempt,
                job.queue,
                exc_info=True,
            )
        close_old_connections()
        took = time.monotonic() - began
        with self._lock:
            del self._running[run]
            mean = self._means.get(job.queue, took)
            self._means[job.queue] = mean + (took - mean) / 8


def _refuse_unrun(result: Any) -> None:
    """The task of a handler that only made a coroutine or a generator must not be finished."""
    if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
        if hasattr(result, "close"):
            result.close()
        raise TypeError(f"the handler returned a {type(result).__name__} that nobody runs")
