"""The statements of the procedures and views, as EXPLAIN takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

_NOW = "UTC_TIMESTAMP(3)"
_ELEMENTS = range(1, 101)
_IDS = json.dumps(list(_ELEMENTS))
_TASKS = json.dumps(
    [
        {
            "task_id": n,
            "attempt": 1,
            "name": "job",
            "payload": {},
            "interval": 60,
            "queue": "Q0",
            "order_no": f"n{n}",
            "outcome": "fail",
        }
        for n in _ELEMENTS
    ]
)
_DUE = json.dumps(
    [
        {
            "namespace": "default",
            "schedule": f"n{n}",
            "revision": 1,
            "next_at": "2026-11-29T10:00:00Z",
            "ticks": ["2026-11-29T10:00:00Z"],
        }
        for n in _ELEMENTS
    ]
)
# The values of the variables, by their names without in_, out_ or v_; all others are 1.
_VALUES = {
    **dict.fromkeys(
        [
            "now",
            "until",
            "claimed_at",
            "due_at",
            "low_end",
            "started_at",
            "next_at",
            "tick_at",
            "following_at",
        ],
        _NOW,
    ),
    **dict.fromkeys(["after", "first_at", "from"], "TIMESTAMP'2020-01-01 00:00:00'"),
    **dict.fromkeys(
        ["candidates", "claimed", "ids", "parked", "started", "task_ids", "untouched"],
        f"'{_IDS}'",
    ),
    **dict.fromkeys(
        ["ends", "given", "new", "oldest", "refused", "rows", "taken", "tasks", "unseen"],
        f"'{_TASKS}'",
    ),
    **dict.fromkeys(["held", "known"], "'[]'"),
    **dict.fromkeys(
        [
            "error",
            "name",
            "worker",
            "order_no",
            "payload",
            "queue",
            "relay",
            "schedule",
            "cron",
            "misfire",
        ],
        "'n7'",
    ),
    **dict.fromkeys(["created", "duplicates"], f"REPEAT('0', {19 * len(_ELEMENTS)})"),
    **dict.fromkeys(["left", "limit"], "10000"),
    "common": f"'{json.dumps({'name': 'n7', 'interval': 60, 'queue': 'Q0'})}'",
    "namespace": "'default'",
    "outcome": "'fail'",
    "piece": "'1, 2, 3'",
    "locked": f"'{_TASKS}'",
    **dict.fromkeys(["due", "schedules"], f"'{_DUE}'"),
    "names": """'["r1", "w1"]'""",
    "statuses": "'80,90'",
    "action": "'retry'",
    "queues": """'["Q0", "W1", "NEW"]'""",
    "last_id": "4000",
    "next_id": "5000",
    "newest": "2000",
}


@dataclass(frozen=True)
class Statement:
    """One of a procedure or a view, with values in place of its variables."""

    origin: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.origin}-{self.number}"


def statements() -> Iterator[Statement]:
    """All that read or change the tables of the schema."""
    for found in Renderer("mysql", Settings()).objects:
        text = re.sub(r"/\*(?!\+).*?\*/|--[^\n]*", "", found.text, flags=re.DOTALL)
        parts = [text.split(" AS\n", 1)[1]] if found.kind == "view" else text.split(";")
        used = [s for s in map(_statement, parts) if re.search(r"\bqtask_\w+", s)]
        for number, part in enumerate(used, 1):
            yield Statement(found.name.removeprefix("qtask_"), number, _with_values(part))


def _statement(text: str) -> str:
    for found in re.finditer(
        r"^ *\(?(?=(?:SELECT|UPDATE|DELETE|INSERT|REPLACE)\b)", text, re.MULTILINE
    ):
        before = text[: found.start()]
        if before.count("(") == before.count(")"):
            return text[found.start() :].strip()
    return ""


def _with_values(text: str) -> str:
    plain = re.sub(r"\bINTO (?:v|out)_\w+(, *(?:v|out)_\w+)*", "", text)
    return re.sub(r"\b(?:v|in|out)_(\w+)", lambda found: _VALUES.get(found[1], "1"), plain)
