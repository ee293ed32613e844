"""The calls of schedules in a life: see lives.py, whose steps these are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from qtask_db import Schedule, calls

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


def timeless(value: object) -> str:
    """A column of a row, without the time of a tick."""
    return re.sub('"tick": "[^"]*"', '"tick": "…"', str(value))


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
