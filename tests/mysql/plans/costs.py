"""The rows that a call reads, and schemas that are full of terminal tasks."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from testing import execute, query

from qtask_db import Connection

ROWS = int(os.environ.get("QTASK_TEST_ROWS", "5000"))
LONG = ROWS > 100_000
CHUNK = 100_000
ORDER = "8973097380045"

Act = Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """Of one call."""

    reads: int
    milliseconds: float


def rows_read(conn: Connection) -> int:
    """By this session so far, temporary tables included."""
    return sum(int(n) for _, n in query(conn, "SHOW SESSION STATUS LIKE 'Handler_read%'"))


def cost(conn: Connection, prepare: Callable[[Connection], Act]) -> Cost:
    """The median of a few calls, each with its own preparation."""
    found = []
    for _ in range(5 if LONG else 1):
        clear(conn)
        act = prepare(conn)
        before, began = rows_read(conn), time.perf_counter()
        act()
        took = time.perf_counter() - began
        found.append(Cost(rows_read(conn) - before, took * 1000))
    return Cost(
        statistics.median_low(one.reads for one in found),
        statistics.median(one.milliseconds for one in found),
    )


def clear(conn: Connection) -> None:
    """Leaves what has ended before; through the index, so that it is quick beside millions."""
    for lanes in ("lane > 0", "lane < 0"):
        execute(conn, f"DELETE FROM {conn.prefix}task WHERE {lanes}")
    execute(conn, f"DELETE FROM {conn.prefix}batch")
    execute(conn, f"UPDATE {conn.prefix}queue SET paused_at = NULL, direct = 0")


def fill(conn: Connection, rows: int) -> None:
    """Terminal tasks: a tenth have one order number, some of them failed; a tenth can be purged."""
    ids = [
        n for (n,) in query(conn, f"SELECT queue_id FROM {conn.prefix}queue ORDER BY queue <> 'Q'")
    ]
    series = "[" + ",".join("0" * min(rows, CHUNK)) + "]"
    for first in range(0, rows, CHUNK):
        n = f"({first} + series.n - 1)"
        status = "IF(series.n % 100 = 1, 90, IF(series.n % 7 = 0, 80, 0))"
        queue = f"IF({n} % 10 = 0, {ids[0]}, ELT(1 + {n} % 4, {', '.join(map(str, ids[1:]))}))"
        execute(
            conn,
            f"INSERT INTO {conn.prefix}task (lane, queue_id, status, attempts, name, order_no, "
            "payload, interval_seconds, delete_deadline, max_count, created_at, deadline_at, "
            f"due_at, started_at, ended_at) SELECT 0, {queue}, {status}, 1, 'job', "
            f"IF({n} % 10 = 0, '{ORDER}', IF(series.n % 2, CONCAT('x', {n}), NULL)), "
            f"CONCAT('{{\"n\": ', {n}, ', \"note\": \"', REPEAT('n', 60), '\"}}'), 60, 0, 100, "
            "now - INTERVAL 20 DAY, now - INTERVAL 13 DAY, "
            f"now + INTERVAL ({n} - {rows // 10}) SECOND, now, now "
            f"FROM JSON_TABLE('{series}', '$[*]' COLUMNS (n FOR ORDINALITY)) AS series, "
            "(SELECT UTC_TIMESTAMP(3) AS now) AS clock "
            f"WHERE series.n <= {rows - first}",
        )
        if (first + CHUNK) % 1_000_000 == 0:
            print(f"{first + CHUNK:,} rows")
    execute(conn, f"ANALYZE TABLE {conn.prefix}task")
    assert query(conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE lane = 0")[0][0] >= rows
