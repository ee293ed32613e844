"""The database's own journal of each change: triggers write it in the same transaction.

A change that was rolled back is not in it, and no process can forget to record one.
"""

from __future__ import annotations

import json
from typing import Any

from pymysql.connections import Connection

from ..history import Event
from ..process import SCHEDULE, seconds_of

_COLUMNS = "what, id, status, attempts, lane, batch_id, due_at"
_NOW = "UTC_TIMESTAMP(6)"

# UUID_SHORT counts upwards through restarts, and leaves LAST_INSERT_ID alone.
TABLES = [
    """
CREATE TABLE chaos_journal (
  seq BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  at DATETIME(6) NOT NULL,
  what CHAR(1) NOT NULL COMMENT 'I, U, D: task; B, E: begin and end of a batch',
  id BIGINT NOT NULL,
  status TINYINT NULL,
  attempts INT NULL,
  lane INT NULL,
  batch_id BIGINT NULL,
  due_at DATETIME(3) NULL,
  relay VARCHAR(64) NULL,
  task_ids LONGTEXT NULL,
  order_no VARCHAR(128) NULL COMMENT 'of a new task',
  failed BIGINT NULL COMMENT 'the task because of which a new one was created'
)
""",
    """
CREATE TABLE chaos_ledger (
  k VARCHAR(64) NOT NULL PRIMARY KEY COMMENT 'of a task that a producer created',
  task_id BIGINT NOT NULL,
  created TINYINT NOT NULL
)
""",
]


def _on_task(verb: str, what: str, side: str, **more: str) -> str:
    columns = ", ".join([_COLUMNS, *more])
    values = [f"{side}.{column}" for column in ("task_id", *_COLUMNS.split(", ")[2:])]
    return (
        f"CREATE TRIGGER chaos_{verb.lower()} AFTER {verb} ON qtask_task FOR EACH ROW "
        f"INSERT INTO chaos_journal (seq, at, {columns}) "
        f"VALUES (UUID_SHORT(), {_NOW}, '{what}', {', '.join([*values, *more.values()])})"
    )


_FAILED = (
    "IF(NEW.payload LIKE '{\"failed\\_task\": %', "
    "JSON_EXTRACT(NEW.payload, '$.failed_task.task_id'), NULL)"
)


TRIGGERS = [
    _on_task("INSERT", "I", "NEW", order_no="NEW.order_no", failed=_FAILED),
    _on_task("UPDATE", "U", "NEW"),
    _on_task("DELETE", "D", "OLD"),
    "CREATE TRIGGER chaos_batch_begin AFTER INSERT ON qtask_batch FOR EACH ROW "
    "INSERT INTO chaos_journal (seq, at, what, id, relay, task_ids) "
    f"VALUES (UUID_SHORT(), {_NOW}, 'B', NEW.batch_id, NEW.relay, NEW.task_ids)",
    "CREATE TRIGGER chaos_batch_end AFTER DELETE ON qtask_batch FOR EACH ROW "
    "INSERT INTO chaos_journal (seq, at, what, id, relay) "
    f"VALUES (UUID_SHORT(), {_NOW}, 'E', OLD.batch_id, OLD.relay)",
]


class Journal:
    """Reads what has been committed since the last time."""

    _OVERLAP = 5_000
    """Rows that are read again: a transaction can commit after another one with later numbers."""

    def __init__(self, offset: float) -> None:
        self._offset = offset
        self._low = 0
        self._seen: list[int] = []

    def read(self, conn: Connection[Any]) -> list[Event]:
        """Later `row` and `batch` events; `offset` is wall time less monotonic time."""
        known = set(self._seen)
        with conn.cursor() as cursor:
            cursor.execute(
                f"SELECT seq, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', at), {_COLUMNS}, relay, "
                "task_ids, order_no, failed FROM chaos_journal WHERE seq > %s ORDER BY seq",
                (self._low,),
            )
            rows = [row for row in cursor.fetchall() if row[0] not in known]
        self._seen = sorted([*self._seen, *(row[0] for row in rows)])
        if len(self._seen) > self._OVERLAP:
            self._low = self._seen[-self._OVERLAP]
            self._seen = self._seen[-self._OVERLAP + 1 :]
        return [self._event(*row[1:]) for row in rows]

    def _event(
        self,
        at: int,
        what: str,
        number: int,
        status: int | None,
        attempts: int | None,
        lane: int | None,
        batch: int | None,
        due_at: Any,
        relay: str | None,
        task_ids: str | None,
        order_no: str | None,
        failed: int | None,
    ) -> Event:
        t = at / 1e6 - self._offset
        if what in "BE":
            ids = sorted(set(json.loads(task_ids))) if task_ids else []
            return {"e": "batch", "t": t, "what": what, "id": number, "relay": relay, "ids": ids}
        made: Event = {}
        if failed is not None:
            made["failed"] = failed
        if order_no is not None and order_no.startswith(SCHEDULE):
            _, name, tick = order_no.split(":", 2)
            made["tick"] = name, seconds_of(tick), at / 1e6 - seconds_of(tick)
        return made | {
            "e": "row", "t": t, "what": what, "id": number, "status": status,
            "attempts": attempts, "lane": lane, "batch": batch, "due": due_at,
        }  # fmt: skip
