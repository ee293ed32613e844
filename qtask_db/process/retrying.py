"""Stopping, backing off, and one line of log a trouble, for the relay and the worker."""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import time

from qtask_db.errors import DatabaseUnavailable, QtaskError

REPEAT = 60.0
"""Seconds in which a trouble that comes and goes is told once."""


class Stop:
    """A flag that every waiting thread sees at once.

    `threading.Event` must not be set by a signal handler that interrupts the thread which waits on
    it; `SimpleQueue.put` may.
    """

    def __init__(self) -> None:
        self._set = False
        self._tokens: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        """Wakes everybody, now and later."""
        self._set = True
        self._tokens.put(None)

    def clear(self) -> None:
        """Ready for another run."""
        self._set = False
        with contextlib.suppress(queue.Empty):
            while True:
                self._tokens.get_nowait()

    def is_set(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Sleeps; returns early, and True, when the flag is set."""
        if not self._set and seconds > 0:
            with contextlib.suppress(queue.Empty):
                self._tokens.get(timeout=seconds)
                self._tokens.put(None)
        return self._set


class Backoff:
    """Growing pauses with jitter, in seconds, so that processes do not come back all at once."""

    def __init__(self, first: float = 0.1, longest: float = 10.0) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def next(self) -> float:
        """The next pause: half to the whole of first * 2 ** failures, at most `longest`."""
        whole = min(self._longest, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing

    def reset(self) -> None:
        """The next failure starts anew."""
        self._failures = 0


class Trouble:
    """Logs a trouble when it starts and when it is over, not at each retry.

    One that comes and goes is told once in REPEAT seconds.
    """

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self._logger = logger
        self._what = what
        self._since: float | None = None
        self._told: dict[type[BaseException], float] = {}

    def report(self, error: BaseException) -> None:
        """An error that is not one of ours is a bug, so it comes with its traceback."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        told = self._told.get(type(error))
        if told is not None and (told >= self._since or now < told + REPEAT):
            return
        self._told[type(error)] = now
        unexpected = None if isinstance(error, QtaskError) else error
        self._logger.error(
            "%s: %s: %s", self._what, type(error).__name__, error, exc_info=unexpected
        )

    def clear(self) -> None:
        """It works again."""
        if self._since is not None:
            if any(told >= self._since for told in self._told.values()):
                seconds = time.monotonic() - self._since
                self._logger.info("%s: works again after %.1f s", self._what, seconds)
            self._since = None


class Duty:
    """Something that a service does again and again: a failure is told once, and rests longer each
    time until it works again, while all other duties go on.
    """

    def __init__(
        self, logger: logging.Logger, what: str, *, first: float = 0.1, longest: float = 5.0
    ) -> None:
        self._trouble = Trouble(logger, what)
        self._backoff = Backoff(first, longest)
        self._again_at = 0.0
        self._pause = 0.0
        self._failing = False

    @property
    def rest(self) -> float:
        """Seconds until it may be tried; 0 while it works."""
        return max(0.0, self._again_at - time.monotonic())

    def failed(self, error: BaseException) -> float:
        """Reports the error; returns the seconds until the next try."""
        self._trouble.report(error)
        return self.failed_quietly()

    def failed_beside(self, error: BaseException) -> float:
        """The same for one of several duties on a database: an outage is told by the first one,
        unless this one alone meets it again.
        """
        if isinstance(error, DatabaseUnavailable) and not self._failing:
            return self.failed_quietly()
        return self.failed(error)

    def failed_quietly(self) -> float:
        """The same, for an error that need not be told."""
        self._failing = True
        self._pause = self._backoff.next()
        self._again_at = time.monotonic() + self._pause
        return self._pause

    def works(self) -> None:
        """It was tried, and nothing failed. If it fails again soon, it rests longer still."""
        if self._again_at:
            self._failing = False
            self._trouble.clear()
            if time.monotonic() > self._again_at + self._pause:
                self._backoff.reset()
                self._again_at = 0.0
