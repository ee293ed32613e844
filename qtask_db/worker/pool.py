"""The worker's threads, and how many tasks may wait for them in this process."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from qtask_db.dialects.carriers import close_old_connections
from qtask_db.log import get_logger
from qtask_db.models import AttemptEnd, ReceivedTask
from qtask_db.worker.job import Fate, Job
from qtask_db.worker.outcomes import WORDS, end_of, end_of_uncommitted, text_of
from qtask_db.worker.policy import Policy, refuse_unrun

logger = get_logger("qtask_db.worker")

LOCAL_WAIT = 0.1
"""Seconds of work that may wait in this process, so that an idle worker elsewhere gets the rest."""
START_ROWS = 1_000
"""Most tasks that are taken and started at one time."""
LOCAL_TASKS = 2 * START_ROWS
"""Tasks that may wait here, however quick the handlers are: some start while others are ended."""
LOCAL_SIZE = 8_000_000
"""Characters of messages that may be here beside those that handlers are busy with."""


@dataclass(slots=True, eq=False)
class Run:
    """A started task on its way through this process."""

    job: Job
    policy: Policy
    beat_at: float
    """Monotonic time of the next heartbeat."""
    end: AttemptEnd | None = None
    """How it has ended, unless its handler has returned."""
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
        policy: Policy,
        extend: Callable[[Job, int | None], None],
    ) -> Run:
        """Of a task that is this worker's now; `text` is its message."""
        interval = one.interval or 0
        count = one.attempt - one.attempts_before
        fate = Fate()
        if policy.model is not None:
            fate.model = policy.model
        job = Job(one.task_id, one.attempt, one.queue, payload, text, interval, count, fate, extend)
        return cls(job, policy, time.monotonic() + interval / 3)


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
        self.hanging = 0
        """Threads whose runs have been given up."""
        self._unreplaced = 0
        """Those of them in whose place no other one works."""
        self._fetcher_waits = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def start(self) -> None:
        for number in range(self._threads):
            self._start_thread(number + 1)

    def room(self, timeout: float) -> Room:
        """What there is room for.

        If tasks may wait here, it lets half of them go first, for at most `timeout` seconds: few
        large takes, not many small ones, but none of more than START_ROWS.
        """
        self._fetcher_waits = True
        try:
            for last in (False, True):
                waiting = self._may_wait()
                idle = self.threads - self._incomplete
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
        if not self.threads:  # the last one was given up meanwhile
            self._give_back()

    def completed(self, jobs: Collection[Job]) -> None:
        """The database knows their results."""
        with self._lock:
            self._incomplete -= len(jobs)
            self._size -= sum(len(job.text) for job in jobs)
        if self._fetcher_waits and self._wake.empty():
            self._wake.put(None)

    @property
    def threads(self) -> int:
        """Those that work, or can."""
        return self._threads - self._unreplaced

    def waiting(self) -> int:
        """Runs that no thread has taken."""
        return self._inbox.qsize()

    def running(self) -> dict[Run, float]:
        """The runs that handlers are busy with, and the monotonic time at which each has begun."""
        with self._lock:
            return self._running.copy()

    def give_up(self, run: Run, end: AttemptEnd) -> bool:
        """Ends the attempt of a handler that goes on, and lets another thread take its place.
        Returns False if it has just returned.

        At most as many threads are replaced as the pool has. If none is left that could run them,
        the waiting runs go back.
        """
        with self._lock:
            if (began := self._running.pop(run, None)) is None:
                return False
            run.job._fate.timed_out = True
            run.end = end
            self._means[run.job.queue] = time.monotonic() - began
            self.hanging += 1
            replaced = self.hanging <= self._threads
            self._unreplaced += not replaced
        if replaced:
            try:
                self._start_thread(self._threads + self.hanging)
            except RuntimeError:  # the process may have no more of them
                with self._lock:
                    self._unreplaced += 1
        self._pass_on(run)
        if not self.threads:
            self._give_back()
        return True

    def idle(self) -> bool:
        """Whether everything that was submitted has been passed on, or taken back."""
        with self._lock:
            return self._in_hand == 0

    def end(self) -> None:
        """The runs that no thread has taken go back; the threads end when they are through with
        theirs.
        """
        self._give_back()
        for _ in range(self._threads):
            self._inbox.put(None)

    def _give_back(self) -> None:
        with contextlib.suppress(queue.Empty):
            while (run := self._inbox.get_nowait()) is not None:
                run.not_run = True
                self._pass_on(run)
            self._inbox.put(None)

    def _may_wait(self) -> int:
        if not self.threads:
            return 0
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

    def _start_thread(self, number: int) -> None:
        name = f"qtask-worker-{number}"
        # Daemons: a handler that never returns must not keep the process from ending.
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (run := self._inbox.get()) is not None:
            if run.job.lost:
                run.not_run = True
            elif not self._handle(run):
                logger.info(
                    "task %d, attempt %d had timed out; its handler ends now, to no effect",
                    run.job.task_id, run.job.attempt,
                )  # fmt: skip
                if self._is_replaced():
                    return
                continue
            self._pass_on(run)

    def _pass_on(self, run: Run) -> None:
        self._done(run)
        with self._lock:
            self._in_hand -= 1

    def _is_replaced(self) -> bool:
        """Whether another thread has the place of this one, whose run was given up."""
        with self._lock:
            self.hanging -= 1
            if self._unreplaced:
                self._unreplaced -= 1
                return False
            return True

    def _handle(self, run: Run) -> bool:
        """Whether the run is still the pool's when its handler comes back."""
        job, began, end = run.job, time.monotonic(), None
        run.thread = threading.get_ident()
        with self._lock:
            self._running[run] = began
        close_old_connections()
        try:
            if (result := run.policy.handler(job)) is not None:
                refuse_unrun(result)
            if job._fate.finished:
                end = end_of_uncommitted(job)
        except BaseException as error:  # a handler that calls sys.exit() has failed, no more
            end = end_of(job, run.policy, error)
            _tell(job, error)
        close_old_connections()
        took = time.monotonic() - began
        with self._lock:
            if self._running.pop(run, None) is None:
                return False
            run.end = end
            mean = self._means.get(job.queue, took)
            self._means[job.queue] = mean + (took - mean) / 8
        return True


def _tell(job: Job, error: BaseException) -> None:
    numbers = job.task_id, job.attempt, job.queue
    if isinstance(error, WORDS):
        logger.info("task %d, attempt %d of %s: %s", *numbers, text_of(error))
    elif not job._fate.timed_out:
        logger.warning("task %d, attempt %d of %s failed", *numbers, exc_info=error)
