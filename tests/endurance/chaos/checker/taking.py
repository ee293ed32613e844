"""Attempts that are taken straight from the database, and the queues that are paused meanwhile."""

from __future__ import annotations

from ..history import Event
from .messages import Messages

LOOK_AGAIN = 6.0
"""Seconds within which a worker that has Redis looks at the other source of tasks."""
UNDER_WAY = 2.0
"""Seconds for which a take may go on that has seen the queue before it was paused."""


class Taking(Messages):
    """Whether each was given once, and none of a paused queue."""

    def _on_taken(self, event: Event) -> None:
        by = event["by"]
        for number, attempt, key, queue in event["messages"]:
            self._queued(event, number, key)
            self._taken[by, number].add(attempt)
            if other := self._given.get((number, attempt)):
                self._broken(
                    "owned twice", f"task {number}: {other[0]} and {by} were given {attempt}"
                )
            self._given[number, attempt] = by, queue
            self._check_pauses(number, attempt)

    def _on_paused(self, event: Event) -> None:
        self._pauses[event["queue"]].append((event["t"], float("inf")))

    def _on_resumed(self, event: Event) -> None:
        pauses = self._pauses[event["queue"]]
        pauses[-1] = pauses[-1][0], event["t"]
        self._change(event)
        for number, attempt in self._given:
            self._check_pauses(number, attempt)

    def _on_delivery(self, event: Event) -> None:
        self._change(event)

    def _change(self, event: Event) -> None:
        self._changes[event["queue"]].append((event["t"], event["t"] + LOOK_AGAIN))

    def _check_pauses(self, number: int, attempt: int) -> None:
        by, queue = self._given.get((number, attempt), ("", ""))
        at = self._started.get((number, attempt))
        if at is None:
            return
        for since, until in self._pauses[queue]:
            if since + UNDER_WAY < at < until:
                text = f"{by} was given task {number} {at - since:.1f} s after {queue} was paused"
                self._broken("paused", text)
