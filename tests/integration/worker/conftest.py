"""Workers that stop after the test, for queues of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from working import MakeWorker

from qtask_db import Connection, calls
from qtask_db.worker import Worker


@pytest.fixture(params=[False, True], ids=["list", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def make_worker(database_url: str, redis_url: str) -> Iterator[MakeWorker]:
    made: list[Worker] = []

    def make(redis: Any = redis_url, **settings: Any) -> Worker:
        made.append(Worker(settings.pop("database", database_url), redis, **settings))
        return made[-1]

    yield make
    for worker in made:
        assert worker.stop(25), "the worker did not stop"


@pytest.fixture
def direct(conn: Connection) -> Connection:
    """With a direct queue A."""
    calls.set_delivery(conn, "A", "direct")
    return conn


@pytest.fixture
def make_direct(database_url: str) -> Iterator[MakeWorker]:
    """Workers without Redis."""
    made: list[Worker] = []

    def make(**settings: Any) -> Worker:
        made.append(Worker(settings.pop("database", database_url), **settings))
        return made[-1]

    yield make
    for worker in made:
        assert worker.stop(25), "the worker did not stop"
