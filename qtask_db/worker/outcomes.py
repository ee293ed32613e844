"""The ends of an attempt without success: what a handler raises, and what the database is told."""

from __future__ import annotations

import math
import traceback
from types import FrameType

from qtask_db.constants import LIMIT
from qtask_db.errors import PayloadMismatch
from qtask_db.log import mask
from qtask_db.models import AttemptEnd
from qtask_db.worker.job import Job
from qtask_db.worker.policy import Policy


class Retry(Exception):
    """Raised by a handler: the attempt failed, run the task again.

    `delay`: seconds until then, a fraction is rounded up; None is the delay of any other exception.
    Raises TypeError if it is not a number of seconds.
    """

    def __init__(
        self, reason: str = "the handler asked for a retry", delay: float | None = None
    ) -> None:
        super().__init__(reason)
        self.delay = None if delay is None else _whole("delay", delay, "None or a number", 0)


class Fail(Exception):
    """Raised by a handler: the task has failed for good, whatever attempts are left.

    An operator may retry it (`qtask retry`) when the reason is mended.
    """

    def __init__(self, reason: str = "the handler gave the task up") -> None:
        super().__init__(reason)


class Snooze(Exception):
    """Raised by a handler: not yet, run the task again after `seconds`. The attempt does not count.

    A fraction is rounded up; the least is a second. The deadline goes on. Raises TypeError if it is
    not a number of seconds.
    """

    def __init__(self, seconds: float, reason: str = "the handler asked for a pause") -> None:
        super().__init__(reason)
        self.seconds = _whole("seconds", seconds, "a number", 1)


class TimedOut(Exception):
    """A handler is beyond its timeout."""


WORDS = (Retry, Fail, Snooze, TimedOut)
"""They are not a fault of the program's, and their text says all."""


def _whole(name: str, seconds: float, wanted: str, least: int) -> int:
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise TypeError(f"{name} must be {wanted} of seconds, not {seconds!r}")
    return min(max(least, math.ceil(seconds)), LIMIT["seconds"])


def end_of(
    job: Job, policy: Policy, error: BaseException, frame: FrameType | None = None
) -> AttemptEnd:
    """Of an attempt whose handler has raised; `frame` is where one hangs that has not."""
    numbers, text = (job.task_id, job.attempt), text_of(error)
    if isinstance(error, Snooze):
        seconds = error.seconds if isinstance(error.seconds, int) else job.interval
        return AttemptEnd(*numbers, "snooze", text, seconds)
    where = _bounded("".join(traceback.format_stack(frame))) if frame else traceback_of(error)
    fatal = isinstance(error, policy.fatal) and not isinstance(error, WORDS)
    if fatal or isinstance(error, Fail | PayloadMismatch) or policy.exhausted(job.count):
        return AttemptEnd(*numbers, "reject", text, None, where)
    delay = error.delay if isinstance(error, Retry) else None
    if not isinstance(delay, int):
        delay = policy.delay(job.count)
    return AttemptEnd(*numbers, "fail", text, delay, where)


def end_of_uncommitted(job: Job) -> AttemptEnd:
    """Of an attempt whose handler has called `job.finish`. The database refuses it if the handler
    has committed, too.
    """
    text = "the handler called job.finish and returned, and its transaction was not committed"
    return AttemptEnd(job.task_id, job.attempt, "fail", text)


def text_of(error: BaseException) -> str:
    """A handler's error as people read it, whatever its own methods do."""
    try:
        text = str(error) if isinstance(error, WORDS) else f"{type(error).__name__}: {error}"
    except BaseException:
        text = f"{type(error).__name__}, whose text cannot be read"
    return _sendable(text)[: LIMIT["error"]]


def traceback_of(error: BaseException) -> str | None:
    """From the handler on."""
    try:
        begin = error.__traceback__ and error.__traceback__.tb_next
        return _bounded("".join(traceback.format_exception(type(error), error, begin)))
    except BaseException:  # a class of the program's own, with methods of its own
        return None


def _bounded(text: str) -> str:
    """Of a longer one its end, which has the error and its place."""
    return _sendable(text.rstrip())[-LIMIT["traceback"] :]


def _sendable(text: str) -> str:
    """Without passwords, and what could not be sent: its result would never be written. That is a
    lone surrogate; and not every database reads a NUL in JSON.
    """
    return mask(text).replace("\0", "\\x00").encode("utf-8", "replace").decode()
