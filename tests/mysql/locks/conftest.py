"""Callers whose locks are read."""

from __future__ import annotations

import pytest
from held import SETTINGS, Connect
from testing import execute

from qtask_db import Connection


@pytest.fixture
def data_locks(engine: str) -> None:
    """The server has a table of all locks."""
    if engine != "mysql":
        pytest.skip("data_locks is in MySQL only: --engine mysql")


@pytest.fixture(params=SETTINGS)
def own(connect: Connect, request: pytest.FixtureRequest) -> Connection:
    """A caller with an open transaction, in both usual isolation levels."""
    conn = connect(autocommit=False)
    execute(conn, f"SET SESSION TRANSACTION ISOLATION LEVEL {request.param}")
    conn.commit()
    return conn
