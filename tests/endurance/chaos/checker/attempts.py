"""The lives of tasks: their attempts, as handlers and the database tell them."""

from __future__ import annotations

from qtask_db.constants import Status

from ..history import Event
from .facts import TERMINAL, TOLERANCE, Row, Wanted
from .made import Made

HASTE = 0.5
"""Seconds that the database may take between reading its clock and storing a start."""


class Attempts(Made):
    """Whether each had one owner, and its result was the one of its handler."""

    # -- what handlers say -------------------------------------------------------------------------

    def _on_run(self, event: Event) -> None:
        self._queued(event, event["id"], event["k"])
        number, attempt, by = event["id"], event["attempt"], event["by"]
        announced = self._taken[by, number]
        other = self.runs.get((number, attempt))
        if other is not None:
            self._broken("owned twice", f"task {number}: {other} and {by} ran attempt {attempt}")
        elif attempt not in announced:
            copies = ", ".join(map(str, sorted(announced))) or "nothing"
            self._broken("owned twice", f"task {number}: {by} runs {attempt} by a copy of {copies}")
        self.runs[number, attempt] = by
        self._begun.add((number, attempt))

    def _on_done(self, event: Event) -> None:
        self._done.add((event["id"], event["attempt"]))

    def _on_raised(self, event: Event) -> None:
        self._raised.add((event["id"], event["attempt"]))
        if event.get("fatal"):
            self._fatal.add((event["id"], event["attempt"]))

    # -- what the database says --------------------------------------------------------------------

    def _on_row(self, event: Event) -> None:
        number, status, attempts = event["id"], event["status"], event["attempts"]
        before = self.rows.get(number)
        if event["what"] == "I" or before is None:
            self.rows[number] = Row(status, attempts)
            self._on_insert(event)
            self._check_order(number)
            return
        if event["what"] == "D":
            before.gone = True
            if before.status not in TERMINAL:
                self._broken(
                    "lost", f"task {number} was deleted while {Status(before.status).name}"
                )
            return
        if before.status in TERMINAL and (status, attempts) != (before.status, before.attempts):
            self._broken("life", f"task {number} went from {before.status} to {status}")
        if attempts not in (before.attempts, before.attempts + 1):
            self._broken(
                "life", f"task {number}: attempts went from {before.attempts} to {attempts}"
            )
        if attempts != before.attempts or status in TERMINAL:
            self._signs[number].append((event["t"], "database"))
        self._check_attempt(number, before, status, attempts, event["t"])
        if before.status == Status.PROCESSING:
            self._ends[number, before.attempts] = self._outcomes(number, before, status, attempts)
        if attempts != before.attempts:
            before.started_at = self._started[number, attempts] = event["t"]
            self.lapses += before.status == Status.PROCESSING
            self._check_pauses(number, attempts)
        before.status, before.attempts = status, attempts
        if status in TERMINAL and before.ended_at is None:
            before.ended_at = event["t"]
            if status == Status.FINISHED and (number, attempts) not in self._done:
                self._broken(
                    "fence", f"task {number} was finished while attempt {attempts} had not returned"
                )
            if status == Status.FAILED:
                self._check_failure(number, attempts, event["t"])

    def _check_order(self, number: int) -> None:
        wanted = self.wanted.get(self._key_of.get(number, ""))
        if wanted is None or wanted.order is None:
            return
        other = self._orders.get(wanted.order)
        if other is not None and self.rows[other].status not in TERMINAL:
            self._broken("owned twice", f"tasks {other} and {number} of one order are active")
        self._orders[wanted.order] = number

    def _check_attempt(
        self, number: int, before: Row, status: int, attempts: int, at: float
    ) -> None:
        """While an attempt's handler runs, only its interval's end or the deadline takes it."""
        wanted = self.wanted.get(self._key_of.get(number, ""))
        if wanted is None or before.status != Status.PROCESSING:
            return
        left = before.started_at + wanted.interval - at - HASTE
        if attempts == before.attempts + 1 and left > 0:
            self._broken("early", f"task {number}: attempt {attempts} began {left:.1f} s too soon")
        if (
            status in (Status.WAITING, Status.FAILED)
            and attempts == before.attempts
            and (number, attempts) in self._begun
            and (number, attempts) not in self._raised
            and (status == Status.WAITING or left > 0)
            and not self._expired(wanted, at)
        ):
            self._broken("fence", f"task {number}: attempt {attempts} failed while it ran")

    def _expired(self, wanted: Wanted, at: float) -> bool:
        return wanted.deadline is not None and at >= wanted.at + wanted.deadline - TOLERANCE

    def _check_failure(self, number: int, attempts: int, at: float) -> None:
        wanted = self.wanted.get(self._key_of.get(number, ""))
        if wanted is None:
            return
        if wanted.on_failure is not None:
            self._failed.add(number)
        fatal = (number, attempts) in self._fatal
        if attempts < wanted.max_count and not fatal and not self._expired(wanted, at):
            self._broken("life", f"task {number} failed after {attempts} attempts, in its time")

    # -- what their history tells ------------------------------------------------------------------

    def _outcomes(self, number: int, before: Row, status: int, attempts: int) -> set[str]:
        """Those that an attempt may have in the history, once the row says this; "" is no entry."""
        if attempts != before.attempts:
            return {"lapsed"}
        if status == Status.WAITING:
            returned = (number, attempts) not in self._begun
            return {""} if returned else {"failed", "snoozed"}
        return {"failed", "rejected", "expired", "lapsed"} if status == Status.FAILED else {""}

    def check_history(self, told: dict[tuple[int, int], str]) -> None:
        """`told`: the outcomes of attempts in the history of all tasks that are stored."""
        for number, attempt in told.keys() - self._ends.keys():
            self._broken("history", f"task {number}: attempt {attempt} has not ended")
        for (number, attempt), outcomes in self._ends.items():
            outcome = told.get((number, attempt), "")
            if outcome not in outcomes and not self.rows[number].gone:
                self._broken("history", f"task {number}: attempt {attempt} is told as {outcome!r}")
