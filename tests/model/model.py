"""The life of tasks in plain Python: what the procedures must do, without a database.

Time is a number of seconds that only `age` moves. If the procedures may choose (which queue comes
first when there are more tasks than a scan may take), the model is told what they chose, and checks
that they were free to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import (
    AlreadyFinished,
    AttemptsExhausted,
    BatchNotFound,
    DeadlinePassed,
    DuplicateOrder,
    InvalidArgument,
    QtaskError,
    QueueInUse,
    QueueNotDirect,
    QueueNotFound,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
    TaskNotProcessing,
    TaskNotRetryable,
    WrongQueue,
)

WAITING, PROCESSING = Status.WAITING, Status.PROCESSING
FINISHED, CANCELLED, FAILED = Status.FINISHED, Status.CANCELLED, Status.FAILED
ACTIVE, PARKED, ENDED = "active", "parked", "ended"

Queue = tuple[str, str]
"""Namespace and name."""


@dataclass
class Task:
    queue: Queue
    name: str
    payload: str
    interval: int
    order_no: str | None
    delete_deadline: int
    max_count: int
    created: float
    deadline: float
    due: float
    lane: str = ACTIVE
    status: Status = WAITING
    attempts: int = 0
    before: int = 0
    batch: int | None = None
    error: str | None = None
    lapses: int = 0
    started: float = 0

    @property
    def exhausted(self) -> bool:
        lapsed = self.status is PROCESSING and self.lapses >= DEFAULT["max_lapses"] - 1
        return self.attempts - self.before >= self.max_count or lapsed

    def end(self, status: Status, now: float) -> None:
        keep = self.delete_deadline
        if status is not FINISHED and keep == 0:
            keep = DEFAULT["keep_unfinished"]
        self.lane, self.status, self.due = ENDED, status, now + keep

    def in_at_most(self, seconds: float, now: float) -> None:
        self.due = min(now + seconds, self.deadline)


@dataclass
class Batch:
    relay: str
    claimed: float
    lapses: float
    ids: list[int]


@dataclass
class Model:
    """Every verb of the contract, with the same errors as the procedures."""

    grace: int
    now: float = 0.0
    tasks: dict[int, Task] = field(default_factory=dict)
    queues: dict[Queue, bool] = field(default_factory=dict)
    """Whether it is paused."""
    removed: dict[Queue, float] = field(default_factory=dict)
    """When it was removed; such a one is in `queues`, too."""
    direct: set[Queue] = field(default_factory=set)
    """Those that are not delivered through Redis."""
    batches: dict[int, Batch] = field(default_factory=dict)

    def age(self, seconds: float) -> None:
        self.now += seconds

    # -- applications ------------------------------------------------------------------------------

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
    ) -> tuple[int, bool, bool]:
        """The task's id, whether it is new, whether its creator should push it. A new one gets
        `new_id`.
        """
        where = (namespace or DEFAULT["namespace"], queue)
        paused, direct = self.queues.setdefault(where, False), where in self.direct
        self.removed.pop(where, None)
        other = self._active(where, name, order_no)
        if other is not None:
            return other, False, False
        if deadline is None:
            deadline = DEFAULT["deadline"]
        self.tasks[new_id] = Task(
            where,
            name,
            payload,
            interval,
            order_no,
            DEFAULT["delete_deadline"] if delete_deadline is None else delete_deadline,
            DEFAULT["max_count"] if max_count is None else max_count,
            self.now,
            self.now + deadline,
            self.now + min(delay if delay is not None else 0 if direct else self.grace, deadline),
        )
        return new_id, True, delay is None and not paused and not direct

    def _active(self, queue: Queue, name: str, order_no: str | None) -> int | None:
        if order_no is not None:
            for task_id, task in self.tasks.items():
                if task.lane != ENDED and (task.queue, task.name, task.order_no) == (
                    queue, name, order_no
                ):  # fmt: skip
                    return task_id
        return None

    # -- consumers ---------------------------------------------------------------------------------

    def start(self, task_id: int, attempt: int | None) -> int:
        task = self._task(task_id)
        if task.lane == ENDED:
            raise TaskNotActive
        if attempt is not None and attempt != task.attempts + 1:
            raise StaleAttempt
        if task.deadline <= self.now:
            raise DeadlinePassed
        if task.exhausted:
            raise AttemptsExhausted
        wait: float = task.interval
        if task.status is PROCESSING:
            wait = 2 * max(wait, min(wait * 2**task.lapses, 1800))  # or down to half of it
        task.lapses = task.lapses + 1 if task.status is PROCESSING else 0
        task.lane, task.status, task.batch = ACTIVE, PROCESSING, None
        task.attempts += 1
        task.started = self.now
        task.in_at_most(wait, self.now)
        return task.attempts

    def receive(self, task_id: int, attempt: int | None, queue: str) -> tuple[int, str]:
        task = self._task(task_id)
        if task.queue[1] != queue:
            raise WrongQueue
        return self.start(task_id, attempt), task.payload

    def take(
        self, names: Sequence[str], limit: int, namespace: str | None, touched: set[int]
    ) -> tuple[list[tuple[int, int, str]], set[str]]:
        """Given the tasks that the procedure has started or failed: task, attempt and payload of
        each that is started, and the names of queues that are not direct.
        """
        found = [q for q in self.queues if q[1] in names and namespace in (None, q[0])]
        if not self.direct.intersection(found):
            raise QueueNotDirect
        taken: list[int] = []
        missed = False
        for name in dict.fromkeys(names):
            before = missed
            for where in found:
                if where[1] == name and where in self.direct and not self.queues[where]:
                    chosen, left = self._taken(where, touched)
                    assert not (before and chosen), "the order of the queues"
                    taken += chosen
                    missed = missed or left
        # What the procedure locks at one time holds a task that it can start, or it goes on.
        started: list[int] = []
        some: list[int] = []
        while taken and not started:
            some, taken = taken[:limit], taken[limit:]
            started = [task_id for task_id in some if not self._expire(self.tasks[task_id])]
        assert not taken, "more than the limit"
        assert not missed or (started and len(some) == limit), "fewer than the limit"
        given = [(i, self.start(i, None), self.tasks[i].payload) for i in started]
        return given, {where[1] for where in found if where not in self.direct}

    def _taken(self, queue: Queue, touched: set[int]) -> tuple[list[int], bool]:
        """Those of an open queue that were touched, as the procedure may have come to them, and
        whether others were left.
        """
        parked, active = self._due(queue, ()) or ([], [])
        order: list[int] = []
        for ids in (parked, active):
            chosen = self._chosen(ids, touched, len(ids))
            assert not chosen or len(order) in (0, len(parked)), "parked ones come first"
            order += sorted(
                chosen, key=lambda i: (self.tasks[i].due, not self._expired(self.tasks[i]))
            )
        return order, len(order) < len(parked) + len(active)

    def finish(self, task_id: int, attempt: int | None) -> None:
        task = self._task(task_id)
        again = task.status is FINISHED and attempt in (None, task.attempts)
        if not again:
            self._running(task_id, attempt).end(FINISHED, self.now)

    def finish_once(self, task_id: int, attempt: int | None) -> None:
        if attempt is None:
            raise InvalidArgument
        task = self._task(task_id)
        if task.status is FINISHED and attempt == task.attempts:
            raise AlreadyFinished
        self._running(task_id, attempt).end(FINISHED, self.now)

    def fail(
        self, task_id: int, attempt: int | None, error: str | None, delay: int | None
    ) -> Status:
        task = self._running(task_id, attempt)
        if error is not None:
            task.error = error[: LIMIT["error"]]
        task.lapses = 0
        if task.exhausted:
            task.end(FAILED, self.now)
        else:
            task.lane, task.status = ACTIVE, WAITING
            task.in_at_most(task.interval if delay is None else delay, self.now)
        return task.status

    def give_back(self, task_id: int, attempt: int | None) -> None:
        task = self._running(task_id, attempt)
        task.lane, task.status = ACTIVE, WAITING
        task.before += 1
        task.lapses = 0
        task.in_at_most(0, self.now)

    def extend(self, task_id: int, attempt: int | None, seconds: int | None) -> None:
        task = self._running(task_id, attempt)
        task.lane = ACTIVE
        if self.now - task.started >= DEFAULT["alive_after"]:
            task.lapses = 0
        task.in_at_most(task.interval if seconds is None else seconds, self.now)

    def each(
        self, verb: Callable[[int, int | None], Any], pairs: Iterable[tuple[int, int | None]]
    ) -> dict[int, Any]:
        """Does the same to each task, as a bulk verb does; errors stand in for results."""
        results: dict[int, Any] = {}
        for task_id, attempt in pairs:
            try:
                results[task_id] = verb(task_id, attempt)
            except QtaskError as error:
                results[task_id] = type(error)
        return results

    def _task(self, task_id: int) -> Task:
        if task_id not in self.tasks:
            raise TaskNotFound
        return self.tasks[task_id]

    def _running(self, task_id: int, attempt: int | None) -> Task:
        task = self._task(task_id)
        if task.lane == ENDED:
            raise TaskNotActive
        if attempt is not None and attempt != task.attempts:
            raise StaleAttempt
        if task.status is not PROCESSING:
            raise TaskNotProcessing
        return task

    # -- operators ---------------------------------------------------------------------------------

    def cancel(self, task_id: int) -> None:
        task = self._task(task_id)
        if task.lane == ENDED:
            raise TaskNotActive
        task.end(CANCELLED, self.now)

    def retry(self, task_id: int, deadline: int | None) -> None:
        task = self._task(task_id)
        if task.status not in (CANCELLED, FAILED):
            raise TaskNotRetryable
        if self._active(task.queue, task.name, task.order_no) is not None:
            raise DuplicateOrder
        task.lane, task.status, task.before, task.batch = ACTIVE, WAITING, task.attempts, None
        task.due, task.lapses = self.now, 0
        task.deadline = self.now + (DEFAULT["deadline"] if deadline is None else deadline)

    def pause(self, queue: str, namespace: str | None, paused: bool) -> None:
        where = (namespace or DEFAULT["namespace"], queue)
        self.queues[where] = paused
        self.removed.pop(where, None)

    def deliver(self, queue: str, namespace: str | None, *, direct: bool) -> None:
        where = (namespace or DEFAULT["namespace"], queue)
        self.queues.setdefault(where, False)
        self.removed.pop(where, None)
        (self.direct.add if direct else self.direct.discard)(where)

    def remove(self, queue: str, namespace: str | None) -> bool:
        where = (namespace or DEFAULT["namespace"], queue)
        if where not in self.queues:
            raise QueueNotFound
        if self._used(where, ended=False):
            raise QueueInUse
        if self._deletable(where, DEFAULT["queue_rest"]):
            self._forget(where)
            return True
        self.removed.setdefault(where, self.now)
        self.queues[where] = False
        return False

    def remove_idle(self, idle: int) -> tuple[int, int]:
        self._keep_used()
        gone = [where for where in self.removed if self._deletable(where, idle)]
        for where in gone:
            self._forget(where)
        unused = [
            where
            for where, paused in self.queues.items()
            if not paused and where not in self.removed and not self._used(where, ended=False)
        ]
        self.removed |= dict.fromkeys(unused, self.now)
        return len(unused), len(gone)

    def _forget(self, queue: Queue) -> None:
        del self.queues[queue], self.removed[queue]
        self.direct.discard(queue)

    def _used(self, queue: Queue, *, ended: bool) -> bool:
        return any(t.queue == queue and (ended or t.lane != ENDED) for t in self.tasks.values())

    def _deletable(self, queue: Queue, idle: int) -> bool:
        since = self.now - self.removed.get(queue, self.now)
        return since >= idle and not self._used(queue, ended=True)

    def _keep_used(self) -> None:
        for where in [q for q in self.removed if self._used(q, ended=False)]:
            del self.removed[where]

    # -- relays ------------------------------------------------------------------------------------

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
        queues = [q for q in mine if namespace in (None, q[0]) and self._due(q, held)]
        share = max(1, limit // len(queues)) if queues else 0
        scarce = share * len(queues) > limit  # then some queues must wait for another scan
        claimed: list[int] = []
        full = False
        for queue in queues:
            parked, active = self._due(queue, held)
            if self._closed(queue, held):
                chosen = self._chosen(parked, touched, share) + self._chosen(active, touched, share)
                most = min(share, len(parked)) + min(share, len(active))
                assert len(chosen) == most or (scarce and len(chosen) < most)
                full = full or len(chosen) < most
                self._park(chosen)
                continue
            first = self._chosen(parked, touched, share)
            chosen = first + self._chosen(active, touched, share - len(first))
            most = min(share, len(parked) + len(active))
            assert len(chosen) == most or (scarce and len(chosen) < most)
            full = full or len(chosen) >= share or len(chosen) < most
            claimed += chosen
        assert len(claimed) <= limit
        handed = self._claim(claimed, batch_id)
        assert batch_id is not None or not handed
        if batch_id is not None:
            self.batches[batch_id] = Batch(relay, self.now, self.now + lease, claimed)
        attempts = {task_id: self.tasks[task_id].attempts + 1 for task_id in handed}
        return attempts, 0.0 if full else self.next_due(namespace, held, after=self.now)

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

    def _expire(self, task: Task) -> bool:
        if self._expired(task):
            self._fail(task)
            return True
        return False

    def _expired(self, task: Task) -> bool:
        return task.deadline <= self.now or task.exhausted

    def _closed(self, queue: Queue, held: Sequence[str]) -> bool:
        return self.queues[queue] or queue[1] in held

    def _due(self, queue: Queue, held: Sequence[str]) -> tuple[list[int], list[int]] | None:
        """The parked and the active tasks that a scan looks at, each in due order."""
        limits = {ACTIVE: self.now, PARKED: self.now if self._closed(queue, held) else float("inf")}
        found: dict[str, list[int]] = {ACTIVE: [], PARKED: []}
        for task_id, task in self.tasks.items():
            if task.queue == queue and task.lane != ENDED and task.due <= limits[task.lane]:
                found[task.lane].append(task_id)
        for ids in found.values():
            ids.sort(key=lambda i: self.tasks[i].due)
        return (found[PARKED], found[ACTIVE]) if found[PARKED] or found[ACTIVE] else None

    def _chosen(self, ids: list[int], touched: set[int], most: int) -> list[int]:
        """Those that were touched: the first ones in due order, at most so many."""
        chosen = [i for i in ids if i in touched]
        assert len(chosen) <= max(0, most)
        left = [self.tasks[i].due for i in ids if i not in touched]
        assert all(self.tasks[i].due <= min(left, default=float("inf")) for i in chosen), (
            "due order"
        )
        return chosen

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

    # -- maintenance -------------------------------------------------------------------------------

    def purge(self, limit: int, gone: set[int]) -> int:
        ripe = [i for i, task in self.tasks.items() if task.lane == ENDED and task.due <= self.now]
        ripe.sort(key=lambda i: self.tasks[i].due)
        chosen = self._chosen(ripe, gone, limit)
        assert gone == set(chosen)
        assert len(chosen) == min(limit, len(ripe))
        for task_id in chosen:
            del self.tasks[task_id]
        if len(chosen) < limit:
            self._keep_used()
        return len(chosen)

    def expire(self, limit: int, failed: set[int]) -> int:
        over = {
            i
            for i, task in self.tasks.items()
            if task.lane != ENDED and task.due <= self.now and self._expired(task)
        }
        assert failed <= over
        assert len(failed) == min(limit, len(over))
        for task_id in failed:
            self._fail(self.tasks[task_id])
        return len(failed)

    def _fail(self, task: Task) -> None:
        if task.status is PROCESSING:
            if task.exhausted and (task.lapses > 0 or task.error is None):
                many = f"attempts in a row that never ended: {task.lapses + 1}"
                task.error = f"{many} (the task may kill its worker)"
            task.lapses += 1
        task.end(FAILED, self.now)
