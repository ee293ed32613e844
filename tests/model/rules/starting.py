"""Consumers start attempts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule
from testing import forget_low_ends

from qtask_db import calls
from qtask_db.errors import QueueNotDirect, WrongQueue
from qtask_db.models import Taken

from .comparing import Comparing
from .strategies import attempts, namespaces, queues, which


class Starting(Comparing):
    """With a message, without, and straight from the database."""

    @rule(task=which, attempt=attempts)
    def start(self, task: int, attempt: Any) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.processing(self.conn, task_id, number),
            lambda: self.model.start(task_id, number),
        )
        self._last([task_id])

    @rule(task=which)
    def start_next(self, task: int) -> None:
        self.start(task=task, attempt="next")

    @rule(given=st.dictionaries(which, st.sampled_from(("next", "same", None)), max_size=5))
    def start_many(self, given: dict[int, Any]) -> None:
        pairs = self._pairs(given)
        started = calls.processing_many(self.conn, pairs)
        expected = self.model.each(self.model.start, pairs)
        assert {one.task_id: one.attempt for one in started} == {
            task_id: attempt for task_id, attempt in expected.items() if isinstance(attempt, int)
        }
        for one in started:
            assert one.interval == self.model.tasks[one.task_id].interval
        self._last([one.task_id for one in started])

    @rule(task=which, attempt=attempts, queue=queues)
    def receive(self, task: int, attempt: Any, queue: str) -> None:
        task_id, number = self._task(task, attempt)

        def really() -> tuple[int, str]:
            received = calls.receive(self.conn, task_id, number, queue)
            return received.attempt, received.payload

        self._same(really, lambda: self.model.receive(task_id, number, queue))
        self._last([task_id])

    @rule(
        given=st.dictionaries(which, st.sampled_from(("next", "same", None)), max_size=5),
        queue=queues,
    )
    def receive_many(self, given: dict[int, Any], queue: str) -> None:
        pairs = self._pairs(given)
        reception = calls.receive_many(self.conn, [(*pair, queue) for pair in pairs])
        expected = self.model.each(lambda *pair: self.model.receive(*pair, queue), pairs)
        assert {one.task_id: (one.attempt, one.payload) for one in reception.started} == {
            task_id: result for task_id, result in expected.items() if isinstance(result, tuple)
        }
        wrong = {task_id for task_id, error in expected.items() if error is WrongQueue}
        assert {task_id for task_id, _, _ in reception.wrong} == wrong
        for one in reception.started:
            assert one.lapses == self.model.tasks[one.task_id].lapses
        self._last([one.task_id for one in reception.started])

    @rule(
        names=st.lists(queues, min_size=1, max_size=3), limit=st.sampled_from((1, 2, 3, 100)),
        namespace=namespaces, wait=st.sampled_from((0, 0, 0.003)),
    )  # fmt: skip
    def take(self, names: list[str], limit: int, namespace: str | None, wait: float) -> None:
        def really() -> Taken:
            return calls.take(self.conn, "w", names, limit, wait, namespace)

        if self._refused_in_transaction(really):
            return
        try:
            taken = really()
        except QueueNotDirect:
            with pytest.raises(QueueNotDirect):
                self.model.take(names, limit, namespace, set())
            return
        forget_low_ends(self.conn)
        touched = self._touched(None) | {one.task_id for one in taken.started}
        started, redis = self.model.take(names, limit, namespace, touched)
        found = sorted((one.task_id, one.attempt, one.payload) for one in taken.started)
        assert found == sorted(started)
        assert sorted(taken.redis) == sorted(redis)
        for one in taken.started:
            task = self.model.tasks[one.task_id]
            assert (one.queue, one.interval, one.lapses) == (
                task.queue[1], task.interval, task.lapses
            )  # fmt: skip
        places = [names.index(one.queue) for one in taken.started]
        assert places == sorted(places)
        self._last([one.task_id for one in taken.started])
