"""Tasks for a relay to move, and servers that are not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import redis as redis_py

from qtask_db import Connection, NewTask, calls
from qtask_db.relay import Relay

NOWHERE_REDIS = "redis://:s3cret@127.0.0.1:1/0"
NOWHERE_DATABASE = "mysql://root:s3cret@127.0.0.1:1/qtask"

MakeRelay = Callable[..., Relay]


def create(conn: Connection, number: int, queue: str = "A", **settings: Any) -> list[int]:
    """Tasks that are due now."""
    settings = {"delay": 0, "interval": 3600, **settings}
    new = [NewTask("test", {"n": n}, queue=queue, **settings) for n in range(number)]
    return [task.task_id for task in calls.create_many(conn, new)]


def on_queue(redis: redis_py.Redis, queue: str = "A") -> list[int]:
    return [json.loads(text)["task_id"] for text in redis.lrange(queue, 0, -1)]


RUNS = """
import os
from qtask_db.relay import Relay
Relay(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"], lease=30, limit=40).run()
"""
