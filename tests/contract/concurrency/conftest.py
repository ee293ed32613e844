"""Many connections, ready for anything after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crowds import CREATORS

from qtask_db import Connection, Database


@pytest.fixture(scope="module")
def crowd(installed_url: str) -> Iterator[list[Connection]]:
    """Enough connections for everybody."""
    made = [Database(installed_url).connect() for _ in range(CREATORS)]
    yield made
    for conn in made:
        conn.close()


@pytest.fixture(autouse=True)
def _clean(conn: Connection, crowd: list[Connection]) -> Iterator[None]:  # noqa: ARG001 - it is emptied
    yield
    for one in crowd:
        one.rollback()
        one.set_autocommit(True)
