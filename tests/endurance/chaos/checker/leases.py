"""Tasks that relays have claimed, and the troubles that kept them from pushing."""

from __future__ import annotations

from bisect import bisect

from ..history import Event
from .facts import Batch, Facts

ENOUGH_SCANS = 20
"""Each scan gives one lapsed batch back; that many relays cannot have died at one time."""
RECOVERY = 6.0
"""Seconds for which a relay may back off when a trouble is over, and at most twice as long as that
lasted, and one more.
"""
HARMLESS = {"snapshot", "flush-redis", "delivery", "pause"}
"""Troubles that keep no relay from scanning."""


class Leases(Facts):
    """Whether claimed tasks were pushed, or claimed again in time."""

    def _on_batch(self, event: Event) -> None:
        if event["what"] == "B":
            self._batches[event["id"]] = Batch(event["relay"], event["t"], event["ids"])
            for number in event["ids"]:
                self._signs[number].append((event["t"], event["relay"]))

    def _on_kill(self, event: Event) -> None:
        self.kills[event["name"]] = event["t"]

    def _on_trouble(self, event: Event) -> None:
        if event["name"] not in HARMLESS:
            lasted = event["until"] - event["since"]
            recovered = event["until"] + min(RECOVERY, 1 + 2 * lasted)
            self._troubles.append((event["since"], recovered))

    def check_leases(self, now: float) -> None:
        """Tasks that relays had claimed and not pushed must be on their way soon, in any case."""
        for number, batch in list(self._batches.items()):
            batch.ids = [task_id for task_id in batch.ids if self._owed(batch, task_id, now)]
            if not batch.ids:
                del self._batches[number]

    @property
    def owing(self) -> bool:
        """Whether claimed tasks are still to come."""
        return bool(self._batches)

    def _owed(self, batch: Batch, number: int, now: float) -> bool:
        row = self.rows.get(number)
        ended = row is not None and row.ended_at is not None and row.ended_at <= batch.at
        if ended or self._pushed.get((number, batch.relay), 0.0) >= batch.at:
            return False
        signs = [t for t, by in self._signs[number] if t > batch.at and by != batch.relay]
        again = min(signs, default=now)
        took = again - batch.at
        if signs and batch.relay in self.kills:
            self.requeued.append(took)
        late = took - self._troubled(number, batch.at, again) > self.lease + self.slack
        # If no relay ran for so long, nobody could claim it.
        scans = bisect(self._scans, again) - bisect(self._scans, batch.at + self.lease)
        if not late or scans < ENOUGH_SCANS:
            return not signs
        self._broken("lease", f"task {number} of {batch.relay} was not back within {took:.1f} s")
        return False

    def _troubled(self, number: int, since: float, until: float) -> float:
        """Seconds of the span in which a server or the way to it was not itself, or a task's queue
        was paused or its tasks had begun to come another way.
        """
        wanted = self.wanted.get(self._key_of.get(number, ""))
        queue = wanted.queue if wanted else ""
        total, last = 0.0, since
        for begin, end in sorted(self._troubles + self._pauses[queue] + self._changes[queue]):
            if min(end, until) > max(begin, last):
                total += min(end, until) - max(begin, last)
                last = end
        return total
