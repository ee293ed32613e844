"""Batches, for the tests of scans."""

from __future__ import annotations

from typing import Any

from qtask_db import Connection, NewTask, calls


def ids(batch: Any) -> list[int]:
    return [message.task_id for message in batch.messages]


def many(conn: Connection, queues: dict[str, int], **options: Any) -> None:
    calls.create_many(
        conn,
        [
            NewTask("job", {}, 3600, q, delay=0, **options)
            for q, n in queues.items()
            for _ in range(n)
        ],
    )
