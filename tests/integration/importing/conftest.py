"""The tables of the Go library in the schema of the tasks, and imports from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from go_library import GoTables

from qtask_db import Connection, Database
from qtask_db.importing.run import Import, Pass
from qtask_db.importing.source import Source

Run = Callable[..., Pass]


@pytest.fixture
def tables(conn: Connection) -> Iterator[Callable[..., GoTables]]:
    """Makes them; one generation in a test."""
    made: list[GoTables] = []

    def make(generation: int = 2021) -> GoTables:
        made.append(GoTables(conn, generation))
        return made[-1]

    yield make
    for one in made:
        one.drop()


@pytest.fixture
def go(tables: Callable[..., GoTables]) -> GoTables:
    """Those of the newest generation."""
    return tables()


@pytest.fixture
def run(conn: Connection, database_url: str) -> Run:
    """One pass of a new import, or of the one that is given."""

    def run(
        work: Import | None = None, *, source: dict[str, Any] | None = None, **options: Any
    ) -> Pass:
        work = work or Import(**{"keep": 3600, "reserve": 1000, **options})
        with Source(Database(database_url), **(source or {})) as opened:
            return work.run(opened, conn)

    return run
