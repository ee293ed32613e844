"""The rows that calls for schedules return: frozen, without behaviour."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from qtask_db.constants import Status
from qtask_db.scheduling.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ScheduleRun:
    """The outcome of `run_due_schedules`."""

    created: int
    """Tasks that were created."""
    error: str | None
    """Why a schedule could not create its task, as its `last_error`; None if each could."""
    wait: float | None
    """Seconds until a schedule ticks that needs no cron expression; 0 if one does now, None if none
    will.
    """
    cron_wait: float | None
    """The same for schedules with a cron expression: `due_schedules` lists those that are due."""


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule with a cron expression whose ticks somebody must compute. Times are UTC."""

    namespace: str
    name: str
    revision: int
    cron: str
    zone: str
    misfire: str
    max_catch_up: int
    since_at: datetime.datetime
    """Ticks up to then do not count."""
    next_at: datetime.datetime
    """The next tick, or an earlier time."""
    now: datetime.datetime
    """By the database's clock."""


@dataclass(frozen=True, slots=True)
class PlannedTicks:
    """A due schedule as `advance_schedules` is to move it."""

    due: DueSchedule
    ticks: Sequence[datetime.datetime] = ()
    """To run now, in their order."""
    following: datetime.datetime | None = None
    """The next tick; None: none will come."""
    error: str | None = None
    """Why the ticks cannot be computed; it is tried again later."""


@dataclass(frozen=True, slots=True)
class ScheduleAdvance:
    """The outcome of `advance_schedules`."""

    advanced: int
    """Schedules that were moved to their next tick."""
    created: int
    """Tasks that were created."""
    error: str | None
    """As of ScheduleRun."""


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """A schedule as `list_schedules` shows it. Times are UTC, with their zone."""

    schedule: Schedule
    revision: int
    """Counts the changes."""
    paused: bool
    next_at: datetime.datetime | None
    """The next tick; None while it is paused. Of a new cron schedule it is not later than that."""
    lag: float
    """Seconds that the next tick is late."""
    last_at: datetime.datetime | None
    """The tick of the last task."""
    last_task_id: int | None
    last_status: Status | None
    """Of the last task; None if it was purged, too."""
    last_error: str | None
    """Why the last tick made no task."""
