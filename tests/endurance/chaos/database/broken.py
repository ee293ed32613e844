"""Variants of the system with one promise taken out, which the checker must find."""

from __future__ import annotations

import dataclasses
import re

from qtask_db.database import Connection
from qtask_db.schema.objects import objects_of
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

PUSH_BEFORE_COMMIT = "push before commit"
"""The producers' doing."""
_FENCE = r"AND \((?:in_attempt|given\.attempt) IS NULL OR [^)]*\)"
_INTERVAL = r"INTERVAL (?:task\.)?interval_seconds SECOND"
_STARTING = {"start_task", "start_lapsed", "start_tasks", "receive_task", "receive_tasks"}
_FAILING = {"end_attempt", "end_attempts"}
_ENDING = {"finish_task", "finish_tasks", "end_attempt", "extend_task"}

_TAKE = {"start_due_tasks"}
_LAPSING = {"start_tasks", "receive_tasks", "start_lapsed", "start_due_tasks"}
_FOLLOW_UP = r"CALL qtask_create_follow_ups\([^;]*\);"
_NEXT_TICK = r"(INTERVAL v_due \* v_every) SECOND"
_LOCK = r"FOR UPDATE SKIP LOCKED"

# Patterns, each with its replacement and the procedures in which it is replaced.
_CUTS = {
    "no fence": [(_FENCE, "", _STARTING | _ENDING)],
    "half a fence": [(_FENCE, "", _ENDING)],
    "no lease": [(r"CALL qtask_give_back_lapsed\([^;]*\);", "", {"scan_tasks"})],
    "no delay": [(r"COALESCE\(in_delay, IF\(v_direct, 0, \d+\)\)", "0", {"add_task"})],
    "no interval": [(_INTERVAL, "INTERVAL 0 SECOND", _STARTING)],
    "no second time": [(_INTERVAL, "INTERVAL 1 DAY", {"scan_tasks"})],
    "no patience": [
        (r"task\.attempts - task\.attempts_before >= task\.max_count", "TRUE", _FAILING)
    ],
    "no follow-up": [
        (_FOLLOW_UP, "", {"fail_expired"}), (_FOLLOW_UP, "SET v_now = v_now;", _FAILING)
    ],
    "two follow-ups": [(_FOLLOW_UP, r"\g<0> \g<0>", _FAILING)],
    "tick left out": [(_NEXT_TICK, r"\1 + v_every SECOND", {"run_due_schedules"})],
    "tick twice": [(_NEXT_TICK, r"\1 - v_every SECOND", {"run_due_schedules"})],
    "no lapse": [(r"CALL qtask_keep_lapsed\([^;]*\);", "SET v_now = v_now;", _LAPSING)],
    "take without lock": [(_LOCK, "", {"lock_claim", "lock_due_tasks"})],
    "take too early": [(r"v_lane, v_now,", "v_lane, v_now + INTERVAL 1 YEAR,", _TAKE)],
    "take without attempt": [(r"= task\.attempts \+ 1", "= task.attempts", _TAKE)],
    "take while paused": [(r"direct AND paused_at IS NULL", "direct", {"look_for_tasks"})],
    "take unstarted": [
        (r"(ON task\.task_id = given\.task_id)", r"\1 AND task.task_id % 3 > 0", _TAKE),
        (r"WHERE task\.batch_id = v_batch_id", "", {"take_tasks"}),
    ],
}  # fmt: skip
VARIANTS = (PUSH_BEFORE_COMMIT, *_CUTS)


def install(conn: Connection, variant: str | None, delivery: str) -> None:
    """Replaces the procedures that the variant breaks, in a schema of this delivery."""
    cuts = _CUTS.get(variant or "", ())
    schema = objects_of(conn.dialect.name)
    schema.prepare(conn.raw)
    with schema.creating(conn.raw) as create:
        for found in Renderer(conn.dialect.name, Settings(delivery=delivery)).objects:
            text = found.text
            for pattern, instead, verbs in cuts:
                if found.name.removeprefix("qtask_") in verbs:
                    text, count = re.subn(pattern, instead, text)
                    assert count, f"{found.name} has nothing to break"
            if text != found.text:
                create(dataclasses.replace(found, text=text), ())
