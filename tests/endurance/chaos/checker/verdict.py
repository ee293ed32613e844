"""The whole checker: it hands out the events, and at the end compares with what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..history import Event
from .attempts import Attempts
from .facts import COMMITTED, ROLLED_BACK, TERMINAL, UNKNOWN, Wanted
from .leases import Leases


class Checker(Attempts, Leases):
    """Feed it the history, then `close` it with the final state: `violations` is the verdict."""

    def feed(self, events: Iterable[Event]) -> None:
        for event in events:
            handle = getattr(self, f"_on_{event['e']}", None)
            if handle is not None:
                handle(event)

    def close(
        self,
        ledger: dict[str, tuple[int, bool]],
        overdue: dict[int, float],
        left: dict[str, int] | None = None,
    ) -> None:
        """`ledger`: what the producers' transactions stored, by key: task id and whether it is new.
        `overdue`: seconds, by id, of all active tasks; below 0 they are due in the future.
        `left`: messages that are still in streams, though all tasks have ended.
        """
        self.check_follow_ups()
        ledger = ledger | {key: (number, True) for number, key in self._made.items()}
        for queue, count in (left or {}).items():
            self._broken("message", f"{count} messages of {queue} were left")
        for key, wanted in self.wanted.items():
            self._check_outcome(key, wanted, ledger.get(key))
        for key, (task_id, new) in ledger.items():
            self._check_end(key, task_id, overdue)
            row = self.rows.get(task_id)
            if not new and row is not None and row.ended_at is not None:
                late = self.wanted[key].at - row.ended_at
                if late > self.slack:
                    self._broken("lost", f"{key} copies task {task_id}, ended {late:.1f} s before")
        for (number, attempt), (by, _) in self._given.items():
            if (number, attempt) not in self._started:
                self._broken("owned twice", f"{by} was given {attempt} of {number}: never started")
        known = self._made.keys() | {task_id for task_id, _ in ledger.values()}
        for number in self.rows.keys() - known:
            self._broken(
                "rolled back", f"task {number} is stored without what was committed with it"
            )

    def _check_outcome(self, key: str, wanted: Wanted, stored: Any) -> None:
        if wanted.outcome == COMMITTED and stored is None:
            self._broken("lost", f"{key} was committed, and the database does not know it")
        elif wanted.outcome == ROLLED_BACK and stored is not None:
            self._broken("rolled back", f"{key} was rolled back, and the database has it")
        elif wanted.outcome == UNKNOWN and stored is not None:
            wanted.outcome = COMMITTED
        elif wanted.outcome == UNKNOWN:
            wanted.outcome = ROLLED_BACK
            if wanted.queued:
                self._broken(
                    "rolled back", f"{key} was not committed; {wanted.queued} has queued it"
                )

    def _check_end(self, key: str, task_id: int, overdue: dict[int, float]) -> None:
        row = self.rows.get(task_id)
        if row is None:
            self._broken("lost", f"{key}: task {task_id} was committed, and its row was never seen")
        elif row.status not in TERMINAL:
            late = overdue.get(task_id)
            if late is None:
                self._broken("lost", f"{key}: task {task_id} is active and its row is gone")
            elif late > self.slack:
                self._broken("lost", f"{key}: task {task_id} is overdue for {late:.1f} s")
