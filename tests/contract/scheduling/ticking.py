"""Schedules for the tests, and what they have made."""

from __future__ import annotations

import datetime
import json
from typing import Any

from testing import execute, query

from qtask_db import Connection, Schedule, calls
from qtask_db.scheduling import DueSchedule, PlannedTicks, ScheduleAdvance, ScheduleInfo

UTC = datetime.timezone.utc


def every(conn: Connection, seconds: int = 60, name: str = "S", **options: Any) -> ScheduleInfo:
    """A schedule that ticks each so many seconds."""
    return put(conn, Schedule(name, options.pop("queue", "Q"), every=seconds, **options))


def cron(conn: Connection, expression: str = "0 * * * *", **options: Any) -> ScheduleInfo:
    """A schedule with a cron expression."""
    name = options.pop("name", "S")
    return put(conn, Schedule(name, options.pop("queue", "Q"), cron=expression, **options))


def put(conn: Connection, schedule: Schedule) -> ScheduleInfo:
    calls.set_schedule(conn, schedule)
    return state(conn, schedule.name, schedule.namespace)


def state(conn: Connection, name: str = "S", namespace: str | None = None) -> ScheduleInfo:
    """As the view shows it."""
    listed = calls.list_schedules(conn, namespace)
    (found,) = (one for one in listed if one.schedule.name == name)
    return found


def advance(conn: Connection, due: DueSchedule, *planned: Any) -> ScheduleAdvance:
    """advance_schedules with one schedule."""
    return calls.advance_schedules(conn, [PlannedTicks(due, *planned)])


def made(conn: Connection) -> list[str]:
    """The ticks of all tasks, in the order of their creation."""
    rows = query(conn, f"SELECT payload FROM {conn.prefix}task ORDER BY task_id")
    return [json.loads(payload)["tick"] for (payload,) in rows]


def finish_all(conn: Connection) -> None:
    """Ends all tasks, behind the procedures' back."""
    execute(conn, f"UPDATE {conn.prefix}task SET lane = 0, status = 0")


def at(text: str) -> datetime.datetime:
    """A time in UTC."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)
