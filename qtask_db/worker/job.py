"""The job that a handler gets, and the exception that it may raise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qtask_db.constants import LIMIT
from qtask_db.log import mask


class Retry(Exception):
    """Raised by a handler: the attempt failed, run the task again.

    `delay`: seconds until then, a fraction is rounded up; None is the delay of any other exception.
    Raises TypeError if it is not a number of seconds.
    """

    def __init__(
        self, reason: str = "the handler asked for a retry", delay: float | None = None
    ) -> None:
        super().__init__(reason)
        self.delay = delay
        if delay is not None:
            if not isinstance(delay, int | float) or not math.isfinite(delay):
                raise TypeError(f"delay must be None or a number of seconds, not {delay!r}")
            self.delay = min(max(0, math.ceil(delay)), LIMIT["seconds"])


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One attempt of a task, in the hands of a handler."""

    task_id: int
    """Number of the task."""
    attempt: int
    """1 for the first one."""
    queue: str
    """Name of its queue."""
    payload: dict[str, Any]
    """The task's own, whatever its message said."""
    text: str = field(default="", repr=False)
    """The message as a relay writes it, for a handler that parses numbers in its own way."""
    interval: int = 0
    """Seconds that the task stays with this worker without an extension."""
    _loss: list[str] = field(default_factory=list, repr=False)
    """Why the task is lost, once it is."""
    _extend: Callable[[Job, int | None], None] | None = field(default=None, repr=False)

    @property
    def lost(self) -> bool:
        """Whether the task is no longer this attempt's: cancelled, expired or started elsewhere.

        A long handler looks at it now and then and gives up; its result would be dropped anyway.
        """
        return bool(self._loss)

    def extend(self, seconds: int | None = None) -> None:
        """Keeps the task for `seconds` from now, None for its interval. Calls `extend_task`.

        The worker's heartbeat extends by the interval anyway, so this is for a longer time. Raises
        StaleAttempt or TaskNotActive if the task is lost, DatabaseUnavailable if the database does
        not answer.
        """
        if self._extend is not None:
            self._extend(self, seconds)


@dataclass(slots=True)
class WorkerCounters:
    """Tasks since the start."""

    taken: int = 0
    """Messages that were taken from Redis."""
    started: int = 0
    """Attempts that began."""
    refused: int = 0
    """Messages that were dropped: a copy had started the attempt, or the task was terminal."""
    bad: int = 0
    """Messages that were set aside: they cannot be read, or name a task of another queue."""
    differing: int = 0
    """Messages with another payload than their task, which ran with its own."""
    finished: int = 0
    """Tasks whose handler returned."""
    failed: int = 0
    """Failed attempts."""
    returned: int = 0
    """Given back at the stop, as no handler had run; these attempts do not count."""
    lost: int = 0
    """Results that were dropped, as the attempt was no longer this worker's."""
    scheduled: int = 0
    """Tasks that were created, as schedules were due: by a worker of direct queues."""
    expired: int = 0
    """Tasks of any queue that have failed, as their time was over: by a worker of direct queues."""
    purged: int = 0
    """Terminal tasks of any queue that were deleted: by a worker of direct queues."""
    errors: int = 0
    """Steps of these two that failed."""


def text_of(error: BaseException | None) -> str:
    """A handler's error as people read it, whatever its own methods do."""
    try:
        text = str(error) if isinstance(error, Retry) else f"{type(error).__name__}: {error}"
    except BaseException:
        text = f"{type(error).__name__}, whose text cannot be read"
    # A lone surrogate could not be sent, and its result would never be written.
    return mask(text)[: LIMIT["error"]].encode("utf-8", "replace").decode()
