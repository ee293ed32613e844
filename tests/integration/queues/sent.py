"""Messages on queues."""

from __future__ import annotations

import json

from qtask_db.models import Message
from qtask_db.transport import kinds

NOWHERE = "redis://127.0.0.1:1/0"


def messages(queue: str, count: int, first: int = 1) -> list[Message]:
    return [Message(first + n, 1, queue, f'{{"n": {n}}}') for n in range(count)]


def ids(taken: list[kinds.Raw]) -> list[int]:
    return [json.loads(raw.body)["task_id"] for raw in taken]
