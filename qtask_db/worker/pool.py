"""The worker's threads, and how many tasks may wait for them in this process."""

from __future__ import annotations

import contextlib
import inspect
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeAlias

from qtask_db.dialects.carriers import close_old_connections
from qtask_db.log import Lines, get_logger
from qtask_db.models import ReceivedTask
from qtask_db.worker.job import Job, Retry, text_of

logger = get_logger("qtask_db.worker")

Handler: TypeAlias = "Callable[[Job], Any]"

LOCAL_WAIT = 0.1
"""Seconds of work that may wait in this process, so that an idle worker elsewhere gets the rest."""
START_ROWS = 1_000
"""Most tasks that are taken and started at one time."""
LOCAL_TASKS = 2 * START_ROWS
"""Tasks that may wait here, however quick the handlers are: some start while others are ended."""
LOCAL_SIZE = 8_000_000
"""Characters of messages that may be here beside those that handlers are busy with."""
HANGS_AFTER = 300.0
"""Seconds after which it is told where a handler is."""


@dataclass(slots=True, eq=False)
class Run:
    """A started task on its way through this process."""

    job: Job
    handler: Handler
    beat_at: float
    """Monotonic time of the next heartbeat."""
    error: BaseException | None = None
    not_run: bool = False
    """No handler was called: the worker stopped, or the task was lost, before a thread took it."""
    thread: int = 0
    """That of its handler."""
    told: bool = False
    """It runs for long, and that has been told."""
    refused_at: float = 0.0
    """When the database first refused its result for a reason of its own."""
    refusals: int = 0

    @classmethod
    def of(
        cls,
        one: ReceivedTask,
        payload: dict[str, Any],
        text: str,
        handler: Handler,
        extend: Callable[[Job, int | None], None],
    ) -> Run:
        """Of a task that is this worker's now; `text` is its message."""
        interval = one.interval or 0
        job = Job(one.task_id, one.attempt, one.queue, payload, text, interval, _extend=extend)
        return cls(job, handler, time.monotonic() + interval / 3)


@dataclass(frozen=True, slots=True)
class Room:
    """What may be taken now, to be run soon."""

    most: int
    """Tasks."""
    idle: int
    """Those of them that would run at once."""
    size: int
    """Characters."""


class Pool:
    """Threads that run handlers. `done` is told of every run that has ended.

    A run counts until `completed`, when the database knows its result: a slow or absent database
    stops the intake rather than filling the memory.
    """

    def __init__(self, threads: int, prefetch: int | None, done: Callable[[Run], None]) -> None:
        self._threads = threads
        self._prefetch = prefetch
        self._size = 0
        self._done = done
        self._inbox: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._incomplete = 0
        self._in_hand = 0
        self._running: dict[Run, float] = {}
        self._means: dict[str, float] = {}
        self._fetcher_waits = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def start(self) -> None:
        for number in range(self._threads):
            name = f"qtask-worker-{number + 1}"
            # Daemons: a handler that never returns must not keep the process from ending.
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def room(self, timeout: float) -> Room:
        """What there is room for.

        If tasks may wait here, it lets half of them go first, for at most `timeout` seconds: few
        large takes, not many small ones, but none of more than START_ROWS.
        """
        self._fetcher_waits = True
        try:
            for last in (False, True):
                waiting = self._may_wait()
                idle = self._threads - self._incomplete
                if idle + waiting >= max(1, waiting // 2) and (size := self._free()) > 0:
                    return Room(min(idle + waiting, START_ROWS), idle, size)
                if not last:
                    with contextlib.suppress(queue.Empty):
                        self._wake.get(timeout=timeout)
            return Room(max(0, idle), idle, max(1, self._free()))
        finally:
            self._fetcher_waits = False

    def submit(self, runs: list[Run]) -> None:
        with self._lock:
            self._size += sum(len(run.job.text) for run in runs)
            self._incomplete += len(runs)
            self._in_hand += len(runs)
        for run in runs:
            self._inbox.put(run)

    def completed(self, jobs: Collection[Job]) -> None:
        """The database knows their results."""
        with self._lock:
            self._incomplete -= len(jobs)
            self._size -= sum(len(job.text) for job in jobs)
        if self._fetcher_waits and self._wake.empty():
            self._wake.put(None)

    def waiting(self) -> int:
        """Runs that no thread has taken."""
        return self._inbox.qsize()

    def running(self) -> list[Job]:
        """The jobs that handlers are busy with."""
        with self._lock:
            return [run.job for run in self._running]

    def tell_where_they_hang(self) -> None:
        """Once of each handler that runs for long: heartbeats keep its task from everybody else."""
        began = time.monotonic() - HANGS_AFTER
        with self._lock:
            long = [run for run, since in self._running.items() if since < began and not run.told]
        for run in long:
            run.told = True
            stack = traceback.format_stack(sys._current_frames().get(run.thread))
            logger.warning(
                "task %d, attempt %d of %s has run for %d s, and is here:\n%s",
                run.job.task_id, run.job.attempt, run.job.queue, HANGS_AFTER,
                Lines("".join(stack).rstrip()),
            )  # fmt: skip

    def idle(self) -> bool:
        """Whether everything that was submitted has been passed on, or taken back."""
        with self._lock:
            return self._in_hand == 0

    def take_back(self) -> list[Run]:
        """The runs that no thread has taken; the threads end when they are through with theirs."""
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
            run.not_run = True
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
        return min(LOCAL_TASKS, int(self._threads * LOCAL_WAIT / max(slowest, 1e-6)))

    def _free(self) -> int:
        with self._lock:
            return LOCAL_SIZE - self._size + sum(len(run.job.text) for run in self._running)

    def _work(self) -> None:
        while (run := self._inbox.get()) is not None:
            if run.job.lost:
                run.not_run = True
            else:
                self._handle(run)
            self._done(run)
            with self._lock:
                self._in_hand -= 1

    def _handle(self, run: Run) -> None:
        job, began = run.job, time.monotonic()
        run.thread = threading.get_ident()
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
