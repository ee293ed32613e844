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
_ENDING = {"finish_task", "finish_tasks", "fail_task", "extend_task"}

# A pattern, its replacement, and the procedures in which it is replaced.
_CUTS = {
    "no fence": (_FENCE, "", _STARTING | _ENDING),
    "half a fence": (_FENCE, "", _ENDING),
    "no lease": (r"CALL qtask_give_back_lapsed\([^;]*\);", "", {"scan_tasks"}),
    "no delay": (r"COALESCE\(in_delay, \d+\)", "0", {"add_task"}),
    "no interval": (_INTERVAL, "INTERVAL 0 SECOND", _STARTING),
    "no second time": (_INTERVAL, "INTERVAL 1 DAY", {"scan_tasks"}),
    "no patience": (r"attempts - attempts_before < max_count", "FALSE", {"fail_task"}),
}  # fmt: skip
VARIANTS = (PUSH_BEFORE_COMMIT, *_CUTS)


def install(conn: Connection, variant: str | None) -> None:
    """Replaces the procedures that the variant breaks."""
    if variant not in _CUTS:
        return
    pattern, instead, verbs = _CUTS[variant]
    schema = objects_of(conn.dialect.name)
    schema.prepare(conn.raw)
    with schema.creating(conn.raw) as create:
        for found in Renderer(conn.dialect.name, Settings()).objects:
            if found.name.removeprefix("qtask_") in verbs:
                text, count = re.subn(pattern, instead, found.text)
                assert count, f"{found.name} has nothing to break"
                create(dataclasses.replace(found, text=text), ())
