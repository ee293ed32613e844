"""The job that a handler gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qtask_db import calls
from qtask_db.errors import AlreadyFinished, TaskNotFound
from qtask_db.payloads.objects import load


class Fate:
    """What is known of an attempt while its handler runs. It has no constructor: there is one for
    each task.
    """

    lost: str | None = None
    """Why the database no longer takes it for this worker's."""
    timed_out: bool = False
    finished: bool = False
    """By its handler, in a transaction of the handler's own that may not be committed yet."""
    model: type | None = None
    data: Any = None


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
    count: int = 1
    """How many attempts count against `max_count`, with this one: those that were snoozed or given
    back do not, nor those before the task was retried.
    """
    _fate: Fate = field(default_factory=Fate, repr=False)
    _extend: Callable[[Job, int | None], None] | None = field(default=None, repr=False)

    @property
    def data(self) -> Any:
        """The payload as an instance of the handler's `model`, None if it has none.

        Raises PayloadMismatch if the payload does not fit.
        """
        fate = self._fate
        if fate.data is None and fate.model is not None:
            fate.data = load(fate.model, self.payload)
        return fate.data

    @property
    def lost(self) -> bool:
        """Whether the task is no longer this attempt's: cancelled, expired or started elsewhere, or
        its handler is beyond its `timeout`.

        A long handler looks at it now and then and gives up; its result would be dropped anyway.
        """
        return self._fate.lost is not None or self._fate.timed_out

    def extend(self, seconds: int | None = None) -> None:
        """Keeps the task for `seconds` from now, None for its interval. Calls `extend_task`.

        The worker's heartbeat extends by the interval anyway, so this is for a longer time. After
        `finish` it does nothing: the open transaction keeps the task. Raises StaleAttempt or
        TaskNotActive if the task is lost, DatabaseUnavailable if the database does not answer.
        """
        if self._extend is not None and not self._fate.finished:
            self._extend(self, seconds)

    def finish(self, conn: Any) -> None:
        """Finishes the task in the transaction of `conn` that holds the work, so that both happen
        or neither. Call it last, and commit. Calls `finish_task_once`.

        The worker sends no heartbeat from then on: the open transaction keeps the task. When the
        handler has returned, the worker asks the database. A task that was not committed fails its
        attempt, and comes again after its interval. Raises AlreadyFinished if this attempt was
        committed before: roll back and return. Raises StaleAttempt, TaskNotActive or
        TaskNotProcessing if the task is lost: roll back.
        """
        self._fate.finished = True
        try:
            calls.finish_once(conn, self.task_id, self.attempt)
        except (AlreadyFinished, TaskNotFound):
            raise
        except BaseException:
            self._fate.finished = False
            raise


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
    rejected: int = 0
    """Those of them after which the task may not be tried again, whatever attempts are left."""
    timed_out: int = 0
    """Those of them whose handlers were beyond their `timeout`."""
    snoozed: int = 0
    """Attempts that ended in `Snooze` and do not count."""
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
