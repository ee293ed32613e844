"""The messages of Redis as a source of started tasks."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from qtask_db import calls
from qtask_db.errors import (
    AccessDenied,
    BadInput,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    InvalidPayload,
    NotInstalled,
    QueueUnavailable,
)
from qtask_db.log import get_logger
from qtask_db.models import Message, ReceivedTask, Reception
from qtask_db.process.retrying import Duty, Stop
from qtask_db.process.turns import Turns
from qtask_db.service.session import Session
from qtask_db.transport.message import BadMessage, Received, decode, encode
from qtask_db.transport.queues import Queues, Raw
from qtask_db.worker.bad import BadMessages
from qtask_db.worker.completer import Completer
from qtask_db.worker.delivery import Delivery, tell_lapses
from qtask_db.worker.job import Job, WorkerCounters
from qtask_db.worker.policy import Policy
from qtask_db.worker.pool import Room, Run

logger = get_logger("qtask_db.worker")

START_TRIES = 5
EARLY_KEPT = 30.0
"""Seconds for which a message without an attempt is kept whose task does not start."""
EARLY_PAUSE = 1.0
"""Seconds between two tries to start it."""
EARLY_MOST, EARLY_SIZE = 1_000, 4_096
"""So many of them are kept, and of so many bytes; others wait until the interval has passed."""

_OF_ALL = (DatabaseUnavailable, AccessDenied, NotInstalled)
"""Errors that are not of one task."""

Announced = tuple[int, "int | None", str]
"""The task's id, its attempt and the queue of the message."""
Found = dict[Announced, tuple[Raw, Received]]


class Early:
    """Messages that came before their tasks: a program of the Go library pushes its message at
    once, and `qtask import-original --follow` brings the task some seconds later.
    """

    def __init__(self) -> None:
        self._until: dict[Raw, float] = {}
        self._tried: dict[Raw, float] = {}
        self._next = 0.0

    def __len__(self) -> int:
        return len(self._until)

    def again(self, most: int) -> list[Raw]:
        """Those that are to be tried once more now."""
        now = time.monotonic()
        if now < self._next:
            return []
        self._next = now + EARLY_PAUSE
        self._tried = {raw: self._until.pop(raw) for raw in list(self._until)[:most]}
        return list(self._tried)

    def keep(self, raw: Raw) -> None:
        """Unless it has been tried for long."""
        now = time.monotonic()
        until = self._tried.pop(raw, now + EARLY_KEPT)
        if now < until and len(self._until) < EARLY_MOST and len(raw.body) <= EARLY_SIZE:
            self._until[raw] = until

    def give_up(self) -> list[Raw]:
        """All of them, which somebody else may try."""
        kept = list(self._until)
        self._until.clear()
        return kept


class Messages:
    """Takes messages and starts their tasks."""

    asks_database = False

    def __init__(
        self,
        session: Session,
        queues: Queues,
        policies: Mapping[str, Policy],
        delivery: Delivery,
        counters: WorkerCounters,
        completer: Completer,
        stop: Stop,
    ) -> None:
        self._session = session
        self._queues = queues
        self._policies = policies
        self._turns = Turns({queue: one.weight for queue, one in policies.items()})
        self._delivery = delivery
        self._counters = counters
        self._completer = completer
        self._stop = stop
        self._bad = BadMessages(queues, counters)
        self._early = Early()
        self._passed_on: list[Raw] = []
        self._removing = Duty(logger, "redis, removing what has been started")

    @property
    def live(self) -> bool:
        """Whether messages are to be expected."""
        return self._delivery.any_messages

    def next(self, room: Room, wait: float) -> list[Run]:
        """From message to started task. A message that cannot be started now is put back."""
        self._bad.set_aside()
        early = self._early.again(room.most)
        taken = early or self._take(room, wait)
        if not taken:
            return []
        self._counters.taken += len(taken) - len(early)
        good, found = self._read(taken)
        if self._stop.is_set():
            self._put_back(good)
            return []
        bad, kept = self._counters.bad, len(self._early)
        try:
            started = self._start_tasks(found)
        except Exception:
            self._put_back(good)
            raise
        runs = self._runs(started, found)
        left = self._counters.bad - bad + len(self._early) - kept
        if dropped := len(good) - len(runs) - left:
            self._counters.refused += dropped
            refused = {task_id for task_id, *_ in found} - {one.task_id for one in started}
            logger.debug(
                "dropped %d messages whose attempts cannot start; tasks %s",
                dropped,
                sorted(refused),
            )
        self._passed_on = good
        if not runs:
            self.passed_on()
        return runs

    def passed_on(self) -> None:
        """Removes them from a stream; a message that stays in it comes again, and is dropped as a
        copy.
        """
        try:
            self._queues.done(self._passed_on)
        except QueueUnavailable as error:
            self._removing.failed(error)
        else:
            self._removing.works()

    def leave(self) -> None:
        """Sets bad messages aside, gives back what was taken. Raises QueueUnavailable."""
        self._put_back(self._early.give_up())
        self._bad.flush()
        self._queues.leave(self._policies)

    def _take(self, room: Room, wait: float) -> list[Raw]:
        """The messages that are there, if there is room; else waits for what can run at once.

        Waiting for more would be wrong by the time it comes: a handler may have turned out slow.
        """
        most = min(room.most, self._bad.room)
        if most <= 0:
            self._stop.wait(min(self._bad.rest, wait))
            return []
        queues = self._turns.order()
        taken = self._queues.take(queues, most, 0, room.size)
        if not taken and wait:
            taken = self._queues.take(queues, max(1, room.idle), wait, room.size)
        self._turns.gave(queues, (raw.queue for raw in taken))
        return taken

    def _runs(self, started: list[ReceivedTask], found: Found) -> list[Run]:
        """With the payloads of the tasks: who may push to a queue may write what he likes."""
        runs: list[Run] = []
        differing: list[Job] = []
        some = {(task_id, queue): message for (task_id, _, queue), message in found.items()}
        for one in started:
            exact = found.get((one.task_id, one.attempt, one.queue))
            raw, received = exact or some[one.task_id, one.queue]
            try:
                text = encode(Message(one.task_id, one.attempt, one.queue, one.payload))
                payload = received.payload if received.text == text else decode(text).payload
            except (BadMessage, InvalidPayload) as error:
                self._bad.note(raw, error)
                continue
            policy = self._policies[one.queue]
            runs.append(Run.of(one, payload, text, policy, self._completer.extend))
            if received.payload and received.payload != payload:
                differing.append(runs[-1].job)
        tell_lapses(started)
        if differing:
            self._counters.differing += len(differing)
            logger.warning(
                "%d messages, first that of task %d on %s, are not what their tasks say; these run "
                "with their own payloads",
                len(differing), differing[0].task_id, differing[0].queue,
            )  # fmt: skip
        return runs

    def _read(self, taken: list[Raw]) -> tuple[list[Raw], Found]:
        """The readable messages, and one of them for each attempt that a queue announces."""
        good: list[Raw] = []
        found: Found = {}
        for raw in taken:
            try:
                received = decode(raw.body)
            except BadMessage as error:
                self._bad.note(raw, error)
                continue
            good.append(raw)
            found[received.task_id, received.attempt, raw.queue] = raw, received
        return good, found

    def _start_tasks(self, found: Found) -> list[ReceivedTask]:
        """Starts them in one call; one that the procedure cannot read must not stop the others."""
        if not found:
            return []
        for _ in range(START_TRIES):
            try:
                reception = calls.receive_many(self._session.connection, found)
            except Conflict as error:
                conflict = error
                self._stop.wait(random.uniform(0.005, 0.05))  # noqa: S311 - spreads load
            except _OF_ALL:
                raise
            except (BadInput, DatabaseError) as error:
                if len(found) > 1:
                    return self._start_each(found)
                if not isinstance(error, BadInput):
                    raise
                ((raw, _),) = found.values()
                self._bad.note(raw, error)
                return []
            else:
                for one in reception.wrong:
                    self._bad.note(found[one][0], BadMessage(f"task {one[0]} is of another queue"))
                self._keep_early(found, reception)
                return reception.started
        raise conflict

    def _keep_early(self, found: Found, reception: Reception) -> None:
        """Those that tell no attempt, and whose tasks have not started."""
        known = {(one.task_id, one.queue) for one in reception.started}
        known |= {(task_id, queue) for task_id, _, queue in reception.wrong}
        for (task_id, attempt, queue), (raw, _) in found.items():
            if attempt is None and (task_id, queue) not in known:
                self._early.keep(raw)

    def _start_each(self, found: Found) -> list[ReceivedTask]:
        """A task that is refused while others are started is dropped until its interval has passed,
        or it would stand before the others again and again.
        """
        started: list[ReceivedTask] = []
        refused: dict[Announced, DatabaseError] = {}
        for announced, one in found.items():
            try:
                started += self._start_tasks({announced: one})
            except DatabaseError as error:
                if isinstance(error, _OF_ALL) and not started:
                    raise
                refused[announced] = error
        for (task_id, *_), refusal in refused.items():
            if not started:
                raise refusal
            logger.warning("task %d comes again after its interval: %s", task_id, refusal)
        return started

    def _put_back(self, raws: list[Raw]) -> None:
        if not raws:
            return
        try:
            self._queues.put_back(raws)
        except QueueUnavailable as error:
            logger.warning(
                "%d messages could not be put back; their tasks come after their interval: %s",
                len(raws),
                error,
            )
