"""The calls of schedules in a life: see lives.py, whose steps these are."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from qtask_db import Connection, Schedule, calls
from qtask_db.scheduling import DueSchedule, PlannedTicks

NAME = "it's"
ADVANCED = {"schedule": NAME, "revision": 1, "next_at": "2026-01-01T00:00:00Z"}


def _set(life: Any, payload: Any, namespace: str) -> Any:
    """It ticks in an hour, so that nothing of it depends on when the calls come."""
    given = Schedule(
        NAME, "Q'S", payload, every=3600, namespace=namespace, owner="o", overlap="skip"
    )
    return calls.set_schedule(life.operator, given)


def _read(life: Any, namespace: str) -> Any:
    found = calls.list_schedules(life.operator, namespace)
    assert calls.due_schedules(life.relay) == []
    return [(one.schedule, one.revision, one.paused, one.last_status) for one in found]


def set_back(conn: Connection, name: str, seconds: int) -> None:
    """As if nobody had run this new schedule for so long."""
    columns = ("since_at", "next_at", "due_at")
    back = ", ".join(f"{column} = {column} - INTERVAL {seconds} SECOND" for column in columns)
    with conn.raw.cursor() as cursor:
        cursor.execute(f"UPDATE {conn.prefix}schedule SET {back} WHERE schedule = '{name}'")
    conn.commit()


def advance(
    conn: Connection,
    due: DueSchedule,
    due_ticks: Sequence[datetime.datetime],
    following: datetime.datetime | None,
) -> int | None:
    """Runs these ticks of a schedule, and moves it to the following one; None if not."""
    done = calls.advance_schedules(conn, [PlannedTicks(due, due_ticks, following)])
    return done.created if done.advanced else None


def timeless(value: object) -> str:
    """A column of a row, without the time of a tick and the id of a failed task."""
    return re.sub(r'("(?:tick|task_id)"): ("[^"]*"|\d+)', r"\1: …", str(value))


def scheduling(namespace: str) -> dict[str, Callable[[Any], Any]]:
    """The steps, by name."""
    return {
        "set_schedule": lambda life: _set(life, {"n": 1}, namespace),
        "set_schedule again": lambda life: _set(life, {"n": 2}, namespace),
        "pause_schedule": lambda life: calls.pause_schedule(life.operator, NAME, namespace),
        "resume_schedule": lambda life: calls.resume_schedule(life.operator, NAME, namespace),
        "run_schedule": lambda life: life.label(calls.run_schedule(life.operator, NAME, namespace)),
        "run_due_schedules": lambda life: calls.run_due_schedules(life.relay).created,
        "advance_schedules": lambda life: life.relay.call(
            "advance_schedules", json.dumps([dict(ADVANCED, namespace=namespace)])
        )[0],
        "schedules": lambda life: _read(life, namespace),
        "remove_schedule": lambda life: calls.remove_schedule(life.operator, NAME, namespace),
    }
