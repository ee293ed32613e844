"""What the database says of itself, besides its journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtask_db.database import bind

from . import schedules


@dataclass(frozen=True, slots=True)
class State:
    """Asked through connections that bypass the proxy."""

    root: Callable[[], Any]

    def active(self) -> dict[int, tuple[float, int, float]]:
        """Of all active tasks: seconds since they are due, their interval, and what it may have
        become by attempts that never ended.
        """
        rows = self._rows(
            "SELECT task_id, TIMESTAMPDIFF(MICROSECOND, due_at, UTC_TIMESTAMP(6)) / 1e6, "
            "interval_seconds, interval_seconds * POWER(2, lapses) "
            "FROM qtask_task WHERE lane <> 0"
        )
        return {task_id: (float(late), *intervals) for task_id, late, *intervals in rows}

    def forgive(self) -> None:
        """Lets what was started and killed, several times in a row, wait for one interval only."""
        self._rows(
            "UPDATE qtask_task SET due_at = LEAST(due_at, "
            "UTC_TIMESTAMP(3) + INTERVAL interval_seconds SECOND) "
            "WHERE lane > 0 AND lapses > 0"
        )

    def ledger(self) -> dict[str, tuple[int, bool]]:
        rows = self._rows("SELECT k, task_id, created FROM chaos_ledger")
        return {key: (task_id, bool(created)) for key, task_id, created in rows}

    def history(self) -> dict[tuple[int, int], str]:
        """The outcomes of attempts."""
        rows = self._rows("SELECT task_id, attempt, outcome FROM qtask_attempt")
        return {(task_id, attempt): outcome for task_id, attempt, outcome in rows}

    def in_time(self) -> bool:
        """Whether the schedules tick in time."""
        with bind(self.root()) as conn:
            return schedules.in_time(conn)

    def stop_ticking(self) -> dict[str, tuple[int, int]]:
        with bind(self.root()) as conn:
            return schedules.stop(conn)

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.root() as conn, conn.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
