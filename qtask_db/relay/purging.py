"""The deletion of terminal tasks, in the time that a relay has to spare."""

from __future__ import annotations

import time

from qtask_db import calls
from qtask_db.errors import AccessDenied, Conflict
from qtask_db.process.retrying import Duty
from qtask_db.relay.counters import RelayCounters, logger
from qtask_db.session import Session

ROWS = 1_000
BUSY_ROWS = 200
"""Rows of a purge between two batches: a due task may have to wait for it."""
INTERVAL = 2.0
DENIED_INTERVAL = 60.0


class Purging:
    """A purge is never worth more than a task that is due: it fails quietly, and rests then."""

    def __init__(self, session: Session, counters: RelayCounters, relay: str) -> None:
        self._session = session
        self._counters = counters
        self._relay = relay
        self._duty = Duty(logger, "database, purging", first=INTERVAL, longest=DENIED_INTERVAL)
        self._denied = False
        self._at = 0.0
        self._took = 0.0

    @property
    def is_due(self) -> bool:
        """Whether there may be something to purge."""
        return time.monotonic() >= self._at

    @property
    def is_overdue(self) -> bool:
        """Whether it has waited for idle time so long that a due task may wait for it."""
        return time.monotonic() > self._at + 4 * self._took

    def some(self, limit: int = ROWS) -> int:
        """Deletes at most `limit` terminal tasks: calls `purge_tasks`; returns how many."""
        began = time.monotonic()
        count = calls.purge(self._session.connection, limit)
        self._counters.purged += count
        self._took = time.monotonic() - began
        self._at = time.monotonic() + (0.0 if count == limit else INTERVAL)
        return count

    def quietly(self, limit: int) -> bool:
        """The same; returns whether there is more. A failure is only told."""
        if self._duty.rest:
            return False
        try:
            more = self.some(limit) == limit
        except Conflict:
            self._at = time.monotonic() + INTERVAL
            return False
        except AccessDenied as error:
            # Tasks are what a relay is for; somebody else may be in charge of purging.
            if not self._denied:
                logger.warning("relay %s does not purge: %s", self._relay, error)
            self._denied = True
            self._at = time.monotonic() + DENIED_INTERVAL
            return False
        except Exception as error:
            self._counters.errors += 1
            self._session.close_after(error)
            self._at = time.monotonic() + self._duty.failed_beside(error)
            return False
        self._duty.works()
        return more
