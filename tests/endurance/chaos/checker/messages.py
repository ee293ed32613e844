"""Tasks on their way: from a producer through Redis, and no message without its task."""

from __future__ import annotations

from bisect import insort

from ..history import Event
from .facts import COMMITTED, ROLLED_BACK, TOLERANCE, Facts, Wanted


class Messages(Facts):
    """Whether they are of committed tasks, come in time, and are what was created."""

    # -- what producers say ------------------------------------------------------------------------

    def _on_create(self, event: Event) -> None:
        self.wanted[event["k"]] = Wanted(
            event["t"], event["delay"] or 0, event["deadline"], event["max_count"],
            event["interval"], event["order"], event.get("queue", ""), event.get("on_failure"),
        )  # fmt: skip

    def _on_created(self, event: Event) -> None:
        wanted = self.wanted[event["k"]]
        wanted.task_id, wanted.new = event["id"], event["new"]
        if wanted.new:
            self._key_of[event["id"]] = event["k"]
            return
        other = self.wanted.get(self._key_of.get(event["id"], ""))
        if other is None or wanted.order is None or other.order != wanted.order:
            self._broken("lost", f"{event['k']} was taken for a duplicate of task {event['id']}")

    def _on_commit(self, event: Event) -> None:
        for key in event["keys"]:
            self.wanted[key].outcome = COMMITTED

    def _on_rollback(self, event: Event) -> None:
        for key in event["keys"]:
            wanted = self.wanted[key]
            wanted.outcome = ROLLED_BACK
            if wanted.queued:
                self._broken(
                    "rolled back", f"{key} was queued by {wanted.queued}, rolled back later"
                )

    # -- what goes to Redis and comes from it ------------------------------------------------------

    def _on_push(self, event: Event) -> None:
        for task_id, _, key in event["messages"]:
            wanted = self._queued(event, task_id, key)
            if wanted and "producer" in event["by"] and wanted.outcome != COMMITTED:
                self._broken("rolled back", f"{event['by']} pushed {key} before its commit")
            self._signs[task_id].append((event["t"], event["by"]))

    def _on_pushed(self, event: Event) -> None:
        for task_id in event["ids"]:
            self._pushed[task_id, event["by"]] = event["t"]

    def _on_scan(self, event: Event) -> None:
        insort(self._scans, event["t"])

    def _on_take(self, event: Event) -> None:
        for task_id, attempt, key in event["messages"]:
            self._queued(event, task_id, key)
            self._taken[event["by"], task_id].add(attempt)
        for entry in event.get("entries", ()):
            if self._acknowledged.get(entry, event["since"]) < event["since"]:
                self._broken("message", f"{event['by']} took {entry}, which was acknowledged")

    def _on_acknowledged(self, event: Event) -> None:
        self._acknowledged.update(dict.fromkeys(event["entries"], event["t"]))

    def _queued(self, event: Event, task_id: int, key: str) -> Wanted | None:
        wanted = self._find(key)
        if wanted is None:
            self._broken(
                "rolled back", f"{event['by']} has a message of {key}, which nobody created"
            )
            return None
        if self._key_of.get(task_id, key) != key:
            self._broken("message", f"{event['by']} has task {task_id} with the payload of {key}")
        wanted.queued = wanted.queued or event["by"]
        if wanted.outcome == ROLLED_BACK:
            self._broken("rolled back", f"{key} was rolled back, and {event['by']} has its message")
        early = wanted.at + wanted.delay - TOLERANCE - event["t"]
        if early > 0:
            self._broken("early", f"{event['by']} had {key} {early:.3f} s before its delay")
        return wanted
