"""Bad messages, on their way to the list in which people find them."""

from __future__ import annotations

from qtask_db.errors import QueueUnavailable
from qtask_db.log import get_logger
from qtask_db.process.retrying import Duty
from qtask_db.transport.bad import cut
from qtask_db.transport.queues import Queues, Raw
from qtask_db.worker.job import WorkerCounters

logger = get_logger("qtask_db.worker")

WAIT = 5.0
"""Seconds until Redis is asked once more to keep a bad message."""
MOST = 1_000
"""From so many of them on nothing is taken until it does."""


class BadMessages:
    """Each is set aside before the next take, again and again until Redis has it."""

    def __init__(self, queues: Queues, counters: WorkerCounters) -> None:
        self._queues = queues
        self._counters = counters
        self._left: list[tuple[Raw, str]] = []
        self._duty = Duty(logger, "redis, setting bad messages aside", first=WAIT, longest=60.0)

    @property
    def room(self) -> int:
        """How many more may be kept in this process."""
        return MOST - len(self._left)

    @property
    def rest(self) -> float:
        """Seconds until Redis is asked again."""
        return self._duty.rest

    def note(self, raw: Raw, error: Exception) -> None:
        """The message is one of them."""
        logger.warning("a message of %s is set aside: %s", raw.queue, error)
        self._counters.bad += 1
        self._left.append((cut(raw), str(error)))

    def set_aside(self) -> None:
        """A Redis that is full refuses this and still gives messages, which makes room."""
        if self._left and not self._duty.rest:
            try:
                for bad in list(self._left):
                    self._queues.set_aside(*bad)
                    self._left.remove(bad)
            except QueueUnavailable as error:
                # The next one may belong to another queue.
                self._left.append(self._left.pop(0))
                self._duty.failed(error)
            else:
                self._duty.works()

    def flush(self) -> None:
        """All at once, at the end. Raises QueueUnavailable."""
        while self._left:
            self._queues.set_aside(*self._left.pop())
