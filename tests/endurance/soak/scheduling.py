"""The verbs of schedules. Some are changed all the time and tick in years; others tick all the time
and are never changed, so that the checker knows what they make.
"""

from __future__ import annotations

import datetime
from dataclasses import replace

from scheduled import advance, set_back

from qtask_db import Connection, Schedule, calls
from qtask_db.scheduling import ticks

from .connection import QUEUES, Connected
from .creating import LASTING

NAMES = 5
YEARS = 100_000_000
TICKING = {"T1": 1, "T2": 1, "TC": 60}
"""Seconds between two ticks, by schedule; the last one has a cron expression."""
MISSED = 60 * 100_000
"""Seconds for which nobody has run the schedule with a cron expression."""


def start(conn: Connection) -> None:
    """Sets the schedules that tick; their tasks stay."""
    for n, (name, seconds) in enumerate(TICKING.items()):
        made = Schedule(
            name, f"Q{n % QUEUES}", every=seconds, misfire="all", max_catch_up=1000, interval=2,
            max_count=LASTING, delete_deadline=86_400,
        )  # fmt: skip
        cron = replace(made, every=None, cron="* * * * *")
        calls.set_schedule(conn, cron if name == "TC" else made)
    set_back(conn, "TC", MISSED)


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
        """By a minute of those that nobody has run."""
        for one in calls.due_schedules(self._conn):
            now = min(one.now, one.next_at + datetime.timedelta(minutes=1))
            advance(self._conn, one, *ticks.plan(replace(one, now=now)))
