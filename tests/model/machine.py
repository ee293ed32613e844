"""Drives the model and the real procedures with the same random calls and compares after each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from testing import age, age_batches, age_schedules, empty, rest_queues

from qtask_db import Schedule
from qtask_db.constants import DEFAULT

from .rules.creating import Creating
from .rules.ending import Ending
from .rules.maintaining import Maintaining
from .rules.refusing import Refusing
from .rules.relaying import Relaying
from .rules.scheduling import Scheduling
from .rules.starting import Starting
from .rules.strategies import (
    LONG,
    UNIT,
    options,
    payloads,
    queues,
    schedules,
    some_units,
    units,
    which,
)
from .rules.transacting import Transacting

LIFE = (
    *("start",) * 3, "lapse", *("queue again", "park", "fail", "extend") * 2, "finish",
    "finish once", "reject", "snooze", "cancel", "retry", "release", "take",
)  # fmt: skip
TICKING = (*("pass", "run", "due", "advance") * 3, "set", "end", "pause", "resume", "remove")


class Machine(Creating, Starting, Ending, Relaying, Maintaining, Refusing, Scheduling, Transacting):
    """One example: an empty schema, then calls in a random order."""

    @initialize(
        given=st.lists(
            st.tuples(payloads, some_units, queues, units, options), min_size=2, max_size=4
        ),
        ticking=st.lists(schedules, max_size=2),
    )
    def begin_with_some(self, given: list[tuple[Any, ...]], ticking: list[Schedule]) -> None:
        self.conn.set_autocommit(True)
        empty(self.conn)
        self.create_many(given)
        for schedule in ticking:
            self.set_schedule(given=schedule)

    @precondition(lambda self: not self.saved)
    @rule(seconds=st.sampled_from((UNIT,) * 5 + (2 * UNIT, 5 * UNIT, LONG)))
    def let_time_pass(self, seconds: int) -> None:
        age(self.conn, seconds)
        age_batches(self.conn, seconds)
        rest_queues(self.conn, seconds)
        age_schedules(self.conn, seconds)
        self.age_dues(seconds)
        self.model.age(seconds)

    @precondition(lambda self: not self.saved)
    @rule(task=which, steps=st.lists(st.sampled_from(LIFE), min_size=6, max_size=16))
    def much_happens_to_one(self, task: int, steps: list[str]) -> None:
        task_id, _ = self._task(task, None)
        if task_id not in self.model.tasks:
            return
        for step in steps:
            number = len(self.model.tasks) - list(self.model.tasks).index(task_id) - 1
            found = self.model.tasks[task_id]
            if step in ("queue again", "park"):
                held = [found.queue[1]] if step == "park" else []
                self.let_time_pass(seconds=found.interval)
                self.scan(relay="r1", limit=100, lease=UNIT, namespace=None, held=held)
            elif step == "lapse":
                self.let_time_pass(seconds=8 * UNIT)
                for _ in range(DEFAULT["max_lapses"] - 2):
                    self.start(task=number, attempt="next")
            elif step == "take":
                namespace, queue = found.queue
                self.deliver(queue=queue, namespace=namespace, direct=True)
                self.let_time_pass(seconds=found.interval)
                self.take(names=[queue], limit=100, namespace=None, wait=0)
                self.deliver(queue=queue, namespace=namespace, direct=False)
            elif step == "start":
                self.start(task=number, attempt="next")
            elif step == "fail":
                self.fail(task=number, attempt="same", error=None, delay=0)
            elif step == "reject":
                self.reject(task=number, attempt="same", error=None)
            elif step == "snooze":
                self.snooze(task=number, attempt="same", delay=UNIT, reason=None)
            elif step == "extend":
                self.extend(task=number, attempt="same", seconds=None)
            elif step in ("finish", "finish once"):
                finish = self.finish if step == "finish" else self.finish_once
                finish(task=number, attempt="same")
            elif step == "release":
                self.end_batch(batch=0, wrong=False, confirm=False)
            elif step == "retry":
                self.retry(task=number, deadline=None)
            else:
                self.cancel(task=number)
            self.the_tables_are_as_the_model_says()

    @precondition(lambda self: not self.saved)
    @rule(given=schedules, steps=st.lists(st.sampled_from(TICKING), min_size=8, max_size=20))
    def a_schedule_ticks(self, given: Schedule, steps: list[str]) -> None:
        self.set_schedule(given=given)
        for step in steps:
            if step == "pass":
                self.let_time_pass(seconds=2 * UNIT)
            elif step == "run":
                self.run_due_schedules()
            elif step == "due":
                self.due_schedules()
            elif step == "advance" and self.dues:
                self.advance_schedules(which=0, count=2)
            elif step == "set":
                self.set_schedule(given=replace(given, payload='{"n": 2}'))
            elif step == "end":
                self.start(task=0, attempt="next")
                self.finish(task=0, attempt="same")
            elif step in ("pause", "resume", "remove"):
                self.change_schedule(name=given.name, namespace=given.namespace, action=step)
            self.the_tables_are_as_the_model_says()
