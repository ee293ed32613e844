"""Somebody reports processes that there are not: the list stays short, and true ones stay in it."""

from __future__ import annotations

from testing import count, query

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT


def test_those_that_were_not_seen_for_longest_go(conn: Connection) -> None:
    calls.report_process(conn, "true", "worker", uptime=0)
    table, most = f"{conn.prefix}process", LIMIT["processes"]
    with conn.raw.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (name, kind, started_at, seen_at) "
            "VALUES (%s, 'worker', UTC_TIMESTAMP(3), "
            "UTC_TIMESTAMP(3) - INTERVAL 1 HOUR - INTERVAL %s SECOND)",
            [(f"made up {number}", number % 1000) for number in range(most + 500)],
        )
    calls.report_process(conn, "true", "worker", uptime=0)
    calls.report_process(conn, "new", "relay", uptime=0)
    # All of one moment go together.
    assert most - 20 <= count(conn, "process") <= most
    left = f"SELECT name FROM {table} WHERE name IN ('true', 'new') ORDER BY name"
    assert query(conn, left) == [("new",), ("true",)]
