"""Applications create tasks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from qtask_db import NewTask, calls

from .comparing import Comparing
from .strategies import options, payloads, queues, some_units, units


class Creating(Comparing):
    """One at a time, or many."""

    @rule(
        name=st.sampled_from(("x", "y")), payload=payloads, interval=some_units, queue=queues,
        delay=st.one_of(st.none(), units), given=options,
    )  # fmt: skip
    def create(
        self,
        name: str,
        payload: str,
        interval: int,
        queue: str,
        delay: int | None,
        given: dict[str, Any],
    ) -> None:
        if delay is None:
            task = calls.create(self.conn, name, payload, interval, queue, **given)
        else:
            task = calls.delay(self.conn, name, payload, delay, interval, queue, **given)
        found = (task.task_id, task.created, task.pushable)
        assert found == self.model.create(found[0], name, payload, interval, queue, delay, **given)

    @rule(
        given=st.lists(
            st.tuples(payloads, some_units, queues, st.one_of(st.none(), units), options),
            min_size=1, max_size=4,
        )
    )  # fmt: skip
    def create_many(self, given: list[tuple[Any, ...]]) -> None:
        made = calls.create_many(
            self.conn, [NewTask("x", *one[:3], delay=one[3], **one[4]) for one in given]
        )
        for task, (payload, interval, queue, delay, chosen) in zip(made, given, strict=True):
            expected = self.model.create(
                task.task_id, "x", payload, interval, queue, delay, **chosen
            )
            assert (task.task_id, task.created, task.pushable) == expected
