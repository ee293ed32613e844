"""Schedules: what makes tasks by the clock, the rows that tell of it, and the ticks."""

from __future__ import annotations

from qtask_db.scheduling.rows import (
    DueSchedule,
    PlannedTicks,
    ScheduleAdvance,
    ScheduleInfo,
    ScheduleRun,
)
from qtask_db.scheduling.schedule import Schedule

__all__ = [
    "DueSchedule",
    "PlannedTicks",
    "Schedule",
    "ScheduleAdvance",
    "ScheduleInfo",
    "ScheduleRun",
]
