"""Queues of either kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qtask_db.transport.queues import Queues


@pytest.fixture(params=[False, True], ids=["list", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def queues(redis_url: str, stream: bool) -> Iterator[Queues]:
    queues = Queues(redis_url, stream=stream, consumer="first")
    yield queues
    queues.close()
