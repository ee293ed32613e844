"""The database itself as a source of started tasks: those of direct queues."""

from __future__ import annotations

import time
from collections.abc import Mapping

from qtask_db import calls
from qtask_db.errors import AccessDenied, InvalidPayload, QueueNotDirect
from qtask_db.log import get_logger
from qtask_db.models import Message, ReceivedTask
from qtask_db.session import Session
from qtask_db.transport.message import BadMessage, decode, encode
from qtask_db.worker.completer import Completer
from qtask_db.worker.delivery import Delivery, tell_lapses
from qtask_db.worker.job import Job
from qtask_db.worker.pool import Handler, Room, Run

logger = get_logger("qtask_db.worker")


class Direct:
    """Takes tasks of direct queues, and tells `delivery` which ones they are."""

    asks_database = True

    def __init__(
        self,
        name: str,
        session: Session,
        handlers: Mapping[str, Handler],
        delivery: Delivery,
        completer: Completer,
    ) -> None:
        self._name = name
        self._session = session
        self._handlers = handlers
        self._delivery = delivery
        self._completer = completer
        self._length = 1.0
        self._denied = False

    @property
    def live(self) -> bool:
        """Whether one of the queues is direct."""
        return self._delivery.any_direct

    def next(self, room: Room, wait: float) -> list[Run]:
        """Tasks that are started in the same call in which they are found."""
        most = max(1, min(room.most, int(room.size / self._length)))
        taken = self._take(most, 0.0)
        if not taken and wait and self.live:
            taken = self._take(max(1, min(most, room.idle)), wait)
        if taken:
            length = sum(len(one.payload) for one in taken) / len(taken)
            self._length += (length - self._length) / 4
            tell_lapses(taken)
        return [self._run(one) for one in taken]

    def passed_on(self) -> None:
        """Nothing is left to do."""

    def leave(self) -> None:
        """Nothing of this worker is left anywhere."""

    def _take(self, limit: int, wait: float) -> list[ReceivedTask]:
        try:
            taken = calls.take(
                self._session.connection, self._name, list(self._handlers), limit, wait
            )
        except QueueNotDirect:
            self._delivery.found(self._handlers)
            if not self._delivery.has_redis:
                raise
            return []
        except AccessDenied as error:
            # Before there were direct queues, nobody had to be granted this.
            if not self._delivery.has_redis:
                raise
            if not self._denied:
                logger.warning("worker %s takes messages alone: %s", self._name, error)
            self._denied = True
            self._delivery.found(self._handlers)
            return []
        self._delivery.found(taken.redis)
        return taken.started

    def _run(self, one: ReceivedTask) -> Run:
        interval = one.interval or 0
        handler, text, payload = self._handlers[one.queue], "", {}
        try:
            text = encode(Message(one.task_id, one.attempt, one.queue, one.payload))
            payload = decode(text).payload
        except (BadMessage, InvalidPayload) as error:
            handler = _refusing(error)
        job = Job(
            one.task_id, one.attempt, one.queue, payload, text, interval,
            _extend=self._completer.extend,
        )  # fmt: skip
        return Run(job, handler, time.monotonic() + interval / 3)


def _refusing(error: Exception) -> Handler:
    """In the place of the handler of a task that it could not read."""

    def handler(_: Job) -> None:
        raise error

    return handler
