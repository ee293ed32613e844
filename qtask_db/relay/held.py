"""The queues that a relay holds back: they are full or unusable."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping

from qtask_db.constants import LIMIT
from qtask_db.errors import QueueUnavailable
from qtask_db.relay.counters import logger
from qtask_db.transport.aside import Aside
from qtask_db.transport.queues import Queues

UNUSABLE_HOLD = 30.0
"""Seconds, at most, for which an unusable queue is held back; the first time and each time after
that, since a batch is claimed in vain to find out.
"""
ROOM_INTERVAL = 1.0
"""Seconds between two looks for acknowledged messages that may go."""


class Held:
    """Shared by all scanners of a relay, so that each queue is told of once."""

    def __init__(self, queues: Queues, limit: int) -> None:
        self._queues = queues
        self._limit = limit
        self._full: dict[str, int] = {}
        self._unusable = Aside(logger, first=UNUSABLE_HOLD, longest=UNUSABLE_HOLD)
        self._lock = threading.Lock()
        self._room_at = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The queues that a scan leaves out, as many as it takes: of more, some are tried again."""
        unusable = [queue for queue in self._unusable.reasons if self._unusable.rests(queue)]
        held = (*self._full, *(queue for queue in unusable if queue not in self._full))
        return held[: LIMIT["rows"]]

    @property
    def any_full(self) -> bool:
        """Whether there is something to look at."""
        return bool(self._full)

    def unusable(self, queue: str, reason: str) -> None:
        """Redis did not take its messages."""
        self._unusable.put(queue, reason)

    def took(self, lengths: Mapping[str, int]) -> None:
        """These queues took their messages, and hold so many now."""
        for queue, length in lengths.items():
            self._unusable.back(queue)
            if length >= self._limit and queue not in self._full:
                self._note_full(queue, length)

    def look(self) -> bool:
        """Whether a full queue has room again. Raises QueueUnavailable."""
        with self._lock:
            if not self._full:
                return False
            if time.monotonic() >= self._room_at:
                self._queues.make_room(self._full)
                self._room_at = time.monotonic() + ROOM_INTERVAL
            lengths = self._queues.lengths(self._full)
            room = [queue for queue in self._full if lengths.get(queue, 0) < self._limit]
            for queue in room:
                del self._full[queue]
                logger.info("queue %s has room again", queue)
            return bool(room)

    def _note_full(self, queue: str, length: int) -> None:
        with self._lock:
            # The messages are there: that Redis fails just now must not look as if they were not.
            with contextlib.suppress(QueueUnavailable):
                self._queues.make_room([queue])
                length = self._queues.lengths([queue]).get(queue, 0)
            if length >= self._limit and queue not in self._full:
                self._full[queue] = length
                logger.warning("queue %s is held back: it holds %d messages", queue, length)
