"""The worker's main loop: takes messages, starts their tasks, hands them to the threads, drains."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

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
from qtask_db.models import Message, ReceivedTask
from qtask_db.process.retrying import Duty, Stop
from qtask_db.session import Session
from qtask_db.transport.message import BadMessage, Received, decode, encode
from qtask_db.transport.queues import Queues, QueueUnusable, Raw
from qtask_db.worker.bad import BadMessages
from qtask_db.worker.completer import Completer
from qtask_db.worker.job import Job, WorkerCounters
from qtask_db.worker.pool import Handler, Pool, Run

logger = get_logger("qtask_db.worker")

TAKE_WAIT = 1.0
"""Seconds of a blocking pop: how long `stop` may take to be noticed on an idle queue."""
ROOM_WAIT = 0.25
START_TRIES = 5
LAST_RUNS = 1.0
"""Seconds in which tasks that wait in this process may still begin after `stop`."""
LAST_WRITES = 5.0
"""Seconds for the last results to reach the database, beyond the drain timeout."""

_OF_ALL = (DatabaseUnavailable, AccessDenied, NotInstalled)
"""Errors that are not of one task."""

Announced = tuple[int, "int | None", str]
"""The task's id, its attempt and the queue of the message."""
Found = dict[Announced, tuple[Raw, Received]]


class Fetcher:
    """One run of a worker, from its start to the end of its drain; for one thread."""

    def __init__(
        self,
        name: str,
        session: Session,
        queues: Queues,
        handlers: Mapping[str, Handler],
        counters: WorkerCounters,
        pool: Pool,
        completer: Completer,
        stop: Stop,
        *,
        checked: bool,
    ) -> None:
        self._name = name
        self._session = session
        self._queues = queues
        self._handlers = handlers
        self._counters = counters
        self._pool = pool
        self._completer = completer
        self._stop = stop
        self._bad = BadMessages(queues, counters)
        self._worked = checked
        self._starting = Duty(logger, "database, starting tasks")
        self._taking = Duty(logger, "redis")
        self._removing = Duty(logger, "redis, removing what has been started")

    def run(self, drain_timeout: float) -> None:
        """Until the stop flag is set, then drains. Raises what is wrong before anything worked."""
        self._completer.start()
        self._pool.start()
        try:
            while not self._stop.is_set():
                self._turn()
        finally:
            self._drain(drain_timeout)

    def _turn(self) -> None:
        """Takes and starts what there is room for; a failure is reported once and backed off."""
        if not self._completer.alive:
            raise RuntimeError("the thread that ends tasks has died")
        self._pool.tell_where_they_hang()
        try:
            self._bad.set_aside()
            if taken := self._take():
                self._counters.taken += len(taken)
                self._start(taken)
                self._worked = True
                self._starting.works()
        except QueueUnusable as error:  # each of them has been told by its name
            self._stop.wait(self._taking.failed_quietly())
            logger.debug("%s", error)
        except QueueUnavailable as error:
            self._stop.wait(self._taking.failed(error))
        except Exception as error:
            if not (self._worked or isinstance(error, DatabaseUnavailable | Conflict)):
                raise
            self._session.close()
            self._stop.wait(self._starting.failed(error))

    def _take(self) -> list[Raw]:
        """The messages that are there, if there is room; else waits for what can run at once.

        Waiting for more would be wrong by the time it comes: a handler may have turned out slow.
        """
        room, idle, size = self._pool.room(ROOM_WAIT)
        if room == 0:
            return []
        if (room := min(room, self._bad.room)) <= 0:
            self._stop.wait(min(self._bad.rest, TAKE_WAIT))
            return []
        queues = list(self._handlers)
        taken = self._queues.take(queues, room, 0, size) or self._queues.take(
            queues, max(1, idle), TAKE_WAIT, size
        )
        self._taking.works()
        return taken

    def _start(self, taken: list[Raw]) -> None:
        """From message to running handler. A message that cannot be started now is put back."""
        good, found = self._read(taken)
        if self._stop.is_set():
            self._put_back(good)
            return
        bad = self._counters.bad
        try:
            started = self._start_tasks(found)
        except Exception:
            self._put_back(good)
            raise
        runs = self._runs(started, found)
        dropped = len(good) - len(runs) - (self._counters.bad - bad)
        self._counters.started += len(runs)
        self._counters.refused += dropped
        if dropped:
            refused = {task_id for task_id, *_ in found} - {one.task_id for one in started}
            logger.debug(
                "dropped %d messages whose attempts cannot start; tasks %s",
                dropped,
                sorted(refused),
            )
        self._completer.watch(runs)
        self._pool.submit(runs)
        self._remove(good)

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
            interval = one.interval or 0
            job = Job(
                one.task_id, one.attempt, one.queue, payload, text, interval,
                _extend=self._completer.extend,
            )  # fmt: skip
            runs.append(Run(job, self._handlers[one.queue], time.monotonic() + interval / 3))
            if received.payload and received.payload != payload:
                differing.append(job)
        if lapsed := [one for one in started if one.lapses]:
            most = max(lapsed, key=lambda one: one.lapses)
            logger.warning(
                "%d tasks whose last attempt never ended, task %d of %s %d times in a row: it may "
                "kill its worker",
                len(lapsed), most.task_id, most.queue, most.lapses,
            )  # fmt: skip
        if differing:
            self._counters.differing += len(differing)
            logger.warning(
                "%d messages, first that of task %d on %s, are not what their tasks say; these run "
                "with their own payloads",
                len(differing), differing[0].task_id, differing[0].queue,
            )  # fmt: skip
        return runs

    def _remove(self, raws: list[Raw]) -> None:
        """From a stream; a message that stays in it comes again, and is dropped as a copy."""
        try:
            self._queues.done(raws)
        except QueueUnavailable as error:
            self._removing.failed(error)
        else:
            self._removing.works()

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
                return reception.started
        raise conflict

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

    def _drain(self, timeout: float) -> None:
        """Lets what is short come to its end, gives back the rest, writes the results."""
        logger.info("worker %s drains: %d handlers run", self._name, len(self._pool.running()))
        began = time.monotonic()
        _until(lambda: not self._pool.waiting(), min(LAST_RUNS, timeout))
        for run in self._pool.take_back():
            self._completer.done(run)
        _until(self._pool.idle, timeout - (time.monotonic() - began))
        unwritten = self._completer.close(LAST_WRITES)
        for job in self._pool.running():
            logger.warning("task %d still runs and comes again after its interval", job.task_id)
        if unwritten:
            logger.error("%d results did not reach the database; the tasks come again", unwritten)
        try:
            self._bad.flush()
            self._queues.leave(self._handlers)
        except QueueUnavailable as error:
            logger.warning("worker %s: %s", self._name, error)
        logger.info("worker %s stopped: %s", self._name, self._counters)


def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Waits for the condition, looking often: a drain is rare and short."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
