"""The tasks that are there before a life begins, in a namespace of ours and in one of theirs."""

from __future__ import annotations

import json
from typing import Any

from qtask_db import Connection, ImportTask, NewTask, Status, calls

OURS, THEIRS = "ours", "theirs"
KEPT = 10_000
"""Ids that a life reserves: no other life has them."""
PAYLOAD = {"text": 'it\'s "text" \\ %s'}

# By their order numbers.
DELAYED = ("start", "start many 1", "start many 2", "cancel", "duplicate", "listed")
RUNNING = (
    "finish", "finish once", "finish many", "fail", "fail last", "extend", "return", "rolled back",
    "reject", "snooze", "end many 1", "end many 2",
)  # fmt: skip
FAILED, ENDED = ("retry",), ("purged",)
FAILURES = "it's \\ sad"
UNHAPPY = ("fail", "fail last", "reject", "end many 1", "cancel", "listed")
"""All but `fail` end badly."""
LAST_ATTEMPT = ("fail last", *FAILED)


def create(root: Connection, namespace: str, queue: str) -> dict[str, int]:
    """Their ids, by the order numbers."""
    names = [*DELAYED, *RUNNING, *FAILED, *ENDED]
    made = calls.create_many(
        root,
        [
            NewTask(
                "job", PAYLOAD, 3600, queue, namespace=namespace, order_no=name, delay=7200,
                delete_deadline=0 if namespace == OURS else 3600,
                max_count=1 if name in LAST_ATTEMPT else 9,
                on_failure=FAILURES if name in UNHAPPY else None,
            )
            for name in names
        ],
    )  # fmt: skip
    ids = {name: task.task_id for name, task in zip(names, made, strict=True)}
    calls.processing_many(root, [(ids[name], None) for name in (*RUNNING, *FAILED, *ENDED)])
    for name in FAILED:
        calls.fail(root, ids[name], None, "broken")
    calls.finish_many(root, [(ids[name], None) for name in ENDED])
    return ids


def import_some(life: Any) -> list[tuple[str, str | None]]:
    """One, of an id that is reserved, and another with the id of a task that is there."""
    task = ImportTask(
        life.id("start") + KEPT, "it's", "Q'S", Status.FINISHED, namespace=OURS, attempts=1,
        max_count=1, interval=60, payload=json.dumps(PAYLOAD), created=-60, deadline=60,
        order_no="it's", error=PAYLOAD["text"],
    )  # fmt: skip
    other = ImportTask(life.id("listed"), "another", "Q", Status.WAITING, namespace=OURS)
    return [(one.outcome, one.reason) for one in calls.import_tasks(life.operator, [task, other])]
