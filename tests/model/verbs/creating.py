"""The verbs of applications."""

from __future__ import annotations

from qtask_db.constants import DEFAULT

from .tables import Tables, Task


class Creating(Tables):
    """`create` stands for each verb that creates."""

    def create(
        self,
        new_id: int,
        name: str,
        payload: str,
        interval: int,
        queue: str,
        delay: int | None = None,
        order_no: str | None = None,
        namespace: str | None = None,
        deadline: int | None = None,
        delete_deadline: int | None = None,
        max_count: int | None = None,
        on_failure: str | None = None,
    ) -> tuple[int, bool, bool]:
        """The task's id, whether it is new, whether its creator should push it. A new one gets
        `new_id`.
        """
        where = self._register(namespace, queue)
        if on_failure is not None:
            self._register(namespace, on_failure)
        paused, direct = self.queues[where], where in self.direct
        other = self._active(where, name, order_no)
        if other is not None:
            return other, False, False
        if deadline is None:
            deadline = DEFAULT["deadline"]
        wait = delay if delay is not None else 0 if direct else self.grace
        self._add(
            Task(
                new_id, where, name, payload, interval, order_no,
                DEFAULT["delete_deadline"] if delete_deadline is None else delete_deadline,
                DEFAULT["max_count"] if max_count is None else max_count,
                self.now, self.now + deadline, self.now + min(wait, deadline), on_failure,
            )
        )  # fmt: skip
        return new_id, True, delay is None and not paused and not direct
