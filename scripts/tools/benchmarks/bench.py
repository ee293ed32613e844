"""The addresses of servers, schemas and rows made by plain SQL, for all cases."""

from __future__ import annotations

import datetime
import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis

from qtask_db import calls, install
from qtask_db.database import Connection, Database

# Beyond what the servers' package sets: durable on every engine, and a usual amount of memory.
OPTIONS = ("--log-bin=binlog", "--server-id=1", "--innodb-buffer-pool-size=1G")
INTERVAL = 3600
NAME = "bind order"
PAYLOAD = json.dumps(
    {"order_no": "8973097380045", "amount": "12.50", "customer": "customer-0001", "items": [1, 2]}
)
"""About 100 bytes."""
NOW = "UTC_TIMESTAMP(3)"
COLUMNS = (
    "lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline, "
    "max_count, created_at, deadline_at, due_at"
)
VALUES = (
    f"(%s, %s, 20, %s, %s, %s, %s, 0, 100, {NOW}, {NOW} + INTERVAL 604800 SECOND, "
    f"{NOW} + INTERVAL 5 SECOND)"
)
"""The row that create_task stores."""
CHUNK = 50_000
END = "TIMESTAMP'9998-01-01 00:00:00'"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Bench:
    """The servers of a case and its size. The stack closes whatever the case opens."""

    database_url: str
    redis_url: str
    engine: str
    quick: bool
    """Whether the sizes are small."""
    least: bool
    """Whether they only show that each case works."""
    stack: ExitStack
    folder: Path
    say: Callable[[str], None]
    database_pid: int | None = None
    """None if the server is not a process of this machine."""
    _schemas: dict[str, Schema] = field(default_factory=dict)

    def schema(self, prefix: str) -> Schema:
        """A schema of this prefix, installed when it is first asked for."""
        if prefix not in self._schemas:
            install.install(self.database_url, {"prefix": prefix}, report=lambda _: None)
            self._schemas[prefix] = Schema(self, prefix)
        return self._schemas[prefix]

    def redis(self) -> Redis:
        redis: Redis = self.stack.enter_context(Redis.from_url(self.redis_url))
        return redis

    def settle(self) -> None:
        """Lets the server write what filling and other cases have left in memory, for at most a
        minute, and as long as it does (MariaDB may keep it). Of the least sizes there is little.
        """
        if self.least:
            return
        schema = self.schema("bcreate_")
        self.say("  waiting until the server has written it all")
        schema.sql("SET GLOBAL innodb_max_dirty_pages_pct = 0")
        until, before = time.monotonic() + 60, float("inf")
        dirty = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"
        while 500 < (left := int(schema.sql(dirty)[0][1])) < before and time.monotonic() < until:
            before = left
            time.sleep(0.5)
        schema.sql("SET GLOBAL innodb_max_dirty_pages_pct = 90")

    def environment(self, schema: Schema, *, redis: bool = True) -> dict[str, str]:
        """For commands of qtask."""
        found = {"QTASK_DATABASE_URL": self.database_url, "QTASK_PREFIX": schema.prefix}
        return found | ({"QTASK_REDIS_URL": self.redis_url} if redis else {})

    def database_seconds(self) -> float:
        """Processor time that the server has used. Raises RuntimeError if it is not a process of
        this machine.
        """
        if self.database_pid is None:
            raise RuntimeError("the server is not a process of this machine")
        text = Path(f"/proc/{self.database_pid}/stat").read_text()
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS


class Schema:
    """A schema that belongs to one case, and direct SQL on its tables."""

    def __init__(self, bench: Bench, prefix: str) -> None:
        self.prefix = prefix
        self.table = f"{prefix}task"
        self.database = Database(bench.database_url, prefix=prefix)
        self._stack = bench.stack
        self._fills = 0
        self.conn = self.connect()

    def connect(self) -> Connection:
        return self._stack.enter_context(self.database.connect())

    def sql(
        self, statement: str, arguments: Any = None, conn: Connection | None = None
    ) -> list[Any]:
        """Runs a statement and returns its rows. {table} stands for the table of the tasks."""
        with (conn or self.conn).raw.cursor() as cursor:
            cursor.execute(statement.replace("{table}", self.table), arguments)
            return list(cursor.fetchall())

    def queue_id(self, queue: str, namespace: str = "default") -> int:
        """Registers a queue as a first task would, and gives its number."""
        calls.pause(self.conn, queue, namespace)
        calls.resume(self.conn, queue, namespace)
        found = self.sql(
            f"SELECT queue_id FROM {self.prefix}queue WHERE queue = %s AND namespace = %s",
            (queue, namespace),
        )
        return int(found[0][0])

    def direct_queue_id(self, queue: str) -> int:
        """The same for a direct queue."""
        calls.set_delivery(self.conn, queue, "direct")
        return self.queue_id(queue)

    def moment(self, seconds: int) -> tuple[str, float]:
        """A time so far ahead: for SQL, and in seconds since 1970."""
        found = self.sql(f"SELECT {NOW} + INTERVAL {seconds} SECOND")[0][0]
        return f"TIMESTAMP'{found}'", found.replace(tzinfo=datetime.timezone.utc).timestamp()

    def fill(
        self,
        count: int,
        queue_ids: list[int],
        *,
        lane: str = "queue_id",
        status: int = 20,
        due: str = f"{NOW} - INTERVAL 10 MINUTE",
        apart: int = 1_000,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Adds rows by INSERT … SELECT: fast, and not in the binary log. Microseconds `apart` in
        their due times.
        """
        digits = "(SELECT 0 AS d" + "".join(f" UNION ALL SELECT {d}" for d in range(1, 10)) + ")"
        self._fills += 1
        self.sql("SET SESSION sql_log_bin = 0")
        self.sql("DROP TEMPORARY TABLE IF EXISTS seed")
        self.sql("CREATE TEMPORARY TABLE seed (n INT PRIMARY KEY)")
        self.sql(
            "INSERT INTO seed SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n "
            + f"FROM {digits} a, {digits} b, {digits} c, {digits} d, "
            + "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 "
            + "UNION ALL SELECT 4) e ORDER BY n"
        )
        for first in range(0, count, CHUNK):
            queue = f"ELT(1 + n % {len(queue_ids)}, {', '.join(map(str, queue_ids))})"
            lane_of = queue if lane == "queue_id" else lane
            self.sql(
                f"INSERT INTO {{table}} ({COLUMNS}) "
                f"SELECT {lane_of}, {queue}, {status}, '{NAME}', "
                f"IF(n % 2, CONCAT(CRC32({first} + n), '-{self._fills}-', {first} + n), NULL), "
                f"'{PAYLOAD}', "
                f"{INTERVAL}, 0, 100, {NOW} - INTERVAL 1 HOUR, {NOW} + INTERVAL 7 DAY, "
                f"{due} + INTERVAL {apart} * ({first} + n) MICROSECOND "
                f"FROM seed WHERE n < {min(CHUNK, count - first)} ORDER BY n"
            )
            if (first + CHUNK) % 500_000 == 0:
                say(f"  {first + CHUNK:,} rows")
        self.sql("SET SESSION sql_log_bin = 1")
