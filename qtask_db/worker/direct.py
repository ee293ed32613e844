"""The database itself as a source of started tasks: those of direct queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qtask_db import calls
from qtask_db.errors import AccessDenied, InvalidPayload, NotInstalled, QueueNotDirect
from qtask_db.log import get_logger
from qtask_db.models import Message, ReceivedTask
from qtask_db.process.turns import Turns
from qtask_db.service.session import Session
from qtask_db.transport.message import BadMessage, decode_payload, encode
from qtask_db.worker.completer import Completer
from qtask_db.worker.delivery import Delivery, tell_lapses
from qtask_db.worker.job import Job
from qtask_db.worker.policy import Handler, Policy
from qtask_db.worker.pool import Room, Run

logger = get_logger("qtask_db.worker")


class Direct:
    """Takes tasks of direct queues, and tells `delivery` which ones they are."""

    asks_database = True

    def __init__(
        self,
        name: str,
        session: Session,
        policies: Mapping[str, Policy],
        delivery: Delivery,
        completer: Completer,
    ) -> None:
        self._name = name
        self._session = session
        self._policies = policies
        self._turns = Turns({queue: one.weight for queue, one in policies.items()})
        self._delivery = delivery
        self._completer = completer
        self._length = 1.0
        self._answered = self._denied = False

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
            self._length = max(length, self._length + (length - self._length) / 4)
            tell_lapses(taken)
        return [self._run(one) for one in taken]

    def passed_on(self) -> None:
        """Nothing is left to do."""

    def leave(self) -> None:
        """Nothing of this worker is left anywhere."""

    def _take(self, limit: int, wait: float) -> list[ReceivedTask]:
        queues = self._turns.order()
        try:
            taken = calls.take(self._session.connection, self._name, queues, limit, wait)
        except QueueNotDirect:
            if not (self._delivery.has_redis or self._answered):
                raise QueueNotDirect(
                    f"worker {self._name} has no Redis, and none of its queues is direct: give it "
                    "a Redis URL, or change a queue by `qtask delivery QUEUE direct`"
                ) from None
            self._delivery.none_direct()
            return []
        except (AccessDenied, NotInstalled) as error:
            # Before there were direct queues, nobody had to be granted this, and there was no such
            # procedure.
            if not self._delivery.has_redis:
                raise
            if not self._denied:
                logger.warning(
                    "worker %s takes messages alone, and no task of a direct queue: %s. `qtask "
                    "install` brings take_tasks, `qtask render --grants` its grant",
                    self._name,
                    error,
                )
            self._denied = True
            self._delivery.none_direct()
            return []
        self._answered = True
        self._delivery.found(taken.redis)
        self._turns.gave(queues, (one.queue for one in taken.started))
        return taken.started

    def _run(self, one: ReceivedTask) -> Run:
        policy, text, payload = self._policies[one.queue], "", {}
        try:
            text = encode(Message(one.task_id, one.attempt, one.queue, one.payload))
            payload = decode_payload(one.payload)
        except (BadMessage, InvalidPayload) as error:
            policy = replace(policy, handler=_refusing(error))
        return Run.of(one, payload, text, policy, self._completer.extend)


def _refusing(error: Exception) -> Handler:
    """In the place of the handler of a task that it could not read."""

    def handler(_: Job) -> None:
        raise error

    return handler
