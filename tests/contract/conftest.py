"""A business table for the contract tests, beside the schema."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testing import execute

from qtask_db import Connection


@pytest.fixture(scope="session")
def business_table(shared: list[Connection]) -> Iterator[str]:
    """Dropped at the very end only, when no transaction can be open that has read it."""
    execute(shared[0], "CREATE TABLE business (n INT NOT NULL PRIMARY KEY)")
    yield "business"
    execute(shared[0], "DROP TABLE business")


@pytest.fixture
def business(conn: Connection, business_table: str) -> str:
    """A table of the caller's own, empty."""
    execute(conn, f"DELETE FROM {business_table}")
    return business_table
