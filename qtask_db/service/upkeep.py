"""The expiry and the purge of tasks, in the time that a service has to spare."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from qtask_db import calls
from qtask_db.errors import AccessDenied, Conflict
from qtask_db.process.retrying import Duty
from qtask_db.service.session import Session

ROWS = 200
"""Of a step: a due task, or a creation, may have to wait for it."""
SHARE = 4
"""Steps follow one another for one part in so many of the time."""
INTERVAL = 2.0
"""Seconds between two looks that find little."""
EXPIRY_INTERVAL = 30.0
"""Seconds between two looks for tasks whose time is over and that nobody takes: neither a scan, as
their queue is direct, nor a worker.
"""
DENIED_INTERVAL = 60.0


class Counters(Protocol):
    """Where it is counted."""

    expired: int
    purged: int
    errors: int


class Upkeep:
    """It is never worth more than a task that is due: it fails quietly, and rests then."""

    def __init__(
        self, session: Session, counters: Counters, logger: logging.Logger, service: str
    ) -> None:
        self._session = session
        self._counters = counters
        self._logger = logger
        self._service = service
        self._duty = Duty(logger, "database, purging", first=INTERVAL, longest=DENIED_INTERVAL)
        self._denied = False
        self._at = 0.0
        self._took = 0.0
        self._expire_at = time.monotonic() + EXPIRY_INTERVAL

    @property
    def rest(self) -> float:
        """Seconds until there may be something to do."""
        return max(0.0, self._at - time.monotonic(), self._duty.rest)

    @property
    def is_overdue(self) -> bool:
        """Whether it has waited for idle time so long that a due task may wait for it."""
        return time.monotonic() > self._at + SHARE * self._took

    def some(self, limit: int) -> int:
        """Fails overdue tasks now and then, and deletes at most `limit` terminal ones: calls
        `expire_tasks` and `purge_tasks`; returns how many were deleted.
        """
        began = time.monotonic()
        connection = self._session.connection
        if began >= self._expire_at:
            expired = calls.expire(connection, limit)
            self._counters.expired += expired
            if expired < limit:
                self._expire_at = time.monotonic() + EXPIRY_INTERVAL
        count = calls.purge(connection, limit)
        self._counters.purged += count
        self._took = time.monotonic() - began
        rest = (SHARE - 1) * self._took if count == limit else INTERVAL
        self._at = time.monotonic() + rest
        return count

    def quietly(self, limit: int = ROWS) -> None:
        """The same; a failure is only told."""
        if self._duty.rest:
            return
        try:
            self.some(limit)
        except Conflict:
            self._at = time.monotonic() + INTERVAL
            return
        except AccessDenied as error:
            # Tasks are what a service is for; somebody else may be in charge of this.
            if not self._denied:
                self._logger.warning("%s does not purge: %s", self._service, error)
            self._denied = True
            self._at = time.monotonic() + DENIED_INTERVAL
            return
        except Exception as error:
            self._counters.errors += 1
            self._session.close_after(error)
            self._at = time.monotonic() + self._duty.failed_beside(error)
            return
        self._duty.works()
