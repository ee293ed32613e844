"""Decides from a history whether the promises were kept.

    lost          a committed task has neither ended nor a due time in the future; a commit is gone;
                  it was taken for a duplicate of a task that it was not
    owned twice   two handlers ran one attempt; one ran an attempt that no message of its process
                  announced; two tasks of one order were active
    fence         a result was accepted though that attempt's handler had not returned
    early         a delayed task was on its way to Redis before its delay; an attempt began in the
                  interval of the one before
    rolled back   a task was queued before its commit, or though there was none
    lease         a claimed task that was not pushed was not claimed again within lease and slack,
                  though relays did scan
    life          a task failed without a reason, or lived on after its end
    paused        an attempt of a paused queue was taken straight from the database
    message       one task's message carried another one's payload; one of a stream was taken after
                  it was acknowledged, or is never taken

Events come in the order of the history; those of the database's journal may come late.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from qtask_db.constants import Status

from .history import Event

TERMINAL = {Status.FINISHED, Status.CANCELLED, Status.FAILED}
TOLERANCE = 0.005
"""Seconds: times of the database are cut to milliseconds."""
ENOUGH_SCANS = 20
"""Each scan gives one lapsed batch back; that many relays cannot have died at one time."""
RECOVERY = 6.0
"""Seconds for which a relay may back off when a trouble is over, and at most twice as long as that
lasted, and one more.
"""
HARMLESS = {"snapshot", "flush-redis", "delivery", "pause"}
"""Troubles that keep no relay from scanning."""
HASTE = 0.5
"""Seconds that the database may take between reading its clock and storing a start."""
LOOK_AGAIN = 6.0
"""Seconds within which a worker that has Redis looks at the other source of tasks."""
UNDER_WAY = 2.0
"""Seconds for which a take may go on that has seen the queue before it was paused."""
UNKNOWN, COMMITTED, ROLLED_BACK = "unknown", "committed", "rolled back"


@dataclass(frozen=True, slots=True)
class Violation:
    promise: str
    text: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.text}"


@dataclass(slots=True)
class Wanted:
    """A task that a producer asked for."""

    at: float
    delay: int
    deadline: int | None
    max_count: int
    interval: int
    order: str | None
    queue: str = ""
    outcome: str = UNKNOWN
    task_id: int | None = None
    new: bool = True
    queued: str | None = None
    """The process that put it on its queue first."""


@dataclass(slots=True)
class Row:
    """The last that the journal said of a task."""

    status: int
    attempts: int
    started_at: float = 0.0
    ended_at: float | None = None
    gone: bool = False


@dataclass(slots=True)
class Batch:
    relay: str
    at: float
    ids: list[int]


@dataclass
class Checker:
    """Feed it the history, then `close` it with the final state: `violations` is the verdict."""

    lease: float
    slack: float
    violations: list[Violation] = field(default_factory=list)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    requeued: list[float] = field(default_factory=list)
    """Seconds from the claim of a killed relay's unpushed tasks until they were claimed again."""
    kills: dict[str, float] = field(default_factory=dict)
    lapses: int = 0
    """Attempts that never ended: the next one was started while they counted as processing."""

    def __post_init__(self) -> None:
        self.runs: dict[tuple[int, int], str] = {}
        self._taken: dict[tuple[str, int], set[int]] = defaultdict(set)
        self._key_of: dict[int, str] = {}
        self._given: dict[tuple[int, int], tuple[str, str]] = {}
        """Of attempts that the database has given: to whom, and of which queue."""
        self._started: dict[tuple[int, int], float] = {}
        self._pauses: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._changes: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._done: set[tuple[int, int]] = set()
        self._begun: set[tuple[int, int]] = set()
        self._raised: set[tuple[int, int]] = set()
        self._orders: dict[str, int] = {}
        self._acknowledged: dict[str, float] = {}
        self._batches: dict[int, Batch] = {}
        self._pushed: dict[tuple[int, str], float] = {}
        self._signs: dict[int, list[tuple[float, str]]] = defaultdict(list)
        self._scans: list[float] = []
        self._troubles: list[tuple[float, float]] = []

    def feed(self, events: Iterable[Event]) -> None:
        for event in events:
            handle = getattr(self, f"_on_{event['e']}", None)
            if handle is not None:
                handle(event)

    @property
    def committed(self) -> int:
        return sum(one.outcome == COMMITTED and one.new for one in self.wanted.values())

    @property
    def taken(self) -> int:
        """Attempts that were taken straight from the database."""
        return len(self._given)

    def _broken(self, promise: str, text: str) -> None:
        self.violations.append(Violation(promise, text))

    # -- what producers say ------------------------------------------------------------------------

    def _on_create(self, event: Event) -> None:
        self.wanted[event["k"]] = Wanted(
            event["t"], event["delay"] or 0, event["deadline"], event["max_count"],
            event["interval"], event["order"], event.get("queue", ""),
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

    def _on_acknowledged(self, event: Event) -> None:
        self._acknowledged.update(dict.fromkeys(event["entries"], event["t"]))

    def _queued(self, event: Event, task_id: int, key: str) -> Wanted | None:
        wanted = self.wanted.get(key)
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

    # -- what the database says --------------------------------------------------------------------

    def _on_row(self, event: Event) -> None:
        number, status, attempts = event["id"], event["status"], event["attempts"]
        before = self.rows.get(number)
        if event["what"] == "I" or before is None:
            self.rows[number] = Row(status, attempts)
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
        if attempts < wanted.max_count and not self._expired(wanted, at):
            self._broken("life", f"task {number} failed after {attempts} attempts, in its time")

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

    # -- the end -----------------------------------------------------------------------------------

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
        for number in self.rows.keys() - {task_id for task_id, _ in ledger.values()}:
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
