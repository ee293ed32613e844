"""Relays that stop after the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from relaying import MakeRelay

from qtask_db.relay import Relay


@pytest.fixture
def make_relay(database_url: str, redis_url: str) -> Iterator[MakeRelay]:
    made: list[Relay] = []

    def make(redis: Any = redis_url, **settings: Any) -> Relay:
        made.append(Relay(settings.pop("database", database_url), redis, **settings))
        return made[-1]

    yield make
    for relay in made:
        assert relay.stop(25), "the relay did not stop"
        relay.close()
