"""The verbs of relays."""

from __future__ import annotations

from collections.abc import Sequence

from qtask_db.errors import BatchNotFound

from .due import Due
from .tables import ACTIVE, ENDED, FAILED, PARKED, Batch


class Relaying(Due):
    """They claim tasks in batches, park them, and say when to look again."""

    def scan(
        self,
        relay: str,
        limit: int,
        lease: int,
        namespace: str | None,
        held: Sequence[str],
        batch_id: int | None,
        touched: set[int],
    ) -> tuple[dict[int, int], float | None]:
        """Given the tasks that the procedure has claimed, failed or parked: the attempts that the
        messages announce, and the seconds until there is something to do.
        """
        lapsed = [
            (batch.lapses, number)  # of two that lapse together, the older one goes first
            for number, batch in self.batches.items()
            if batch.lapses <= self.now
        ]
        if lapsed:
            self.release(min(lapsed, key=lambda one: one[0])[1])
        mine = [q for q in self.queues if q not in self.removed and q not in self.direct]
        mine = [q for q in mine if namespace in (None, q[0])]
        # Looked at before any fails, which creates others.
        queues = {q: found for q in mine if (found := self._due(q, held))}
        share = max(1, limit // len(queues)) if queues else 0
        scarce = share * len(queues) > limit  # then some queues must wait for another scan
        claimed: list[int] = []
        closed: list[int] = []
        full = False
        for queue, (parked, active) in queues.items():
            if self._closed(queue, held):
                chosen = self._chosen(parked, touched, share) + self._chosen(active, touched, share)
                most = min(share, len(parked)) + min(share, len(active))
                assert len(chosen) == most or (scarce and len(chosen) < most)
                full = full or len(chosen) < most
                closed += chosen
                continue
            first = self._chosen(parked, touched, share)
            chosen = first + self._chosen(active, touched, share - len(first))
            most = min(share, len(parked) + len(active))
            assert len(chosen) == most or (scarce and len(chosen) < most)
            full = full or len(chosen) >= share or len(chosen) < most
            claimed += chosen
        assert len(claimed) <= limit
        self._park(closed)
        handed = self._claim(claimed, batch_id)
        assert batch_id is not None or not handed
        if batch_id is not None:
            self.batches[batch_id] = Batch(relay, self.now, self.now + lease, claimed)
        attempts = {task_id: self.tasks[task_id].attempts + 1 for task_id in handed}
        # Those that have failed may have created others, which are due now.
        failed = any(self.tasks[i].status is FAILED for i in touched)
        after = float("-inf") if failed else self.now
        return attempts, 0.0 if full else self.next_due(namespace, held, after)

    def _claim(self, ids: list[int], batch_id: int | None) -> list[int]:
        for task_id in (alive := [i for i in ids if not self._expire(self.tasks[i])]):
            task = self.tasks[task_id]
            task.lane, task.batch = ACTIVE, batch_id
            task.in_at_most(task.interval, self.now)
        return alive

    def _park(self, ids: list[int]) -> None:
        for task in (self.tasks[i] for i in ids):
            if not self._expire(task):
                task.lane, task.due = PARKED, task.deadline

    def next_due(
        self, namespace: str | None, held: Sequence[str], after: float = float("-inf")
    ) -> float | None:
        times = [batch.lapses for batch in self.batches.values()]
        for task in self.tasks.values():
            if task.lane == ENDED or namespace not in (None, task.queue[0]) or task.due <= after:
                continue
            if task.queue in self.removed or task.queue in self.direct:
                continue
            opened = task.lane == PARKED and not self._closed(task.queue, held)
            times.append(self.now if opened else task.due)
        return max(0.0, min(times) - self.now) if times else None

    def confirm(self, batch_id: int, relay: str) -> None:
        self._batch(batch_id, relay)
        del self.batches[batch_id]

    def release(self, batch_id: int, relay: str | None = None) -> None:
        batch = self._batch(batch_id, relay or self.batches[batch_id].relay)
        for task in (self.tasks[i] for i in batch.ids if i in self.tasks):
            if task.batch == batch_id and task.lane == ACTIVE:
                task.due, task.batch = batch.claimed, None
        del self.batches[batch_id]

    def _batch(self, batch_id: int, relay: str) -> Batch:
        batch = self.batches.get(batch_id)
        if batch is None or batch.relay != relay:
            raise BatchNotFound
        return batch
