"""Consumers end attempts, or ask for more time."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from qtask_db import AttemptEnd, Status, calls
from qtask_db.errors import ProcedureError

from .comparing import Comparing
from .strategies import attempts, some_units, texts, units, which


class Ending(Comparing):
    """With the right attempt, another one, or none."""

    @rule(task=which, attempt=attempts)
    def finish(self, task: int, attempt: Any) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.finish(self.conn, task_id, number),
            lambda: self.model.finish(task_id, number),
        )

    @rule(task=which, attempt=attempts)
    def finish_once(self, task: int, attempt: Any) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.finish_once(self.conn, task_id, number),
            lambda: self.model.finish_once(task_id, number),
        )

    @rule(
        task=which, attempt=attempts, error=st.one_of(st.none(), texts, st.just("x" * 3000)),
        delay=st.one_of(st.none(), units),
    )  # fmt: skip
    def fail(self, task: int, attempt: Any, error: str | None, delay: int | None) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.fail(self.conn, task_id, number, error, delay),
            lambda: self.model.fail(task_id, number, error, delay),
        )

    @rule(task=which, attempt=attempts, error=st.one_of(st.none(), texts))
    def reject(self, task: int, attempt: Any, error: str | None) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.reject(self.conn, task_id, number, error),
            lambda: self.model.reject_attempt(task_id, number, error),
        )

    @rule(task=which, attempt=attempts, delay=some_units, reason=st.one_of(st.none(), texts))
    def snooze(self, task: int, attempt: Any, delay: int, reason: str | None) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.snooze(self.conn, task_id, number, delay, reason),
            lambda: self.model.snooze(task_id, number, delay, reason),
        )

    @rule(
        given=st.dictionaries(
            which,
            st.tuples(
                st.sampled_from(("same", "same", "next")),
                st.sampled_from(("fail", "reject", "snooze")),
                st.one_of(st.none(), texts),
                some_units,
            ),
            max_size=5,
        )
    )
    def end_many(self, given: dict[int, Any]) -> None:
        ends = {}
        for task, (attempt, outcome, text, delay) in given.items():
            task_id, number = self._task(task, attempt)
            seconds = None if outcome == "reject" else delay
            ends[task_id] = AttemptEnd(task_id, number, outcome, text, seconds)
        told = {
            one.task_id: (one.number, one.status)
            for one in calls.end_many(self.conn, "w", ends.values())
        }
        expected: dict[int, tuple[int | None, Status | None]] = {}
        for task_id, end in ends.items():
            try:
                self.model.end(end)
            except ProcedureError as error:
                expected[task_id] = (error.number, None)
            else:
                if self.model.tasks[task_id].status is Status.FAILED:
                    expected[task_id] = (None, Status.FAILED)
        assert told == expected

    @rule(task=which, attempt=attempts, seconds=st.one_of(st.none(), some_units))
    def extend(self, task: int, attempt: Any, seconds: int | None) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.extend(self.conn, task_id, number, seconds),
            lambda: self.model.extend(task_id, number, seconds),
        )

    @rule(given=st.dictionaries(which, st.sampled_from(("same", "next", None)), max_size=5))
    def finish_many(self, given: dict[int, Any]) -> None:
        pairs = self._pairs(given)
        refused = {one.task_id: one.number for one in calls.finish_many(self.conn, pairs)}
        expected = self.model.each(self.model.finish, pairs)
        assert refused == {i: error.number for i, error in expected.items() if error is not None}

    @rule(given=st.dictionaries(which, st.sampled_from(("same", "next", None)), max_size=5))
    def return_many(self, given: dict[int, Any]) -> None:
        pairs = self._pairs(given)
        returned = calls.return_many(self.conn, pairs)
        expected = self.model.each(self.model.give_back, pairs)
        assert returned == sum(error is None for error in expected.values())
