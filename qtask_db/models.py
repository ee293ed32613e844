"""The rows that calls return: frozen, without behaviour."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from qtask_db.constants import Status


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a queue: a task's payload and the number that its next attempt will have."""

    task_id: int
    attempt: int
    """The attempt that it announces; 1 for the first one."""
    queue: str
    payload: str
    """The JSON object as it was stored."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A scan's result: tasks that are now this relay's to push and to confirm."""

    batch_id: int | None
    """None if nothing was due."""
    messages: list[Message]
    """Messages to push."""
    wait: float | None
    """Seconds until the next task is due; 0 if more is due now, None if no task is active."""


@dataclass(frozen=True, slots=True)
class Started:
    """One task that `processing_many` has started."""

    task_id: int
    attempt: int
    interval: int
    """Seconds until the task is queued again unless it is finished, failed or extended."""


@dataclass(frozen=True, slots=True)
class ReceivedTask:
    """One task that `receive` or `receive_many` has started."""

    task_id: int
    attempt: int
    queue: str
    payload: str
    """The JSON object as it was stored: work with this, whatever the message says."""
    interval: int | None = None
    """Seconds until the task is queued again unless it is finished, failed or extended; `receive`
    does not tell.
    """
    lapses: int = 0
    """Attempts before this one, in a row, that were started and never ended; `receive` does not
    tell.
    """


@dataclass(frozen=True, slots=True)
class Reception:
    """The outcome of `receive_many`."""

    started: list[ReceivedTask]
    """Tasks that are now this consumer's."""
    wrong: list[tuple[int, int | None, str]]
    """Messages whose task belongs to another queue: somebody has forged them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of `take`."""

    started: list[ReceivedTask]
    """Tasks that are now this consumer's."""
    redis: list[str]
    """Those of the queues that are not direct: their messages come through Redis."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One task that a bulk call left as it was, and the contract's error number that says why."""

    task_id: int
    attempt: int | None
    number: int


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt has ended without success, for `end_many`."""

    task_id: int
    attempt: int
    outcome: Literal["fail", "reject", "snooze"]
    """As the calls of these names: try again, fail for good, or not yet."""
    error: str | None = None
    """Why, for people; None keeps the one before."""
    delay: int | None = None
    """Seconds until the task comes again. `fail`: None is its interval; `snooze` needs it, `reject`
    has none.
    """
    traceback: str | None = None
    """Where in the program, for the history of the task's attempts."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One attempt of which `end_many` has more to say: it was refused, or the task has failed for
    good.
    """

    task_id: int
    attempt: int | None
    number: int | None
    """The contract's error number if the attempt was left as it was, else None."""
    status: Status | None
    """FAILED for good; None if the attempt was refused."""


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A task as `list_tasks` shows it. Times are UTC, with their zone."""

    task_id: int
    namespace: str
    queue: str
    name: str
    order_no: str | None
    status: Status
    attempts: int
    """How often it was started."""
    max_count: int
    """Most attempts."""
    created_at: datetime.datetime
    started_at: datetime.datetime | None
    """Begin of the latest attempt."""
    ended_at: datetime.datetime | None
    due_at: datetime.datetime
    """Active: when it is queued or looked at next. Terminal: when it is purged."""
    deadline_at: datetime.datetime
    """No attempt starts later."""
    last_error: str | None
    """The text of the latest failed attempt."""


@dataclass(frozen=True, slots=True)
class AttemptInfo:
    """An attempt that did not succeed. Times are UTC, with their zone."""

    attempt: int
    started_at: datetime.datetime
    ended_at: datetime.datetime
    """Of one that never ended: when that was found."""
    outcome: str
    """`failed`, `rejected`, `snoozed`, `lapsed` (it never ended), `expired` (at the deadline) or
    `cancelled`.
    """
    worker: str | None
    """As it names itself, if it does."""
    error: str | None
    traceback: str | None


@dataclass(frozen=True, slots=True)
class TaskDetails:
    """All of a task, as `read_task` returns it."""

    task: TaskInfo
    interval: int
    """Seconds until a started task is queued again unless its attempt ends."""
    on_failure: str | None
    """The queue on which its end in failure creates a task."""
    lapses: int
    """Attempts in a row that were started and never ended."""
    payload: str
    """The JSON object as it was stored."""
    attempts: list[AttemptInfo]
    """Those that did not succeed, the newest hundred at most."""


@dataclass(frozen=True, slots=True)
class SelectedTask:
    """A task that `select_tasks` has found."""

    task_id: int
    namespace: str
    queue: str
    name: str
    status: Status
    last_error: str | None
    """The beginning of the text of the latest failed attempt."""


@dataclass(frozen=True, slots=True)
class Selection:
    """One step of `select_tasks`."""

    tasks: list[SelectedTask]
    """In the order of their ids."""
    next_id: int | None
    """`after_id` of the next step; None if this was the last."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The outcome of `change_tasks`."""

    changed: int
    skipped: list[Refused]
    """Those that are as they were; of `TaskBusy` a moment later the same call may succeed."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a task is where it is."""

    task_id: int
    status: Status
    text: str
    """Sentences, one a line: the task, its past, and when the next thing happens to it."""


@dataclass(frozen=True, slots=True)
class QueueStats:
    """One queue's counts at this moment."""

    namespace: str
    queue: str
    paused: bool
    waiting: int
    processing: int
    due: int
    """Active tasks whose time has come and that no relay has claimed, no worker taken yet."""
    finished: int
    cancelled: int
    failed: int
    lag: float
    """Seconds that the oldest due task has been waiting for one; 0 if none is due."""
    delivery: str = "redis"
    """`redis`, or `direct`: consumers take its tasks from the database."""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """One queue's active tasks at this moment; the fields are those of QueueStats."""

    namespace: str
    queue: str
    paused: bool
    waiting: int
    processing: int
    due: int
    lag: float
    delivery: str = "redis"


@dataclass(frozen=True, slots=True)
class QueueAudit:
    """Where one queue's active tasks are at this moment; each is in one place."""

    namespace: str
    queue: str
    paused: bool
    waiting: int
    """Waiting and queued, started by nobody since: the message should be in Redis."""
    requeued: int
    """The same, while an earlier attempt still counts as processing."""
    unconfirmed: int
    """How many of these two are in a batch whose relay has not confirmed it."""
    fresh: int
    """New: the creator may have pushed the message, or a relay will after the push grace."""
    due: int
    """Their time has come; no relay has claimed them yet."""
    parked: int
    """They wait for the queue to be resumed or to have room."""
    later: int
    """Their delay, or the delay after a failure, has not passed."""
    running: int
    """With a consumer."""
    delivery: str = "redis"
    """`direct`: no message of its tasks need be in Redis."""


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A relay or a worker that has reported within a day. Times are UTC, with their zone."""

    name: str
    kind: str
    """`relay` or `worker`."""
    state: str
    """`here`, or `vanished`: it has not reported for a minute, and has not said that it ends."""
    host: str | None
    pid: int | None
    program: str | None
    """Its name and release."""
    queues: list[str] | None
    """Those that it serves; None is any."""
    threads: int | None
    """Handlers that it can run at one time."""
    busy: int | None
    """Handlers that ran when it was last seen."""
    started_at: datetime.datetime
    seen_at: datetime.datetime


PLACES = (
    "waiting", "requeued", "unconfirmed", "fresh", "due", "parked", "later", "running",
)  # fmt: skip
"""Where a task can be, and `unconfirmed`: the counts of QueueAudit."""
