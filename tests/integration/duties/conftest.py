"""Relays and workers whose calls fail when they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from troubles import Break

from qtask_db import calls
from qtask_db.relay import Relay
from qtask_db.worker import Job, Worker


@pytest.fixture
def make_relay(database_url: str, redis_url: str) -> Iterator[Callable[..., Relay]]:
    made: list[Relay] = []

    def make(**settings: Any) -> Relay:
        made.append(Relay(database_url, redis_url, **settings))
        return made[-1]

    yield make
    for one in made:
        assert one.stop(25)


@pytest.fixture
def make_worker(database_url: str, redis_url: str) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(handler: Callable[[Job], Any] = lambda _job: None, **settings: Any) -> Worker:
        made.append(Worker(database_url, redis_url, **settings))
        made[-1].handler("A")(handler)
        return made[-1]

    yield make
    for one in made:
        assert one.stop(25)


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Lets a call fail: `breaks("purge", error)`; `breaks("finish_many", error, when)`."""

    def breaks(name: str, error: Exception, when: Callable[..., bool] = lambda *_: True) -> None:
        original = getattr(calls, name)

        def broken(*args: Any, **more: Any) -> Any:
            if when(*args):
                raise error
            return original(*args, **more)

        monkeypatch.setattr(calls, name, broken)

    return breaks
