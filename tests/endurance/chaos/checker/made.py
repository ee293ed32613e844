"""Tasks that the database makes of its own accord: of ticks, and because others have failed."""

from __future__ import annotations

from ..database.schedules import STEPS
from ..history import Event
from ..process import AFTER, SCHEDULE
from .taking import Taking


class Made(Taking):
    """Whether each tick has made one, and each failure of a task that wishes it."""

    def _on_insert(self, event: Event) -> None:
        number, tick, failed = event["id"], event.get("tick"), event.get("failed")
        if tick is not None:
            name, at, late = tick
            key = f"{SCHEDULE}{name}:{at}"
            if at in self.ticks[name]:
                self._broken("tick", f"{name} of {at} has made task {number}, and one before")
            if late < 0:
                self._broken("tick", f"{name} of {at} has made task {number} {-late:g} s too soon")
            self.ticks[name].add(at)
        elif failed is not None:
            key = f"{AFTER}{failed}"
            if failed not in self._failed:
                self._broken("follow-up", f"task {number}: {failed} has not failed, or has another")
            self._failed.discard(failed)
        else:
            return
        self._find(key)
        self._key_of[number] = key
        self._made[number] = key

    @property
    def follow_ups(self) -> int:
        return sum(key.startswith(AFTER) for key in self._made.values())

    def check_follow_ups(self) -> None:
        """After all that was committed together: a failure and its task are one transaction."""
        for number in sorted(self._failed):
            self._broken("follow-up", f"task {number} has failed, and no task was created")
        self._failed.clear()

    def check_ticks(self, spans: dict[str, tuple[int, int]]) -> None:
        """`spans`: since when each schedule has ticked, and until when, in seconds since 1970."""
        for name, step in STEPS.items():
            since, until = spans[name]
            due = set(range(((since + 1) // step + 1) * step, until, step))
            for at in sorted(due - self.ticks[name])[:3]:
                self._broken("tick", f"{name} of {at} has made no task")
