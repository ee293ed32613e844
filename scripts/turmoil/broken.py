"""Variants of the system with one promise taken out, which the checker must find."""

from __future__ import annotations

import dataclasses
import re

from qtask_db.database import Connection
from qtask_db.render import Renderer
from qtask_db.settings import Settings

NO_FENCE, PUSH_BEFORE_COMMIT, NO_LEASE = "no fence", "push before commit", "no lease"
VARIANTS = (NO_FENCE, PUSH_BEFORE_COMMIT, NO_LEASE)
"""Of these, `push before commit` is the producers' doing."""

# What is taken out of which procedures.
_CUTS = {
    NO_FENCE: (
        r"AND \((?:in_attempt|given\.attempt) IS NULL OR [^)]*\)",
        {"start_task", "start_tasks", "finish_task", "finish_tasks", "fail_task", "extend_task"},
    ),
    NO_LEASE: (r"CALL qtask_give_back_lapsed\(v_now\);", {"scan_tasks"}),
}


def install(conn: Connection, variant: str | None) -> None:
    """Replaces the procedures that the variant breaks."""
    if variant not in _CUTS:
        return
    pattern, verbs = _CUTS[variant]
    schema = conn.dialect.schema
    renderer = Renderer(conn.dialect.name, Settings())
    with schema.creating(conn.raw, renderer.render("session")) as create:
        for found in renderer.objects:
            if found.name.removeprefix("qtask_") in verbs:
                text, count = re.subn(pattern, "", found.text)
                assert count, f"{found.name} has nothing to break"
                create(dataclasses.replace(found, text=text))
