"""Runs the schedules that are due: any number of relays and workers may, no tick comes twice."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from qtask_db import calls
from qtask_db.database import Connection
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    Conflict,
    InvalidArgument,
    NotInstalled,
    ProcedureError,
)
from qtask_db.process.retrying import Duty, Trouble
from qtask_db.scheduling import PlannedTicks, ScheduleAdvance, ScheduleRun, ticks
from qtask_db.service.session import Session

ROWS = 100
"""Schedules of a step: a due task may have to wait for it."""
LOOK = 1.0
"""Seconds between two looks, should a schedule be set meanwhile: a tick comes after a second or
later.
"""
BUSY = 0.05
"""Seconds until the next look if others are at work on what is due."""
UNABLE_INTERVAL = 60.0
"""Seconds until the next look if this service cannot run schedules at all."""


class Counters(Protocol):
    """Where it is counted."""

    scheduled: int
    errors: int


class Ticker:
    """It fails quietly, and rests then: tasks that are there already are worth as much."""

    def __init__(
        self, session: Session, counters: Counters, logger: logging.Logger, service: str
    ) -> None:
        self._session = session
        self._counters = counters
        self._logger = logger
        self._service = service
        self._duty = Duty(logger, "database, running schedules")
        self._refused = Trouble(logger, "a schedule has created no task (`qtask schedule list`)")
        self._told: set[type[Exception]] = set()
        self._at = 0.0
        self._cron_at = 0.0

    @property
    def rest(self) -> float:
        """Seconds until a schedule may be due, or has been set meanwhile."""
        return max(0.0, self._at - time.monotonic(), self._duty.rest)

    def tick(self) -> int:
        """Runs due schedules, a step of them, and returns how many tasks were created. Calls
        `run_due_schedules`, and for cron expressions `due_schedules` and `advance_schedules`.
        """
        connection = self._session.connection
        self._at = time.monotonic() + BUSY
        run = calls.run_due_schedules(connection, ROWS)
        created, wait = self._count(run), LOOK if run.wait is None else run.wait
        if run.cron_wait is not None and time.monotonic() >= self._cron_at:
            if run.cron_wait == 0:
                created += self._run_crons(connection)
            wait = min(wait, run.cron_wait)
        self._at = time.monotonic() + (0.0 if created else min(LOOK, max(wait, BUSY)))
        return created

    def quietly(self) -> int:
        """The same; a failure is only told."""
        try:
            created = self.tick()
        except Conflict:
            return 0
        except (AccessDenied, NotInstalled) as error:
            # Somebody else may be in charge of this.
            self._tell_once(error)
            self._at = time.monotonic() + UNABLE_INTERVAL
            return 0
        except Exception as error:
            self._counters.errors += 1
            self._session.close_after(error)
            self._at = time.monotonic() + self._duty.failed_beside(error)
            return 0
        self._duty.works()
        return created

    def _run_crons(self, connection: Connection) -> int:
        plans = []
        for due in calls.due_schedules(connection, ROWS):
            try:
                plans.append(PlannedTicks(due, *ticks.plan(due)))
            except InvalidArgument as unreadable:
                plans.append(PlannedTicks(due, error=str(unreadable)))
            except ConfigurationError as missing:
                self._tell_once(missing)
                self._cron_at = time.monotonic() + UNABLE_INTERVAL
                return 0
        return self._count(calls.advance_schedules(connection, plans)) if plans else 0

    def _count(self, done: ScheduleRun | ScheduleAdvance) -> int:
        """How many tasks were created. One that could not be is told of."""
        self._counters.scheduled += done.created
        if done.error is not None:
            self._counters.errors += 1
            self._refused.report(ProcedureError(done.error))
        return done.created

    def _tell_once(self, error: Exception) -> None:
        if type(error) not in self._told:
            self._logger.warning("%s runs no such schedules: %s", self._service, error)
        self._told.add(type(error))
