"""The schedules of a run, which relays and workers run by themselves, whatever is done to them."""

from __future__ import annotations

from typing import Any

from scheduled import set_back

from qtask_db import Connection, Schedule, calls
from qtask_db.dialects.mysql.driver import rows_of

from ..process import TICKS

INTERVAL = 4
MISSED = 60 * 30
"""Seconds for which nobody has run the schedule with a cron expression."""
LATE = 2
"""Seconds for which a tick may wait while nothing disturbs."""
_EPOCH = "TIMESTAMPDIFF(SECOND, '1970-01-01', {})"


def _schedule(name: str, **times: Any) -> Schedule:
    return Schedule(name, TICKS, {"k": name}, interval=INTERVAL, **times)


SCHEDULES = (
    _schedule("second", every=1, misfire="all", max_catch_up=1000),
    _schedule("minute", cron="* * * * *", misfire="all"),
    _schedule("newest", every=1, misfire="once"),
)
STEPS = {"second": 1, "minute": 60}
"""Of those whose ticks must all be run."""


def start(conn: Connection) -> None:
    for one in SCHEDULES:
        calls.set_schedule(conn, one)
    set_back(conn, "minute", MISSED)


def in_time(conn: Connection) -> bool:
    """Whether no tick waits for long."""
    return all(one.lag < LATE for one in calls.list_schedules(conn))


def stop(conn: Connection) -> dict[str, tuple[int, int]]:
    """They tick no more. Since when each has, and when it would have next, if it is not too late by
    then; in seconds since 1970.
    """
    for one in SCHEDULES:
        calls.pause_schedule(conn, one.name)
    end = f"GREATEST({_EPOCH.format('next_at')}, {_EPOCH.format('UTC_TIMESTAMP()')} - {LATE})"
    statement = f"SELECT schedule, {_EPOCH.format('since_at')}, {end} FROM qtask_schedule"
    return {name: (since, until) for name, since, until in rows_of(conn.raw, statement)}
