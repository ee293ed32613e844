"""Queues that cannot be used for now, while all others go on."""

from __future__ import annotations

import logging
import threading

from qtask_db.errors import QueueUnavailable
from qtask_db.process.retrying import Duty


class Aside:
    """Each is told once by its name, and looked at again after a while that grows.

    Threads may share one.
    """

    def __init__(
        self, logger: logging.Logger, *, first: float = 1.0, longest: float = 30.0
    ) -> None:
        self._logger = logger
        self._first, self._longest = first, longest
        self._duties: dict[str, Duty] = {}
        self._reasons: dict[str, str] = {}
        self._lock = threading.Lock()

    def put(self, queue: str, reason: str) -> None:
        """It is not used for a while."""
        with self._lock:
            self._reasons[queue] = reason
            duty = self._duties.get(queue)
            if duty is None:
                duty = Duty(
                    self._logger, f"queue {queue}", first=self._first, longest=self._longest
                )
                self._duties[queue] = duty
        duty.failed(QueueUnavailable(f"set aside: {reason}"))

    def back(self, queue: str) -> None:
        """It works, now or still."""
        if queue in self._reasons:
            with self._lock:
                self._reasons.pop(queue, None)
            self._duties[queue].works()

    def __contains__(self, queue: str) -> bool:
        return queue in self._reasons

    def rests(self, queue: str) -> bool:
        """Whether it is set aside, and not to be tried yet."""
        return queue in self._reasons and self._duties[queue].rest > 0

    @property
    def reasons(self) -> dict[str, str]:
        """Why, by queue."""
        with self._lock:
            return dict(self._reasons)
