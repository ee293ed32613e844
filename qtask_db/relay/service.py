"""The relay: claims due tasks in the database, pushes their messages to Redis, confirms."""

from __future__ import annotations

import time

from qtask_db.constants import DEFAULT
from qtask_db.database import Database
from qtask_db.errors import (
    ConfigurationError,
    Conflict,
    DatabaseUnavailable,
    QueueUnavailable,
)
from qtask_db.models import Batch
from qtask_db.process.retrying import Backoff, Duty
from qtask_db.relay.counters import RelayCounters, logger
from qtask_db.relay.scanners import Scanners
from qtask_db.relay.steps import RelayOptions, Steps
from qtask_db.service import upkeep
from qtask_db.service.presence import Presence
from qtask_db.service.service import Service, process_name
from qtask_db.service.ticker import Ticker
from qtask_db.service.upkeep import Upkeep
from qtask_db.transport.queues import QUEUE_LIMIT, QueueUnusable, RedisClient

REPORT_INTERVAL = 60.0


class Relay(Service):
    """Moves due tasks from the database to Redis.

    `database` and `redis` are URLs, or a Database and a redis-py client; `redis` may be left out if
    a name or a registry has it.

    * `namespace`: only its tasks; None is all.
    * `name`: of this relay in logs and batches; None makes one of host and process.
    * `limit`: most tasks of a batch.
    * `scanners`: threads, each with a connection, that move batches while more is due than one.
    * `lease`: seconds after which an unconfirmed batch is claimed again.
    * `scan_interval`: most seconds between two scans.
    * `poll`: seconds between two looks at the next due time, which cost little.
    * `queue_limit`: messages at which a queue is held back.
    * `stream`: queues are streams.
    * `queue_prefix`: stands before the names of queues in Redis; None is QTASK_QUEUE_PREFIX.
    * `purge`: deletes terminal tasks, too.
    * `schedules`: runs due schedules, too.

    Raises ConfigurationError for a wrong URL or setting.

    Any number of relays may run. `step` is one cycle: `claim`, `push`, then `confirm`, or `release`
    if the push failed. If the relay is killed between any two of them, the tasks come again when
    the lease has run out. Not thread-safe, except `stop`.
    """

    def __init__(
        self,
        database: Database | str,
        redis: RedisClient | str | None = None,
        *,
        namespace: str | None = None,
        name: str | None = None,
        limit: int = 1_000,
        scanners: int = 2,
        lease: int = DEFAULT["batch_lease"],
        scan_interval: float = 3.0,
        poll: float = 0.1,
        queue_limit: int = QUEUE_LIMIT,
        stream: bool = False,
        queue_prefix: str | None = None,
        purge: bool = True,
        schedules: bool = True,
    ) -> None:
        if scanners < 1:
            raise ConfigurationError(f"scanners must be at least 1, not {scanners}")
        database = database if isinstance(database, Database) else Database(database)
        if redis is None:
            redis = database.redis_url
        if queue_prefix is None:
            queue_prefix = database.queue_prefix
        if redis is None:
            raise ConfigurationError(f"no Redis for {database}: pass a relay its URL as `redis`")
        options = RelayOptions(
            namespace=namespace,
            name=name or process_name(),
            limit=limit,
            lease=lease,
            scan_interval=scan_interval,
            poll=poll,
            queue_limit=queue_limit,
            stream=stream,
            queue_prefix=queue_prefix,
        )
        super().__init__("qtask-relay")
        self._steps = Steps(database, redis, options)
        self._session = self._steps.session
        self._upkeep = Upkeep(self._session, self._steps.counters, logger, f"relay {options.name}")
        self._presence = Presence(self._session, logger, "relay", options.name)
        self._purges = purge
        self._ticker = Ticker(self._session, self._steps.counters, logger, f"relay {options.name}")
        self._schedules = schedules
        self._scanners = Scanners(
            lambda: Steps(database, redis, options, self._steps.held), count=scanners - 1
        )
        self._worked = self._woken = False
        self._moving = Duty(logger, "database")
        self._pushing = Duty(logger, "redis")
        self._looking = Duty(logger, "database, looking for what comes next")
        self._conflicts = Backoff(first=0.01, longest=1.0)

    @property
    def options(self) -> RelayOptions:
        """The relay's options."""
        return self._steps.options

    @property
    def backlog(self) -> bool:
        """Whether the last scan left more than it claimed at once."""
        return self._steps.backlog

    @property
    def counters(self) -> RelayCounters:
        """Messages since the start, of all scanners."""
        return self._steps.counters + self._scanners.counters

    def check(self) -> None:
        """Makes each kind of call that a relay makes, but claims nothing. Raises the first error of
        the database, the schema, the privileges or Redis.
        """
        self._steps.check()

    def rehearse(self) -> None:
        """Runs `check`, then a whole cycle with one task at most: nothing else tells that scans
        work. Raises the first error.
        """
        self._steps.rehearse()

    def step(self) -> float:
        """Runs one whole cycle; returns the seconds until the next one has something to do."""
        return self._steps.step()

    def claim(self) -> Batch:
        """Claims due tasks for the lease: calls `scan_tasks`, which commits."""
        return self._steps.claim()

    def push(self, batch: Batch) -> None:
        """Puts the batch's messages on their queues. Raises QueueUnavailable."""
        self._steps.push(batch)

    def confirm(self, batch: Batch) -> None:
        """Records that the batch is in Redis: calls `confirm_batch`."""
        self._steps.confirm(batch)

    def release(self, batch: Batch) -> None:
        """Makes the tasks of an unpushed batch due again at once: calls `release_batch`."""
        self._steps.release(batch)

    def purge_some(self, limit: int = 1_000) -> int:
        """Deletes at most `limit` terminal tasks: calls `purge_tasks`, and now and then
        `expire_tasks`; returns how many were deleted.
        """
        return self._upkeep.some(limit)

    def tick(self) -> int:
        """Runs due schedules; returns how many tasks were created: calls `run_due_schedules`, and
        for cron expressions `due_schedules` and `advance_schedules`.
        """
        return self._ticker.tick()

    def close(self) -> None:
        """Closes the connections; the next step opens new ones."""
        self._steps.close()

    def prepare(self) -> None:
        """Does what `run` and `start` do first: `rehearse`. A purge that fails is only logged."""
        self.rehearse()
        self._purge_quietly(1)
        self._worked = True

    def run(self, *, patient: bool = False) -> None:
        """Runs until `stop` is called, and then ends the present batch.

        An error at the start is raised, so that a person sees it; `patient` waits for a server that
        is away. Later no error ends the loop: it reconnects and backs off.
        """
        options = self.options
        try:
            if not patient:
                self.prepare()
            logger.info(
                "relay %s started: limit %d, lease %d s, scan interval %g s",
                options.name, options.limit, options.lease, options.scan_interval,
            )  # fmt: skip
            self._woken = False
            reported, report_at = self.counters, time.monotonic()
            while not self._stop.is_set():
                self._turn()
                if time.monotonic() >= report_at + REPORT_INTERVAL:
                    if self.counters != reported:
                        logger.info("relay %s: %s", options.name, self.counters)
                    reported, report_at = self.counters, time.monotonic()
        finally:
            self._scanners.close()
            self._presence.leave()
            self.close()
        logger.info("relay %s stopped: %s", options.name, self.counters)

    @property
    def longest_stop(self) -> float:
        """Seconds that stopping may take: the present batch is ended."""
        return 30.0

    def _turn(self) -> None:
        """One cycle and the wait after it; whatever fails is reported once and backed off."""
        self._tick_quietly()
        try:
            pause = self.step()
        except QueueUnusable:
            # The queue is held back from now on, so the next scan brings other ones.
            self._steps.counters.errors += 1
        except Conflict as error:
            logger.debug("%s; again", error)
            self._rest(self._conflicts.next())
        except QueueUnavailable as error:
            self._presence.quietly()
            self._rest(self._pushing.failed(error))
        except Exception as error:
            if not (self._worked or isinstance(error, DatabaseUnavailable)):
                raise
            self._session.close()
            self._rest(self._moving.failed(error))
        else:
            # At the start, too: the first burst finds them connected, their procedures compiled.
            if self.backlog or not self._woken:
                self._scanners.wake()
                self._woken = True
            self._works()
            self._presence.quietly()
            if self._upkeep.is_overdue:
                self._purge_quietly()
            self._wait(pause)

    def _works(self) -> None:
        self._worked = True
        self._moving.works()
        self._conflicts.reset()
        if self._steps.redis_works:
            self._pushing.works()

    def _rest(self, seconds: float) -> None:
        self._steps.counters.errors += 1
        self._stop.wait(seconds)

    def _wait(self, seconds: float) -> None:
        """Sleeps, but sees a task that becomes due earlier; purges if there is time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if left > self.options.poll and not self._upkeep.rest:
                self._purge_quietly()
            ticks = self._ticker.rest if self._schedules else left
            if self._stop.wait(min(self.options.poll, left, self._upkeep.rest or left, ticks)):
                return
            # The next scan claims what a schedule has created.
            if self._room_again() or self._tick_quietly():
                return
            self._presence.quietly()
            if not (self._steps.blind or self._looking.rest) and time.monotonic() < until:
                until = min(until, time.monotonic() + self._next_due(seconds))

    def _room_again(self) -> bool:
        try:
            return self._steps.room_again()
        except QueueUnavailable as error:
            self._pushing.failed(error)
            return True  # the next cycle finds out whether it still is so, and rests

    def _next_due(self, longest: float) -> float:
        """Seconds. If it cannot be known, the scans come at their interval."""
        try:
            due = self._steps.next_due()
        except Exception as error:
            self._session.close_after(error)
            self._steps.counters.errors += 1
            self._looking.failed_beside(error)
            return longest
        self._looking.works()
        return longest if due is None else due

    def _tick_quietly(self) -> bool:
        """Whether schedules have created tasks."""
        return self._schedules and not self._ticker.rest and self._ticker.quietly() > 0

    def _purge_quietly(self, limit: int = upkeep.ROWS) -> None:
        if self._purges:
            self._upkeep.quietly(limit)
