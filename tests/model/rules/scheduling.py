"""Operators set schedules, and their ticks make tasks."""

from __future__ import annotations

import datetime
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from scheduled import advance
from testing import query

from qtask_db import Connection, Schedule, calls
from qtask_db.scheduling import DueSchedule

from .comparing import Comparing
from .strategies import EVERY, namespaces, schedule_names, schedules, which


class Scheduling(Comparing):
    """Several processes may run the same ticks, each by what it has seen."""

    def __init__(self, conn: Connection) -> None:
        super().__init__(conn)
        self.dues: list[tuple[DueSchedule, float, float]] = []
        """What due_schedules has told, with the next tick and the present of the model."""

    def age_dues(self, seconds: int) -> None:
        """The times in the tables move into the past, and these with them."""
        passed = datetime.timedelta(seconds=seconds)
        self.dues = [
            (replace(due, next_at=due.next_at - passed, now=due.now - passed), *modelled)
            for due, *modelled in self.dues
        ]

    @rule(given=schedules)
    def set_schedule(self, given: Schedule) -> None:
        assert calls.set_schedule(self.conn, given) == self.model.set_schedule(given)

    @rule(
        name=schedule_names, namespace=namespaces,
        action=st.sampled_from(("pause", "resume", "resume", "remove")),
    )  # fmt: skip
    def change_schedule(self, name: str, namespace: str | None, action: str) -> None:
        verb = f"{action}_schedule"
        self._same(
            lambda: getattr(calls, verb)(self.conn, name, namespace),
            lambda: getattr(self.model, verb)(name, namespace),
        )
        if action == "remove":
            self.dues.clear()  # a new one has the same revisions

    @rule(name=schedule_names, namespace=namespaces)
    def run_schedule(self, name: str, namespace: str | None) -> None:
        made: list[tuple[int, str]] = [(0, "")]

        def really() -> None:
            task_id = calls.run_schedule(self.conn, name, namespace)
            statement = f"SELECT payload FROM {self.conn.prefix}task WHERE task_id = {task_id}"
            made[0] = task_id, query(self.conn, statement)[0][0]

        self._same(really, lambda: self.model.run_schedule(name, namespace, *made[0]))

    @rule()
    def run_due_schedules(self) -> None:
        if self._refused_in_transaction(lambda: calls.run_due_schedules(self.conn)):
            return
        next_at = {
            (namespace, name): at.replace(tzinfo=datetime.timezone.utc)
            for namespace, name, at in query(
                self.conn, f"SELECT namespace, schedule, next_at FROM {self.conn.prefix}schedule"
            )
        }
        found = calls.run_due_schedules(self.conn)
        assert found.created == self.model.run_due_schedules(next_at)
        for real, modelled in zip((found.wait, found.cron_wait), self.model.waits(), strict=True):
            self._same_wait(real, modelled)

    @precondition(lambda self: not self.saved)
    @rule()
    def due_schedules(self) -> None:
        found = calls.due_schedules(self.conn)
        keys = [(one.namespace, one.name) for one in found]
        assert sorted(keys) == sorted(self.model.due_schedules())
        for one, key in zip(found, keys, strict=True):
            self.dues.append((one, self.model.schedules[key].next, self.model.now))

    @precondition(lambda self: self.dues)
    @rule(which=which, count=st.sampled_from((0, 1, 1, 2)))
    def advance_schedules(self, which: int, count: int) -> None:
        due, next_tick, told_at = self.dues[-1 - which % len(self.dues)]
        found = [due.next_at + n * datetime.timedelta(seconds=EVERY[0] / 2) for n in range(count)]
        found = [tick for tick in found if tick <= due.now]
        following = due.now + datetime.timedelta(seconds=EVERY[0])

        def act() -> int | None:
            return advance(self.conn, due, found, following)

        if not self._refused_in_transaction(act):
            self._same(
                act,
                lambda: self.model.advance_schedules(
                    (due.namespace, due.name), due.revision, next_tick, found,
                    told_at + EVERY[0],
                ),
            )  # fmt: skip
