"""The verbs of schedules, which tick by themselves in years: what they create is known."""

from __future__ import annotations

import json

from qtask_db import Schedule, calls

from .connection import QUEUES, Connected

NAMES = 5
YEARS = 100_000_000


class Scheduling(Connected):
    """Of few schedules, so that many work on one."""

    def _schedule(self) -> str:
        return f"S{self.random.randrange(NAMES)}"

    def _set_schedule(self) -> None:
        queue = f"Q{self.random.randrange(QUEUES)}"
        given = {"n": self.random.randrange(3)}
        every = self.random.choice([YEARS, YEARS + 1])
        schedule = Schedule(
            self._schedule(), queue, given, every=every, task="job", interval=2, delete_deadline=1
        )
        calls.set_schedule(self._conn, schedule)

    def _pause_schedule(self) -> None:
        calls.pause_schedule(self._conn, self._schedule())

    def _resume_schedule(self) -> None:
        calls.resume_schedule(self._conn, self._schedule())

    def _remove_schedule(self) -> None:
        calls.remove_schedule(self._conn, self._schedule())

    def _run_schedule(self) -> None:
        task_id = calls.run_schedule(self._conn, self._schedule())
        self._done.created.append((task_id, False))
        self._show(task_id, 1)

    def _due_schedules(self) -> None:
        calls.due_schedules(self._conn)
        calls.list_schedules(self._conn)

    def _run_due_schedules(self) -> None:
        calls.run_due_schedules(self._conn, 20)

    def _advance_schedules(self) -> None:
        named = {"namespace": "default", "schedule": self._schedule()}
        given = [named | {"revision": 1, "next_at": "2026-01-01T00:00:00Z"}]
        self._conn.call("advance_schedules", json.dumps(given))
