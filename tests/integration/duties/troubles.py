"""Errors that duties meet, and a look at their log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from qtask_db import Connection
from qtask_db.errors import DatabaseError
from qtask_db.relay import Relay

Break = Callable[..., None]


def told(caplog: pytest.LogCaptureFixture, what: str) -> list[str]:
    return [text for text in caplog.messages if what in text]


REFUSED = DatabaseError("Cannot delete or update a parent row (1451)")


def count_connections(one: Relay) -> list[float]:
    opened: list[float] = []
    connect = one._session.database.connect

    def counted(**settings: Any) -> Connection:
        opened.append(time.monotonic())
        return connect(**settings)

    one._session.database.connect = counted  # type: ignore[method-assign]
    return opened
