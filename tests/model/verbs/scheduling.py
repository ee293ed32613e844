"""The verbs of schedules."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

from qtask_db import Schedule
from qtask_db.constants import DEFAULT
from qtask_db.errors import ScheduleNotFound
from qtask_db.scheduling.ticks import text_of

from .creating import Creating
from .tables import ENDED, Ticking


class Scheduling(Creating):
    """Those that set schedules, and those that make the tasks of their ticks."""

    def set_schedule(self, given: Schedule) -> int:
        namespace, _ = self._register(given.namespace, given.queue)
        if given.on_failure is not None:
            self._register(namespace, given.on_failure)
        found = self.schedules.setdefault(
            (namespace, given.name), Ticking(given, self.now + (given.every or 0))
        )
        if found.schedule != given:
            if (found.schedule.every, found.schedule.cron) != (given.every, given.cron):
                found.next = self.now + (given.every or 0)
            found.schedule = given
            found.revision += 1
        return found.revision

    def remove_schedule(self, name: str, namespace: str | None) -> None:
        self._schedule(name, namespace)
        del self.schedules[namespace or DEFAULT["namespace"], name]

    def pause_schedule(self, name: str, namespace: str | None) -> None:
        found = self._schedule(name, namespace)
        found.revision += not found.paused
        found.paused = True

    def resume_schedule(self, name: str, namespace: str | None) -> None:
        found = self._schedule(name, namespace)
        if found.paused:
            found.revision += 1
            found.paused = False
            found.next = self.now + (found.schedule.every or 0)

    def run_schedule(self, name: str, namespace: str | None, new_id: int, payload: str) -> None:
        found = self._schedule(name, namespace)
        assert payload == _with_tick(found.schedule, json.loads(payload)["tick"])
        found.last_task = self._create_tick(found.schedule, new_id, payload, None)

    def due_schedules(self) -> list[tuple[str, str]]:
        """Those whose ticks the caller computes."""
        return [key for key, one in self.schedules.items() if one.schedule.cron and self._late(one)]

    def run_due_schedules(self, next_at: dict[tuple[str, str], datetime.datetime]) -> int:
        """How many ticks have a task, given the next tick of each schedule."""
        count = 0
        for key, found in self.schedules.items():
            given = found.schedule
            if given.every is None or not self._late(found):
                continue
            due = int((self.now - found.next) // given.every) + 1
            first = max(0, due - given.max_catch_up) if given.misfire == "all" else due - 1
            newest = found.next + (due - 1) * given.every
            if given.misfire == "skip" and self.now - newest > DEFAULT["misfire_after"]:
                first = due
            steps = [datetime.timedelta(seconds=n * given.every) for n in range(first, due)]
            count += self._run_ticks(found, [next_at[key] + step for step in steps])
            found.next += due * given.every
        return count

    def advance_schedules(
        self,
        key: tuple[str, str],
        revision: int,
        next_tick: float,
        ticks: Sequence[datetime.datetime],
        following: float,
    ) -> int | None:
        found = self.schedules.get(key)
        if found is None or not found.schedule.cron or not self._late(found):
            return None
        if (found.revision, found.next) != (revision, next_tick):
            return None
        found.next = following
        return self._run_ticks(found, ticks)

    def waits(self) -> tuple[float | None, float | None]:
        """Seconds until a schedule needs attention: one of seconds, one with an expression."""
        found: tuple[list[float], list[float]] = ([], [])
        for one in self.schedules.values():
            if not one.paused:
                found[one.schedule.cron is not None].append(max(0.0, one.next - self.now))
        return min(found[0], default=None), min(found[1], default=None)

    def _run_ticks(self, found: Ticking, ticks: Sequence[datetime.datetime]) -> int:
        count = 0
        for tick in ticks:
            last = self.tasks.get(found.last_task or 0)
            if found.schedule.overlap == "skip" and last is not None and last.lane != ENDED:
                continue
            where = found.schedule.namespace or DEFAULT["namespace"], found.schedule.queue
            order_no = f"schedule:{found.schedule.name}:{text_of(tick)}"
            other = self._active(where, found.schedule.task or found.schedule.name, order_no)
            new_id = other or self.made((where[0], order_no))[0]
            payload = _with_tick(found.schedule, text_of(tick))
            found.last_task = self._create_tick(found.schedule, new_id, payload, order_no)
            count += 1
        return count

    def _create_tick(self, given: Schedule, new_id: int, payload: str, order_no: str | None) -> int:
        task_id, _, _ = self.create(
            new_id, given.task or given.name, payload, given.interval, given.queue, 0, order_no,
            given.namespace, given.deadline, given.delete_deadline, given.max_count,
            given.on_failure,
        )  # fmt: skip
        return task_id

    def _late(self, found: Ticking) -> bool:
        return not found.paused and found.next <= self.now

    def _schedule(self, name: str, namespace: str | None) -> Ticking:
        found = self.schedules.get((namespace or DEFAULT["namespace"], name))
        if found is None:
            raise ScheduleNotFound
        return found


def _with_tick(given: Schedule, tick: str) -> str:
    rest = str(given.payload)[1:]
    return f'{{"tick": "{tick}"{"" if rest == "}" else ", "}{rest}'
