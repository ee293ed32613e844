"""The thread that looks after handlers that run for long."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from types import FrameType

from qtask_db.log import Lines, get_logger
from qtask_db.process.retrying import Stop
from qtask_db.worker.outcomes import TimedOut, end_of
from qtask_db.worker.pool import Pool, Run

logger = get_logger("qtask_db.worker")

HANGS_AFTER = 300.0
"""Seconds after which it is told where a handler is."""
LONGEST_PAUSE = 1.0
"""Seconds between two looks; a timeout may be noticed so much too late."""


class Watchdog:
    """Ends the attempts of handlers that are beyond their timeout, and tells where others hang.

    No exception is forced upon a thread: it would strike at any place, also while a lock is held.
    """

    def __init__(self, pool: Pool, threads: int) -> None:
        self._pool = pool
        self._threads = threads
        self._stop = Stop()
        self._thread = threading.Thread(target=self._run, name="qtask-watchdog", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join()

    def look(self) -> float:
        """Looks once; returns the seconds until the next look."""
        now, pause = time.monotonic(), LONGEST_PAUSE
        for run, since in self._pool.running().items():
            limit = run.policy.timeout
            # Its open transaction keeps the task: the database could not be told before it ends.
            if limit is not None and not run.job._fate.finished:
                if since + limit <= now:
                    self._give_up(run, limit)
                    continue
                pause = min(pause, since + limit - now)
            if since + HANGS_AFTER <= now and not run.told:
                run.told = True
                logger.warning(
                    "task %d, attempt %d of %s has run for %d s, and is here:\n%s",
                    *_named(run), HANGS_AFTER, _place(run),
                )  # fmt: skip
        return pause

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                pause = self.look()
            except Exception:
                logger.exception("the watchdog")
                pause = LONGEST_PAUSE

    def _give_up(self, run: Run, limit: float) -> None:
        error = TimedOut(f"timed out after {limit:g} s")
        if not self._pool.give_up(run, end_of(run.job, run.policy, error, _frame(run))):
            return
        logger.warning(
            "task %d, attempt %d of %s has timed out after %g s; "
            "its handler goes on, and is here:\n%s",
            *_named(run), limit, _place(run),
        )  # fmt: skip
        if self._pool.threads < self._threads:
            logger.error(
                "handlers hang in %d threads, and no more are replaced: %d of %d are left%s",
                self._pool.hanging, self._pool.threads, self._threads,
                "" if self._pool.threads else ", and nothing runs here: restart this worker",
            )  # fmt: skip


def _frame(run: Run) -> FrameType | None:
    return sys._current_frames().get(run.thread)


def _named(run: Run) -> tuple[int, int, str]:
    return run.job.task_id, run.job.attempt, run.job.queue


def _place(run: Run) -> Lines:
    return Lines("".join(traceback.format_stack(_frame(run))).rstrip())
