"""Operators change tasks and queues."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from qtask_db import calls

from .comparing import Comparing
from .strategies import UNIT, namespaces, queues, some_units, which


class Operating(Comparing):
    """At any time, within transactions and beside them."""

    @rule(task=which)
    def cancel(self, task: int) -> None:
        task_id, _ = self._task(task, None)
        self._same(lambda: calls.cancel(self.conn, task_id), lambda: self.model.cancel(task_id))

    @rule(task=which, deadline=st.one_of(st.none(), some_units))
    def retry(self, task: int, deadline: int | None) -> None:
        task_id, _ = self._task(task, None)
        self._same(
            lambda: calls.retry(self.conn, task_id, deadline),
            lambda: self.model.retry(task_id, deadline),
        )

    @rule(
        tasks=st.lists(which, max_size=5),
        action=st.sampled_from(("retry", "cancel", "reject", "retry")),
        given=st.booleans(),
    )
    def change_many(self, tasks: list[int], action: str, given: bool) -> None:
        ids = [self._task(number, None)[0] for number in tasks]
        deadline = UNIT if given and action == "retry" else None
        error = "it's \\ %s" if given and action == "reject" else None

        def act() -> tuple[int, list[tuple[int, int]]]:
            found = calls.change_tasks(self.conn, action, ids, deadline=deadline, error=error)
            return found.changed, sorted((one.task_id, one.number) for one in found.skipped)

        if not self._refused_in_transaction(act):
            self._same(act, lambda: self.model.change(action, ids, deadline, error))

    @rule(queue=queues, namespace=namespaces, paused=st.booleans())
    def pause_or_resume(self, queue: str, namespace: str | None, paused: bool) -> None:
        (calls.pause if paused else calls.resume)(self.conn, queue, namespace)
        self.model.pause(queue, namespace, paused)

    @rule(queue=queues, namespace=namespaces, direct=st.sampled_from((True, True, False)))
    def deliver(self, queue: str, namespace: str | None, direct: bool) -> None:
        calls.set_delivery(self.conn, queue, "direct" if direct else "redis", namespace)
        self.model.deliver(queue, namespace, direct=direct)

    @rule(queue=queues, namespace=namespaces)
    def remove_queue(self, queue: str, namespace: str | None) -> None:
        act = lambda: calls.remove_queue(self.conn, queue, namespace)  # noqa: E731
        if not self._refused_in_transaction(act):
            self._same(act, lambda: self.model.remove(queue, namespace))

    @rule(days=st.sampled_from((1, 2)))
    def remove_idle_queues(self, days: int) -> None:
        act = lambda: calls.remove_idle_queues(self.conn, 86400 * days)  # noqa: E731
        if not self._refused_in_transaction(act):
            self._same(act, lambda: self.model.remove_idle(86400 * days))
