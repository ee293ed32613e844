"""The relay's steps: claim, push, confirm or release; each can be called by itself."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from functools import partial

from qtask_db import calls
from qtask_db.database import Database
from qtask_db.errors import (
    BatchNotFound,
    ConfigurationError,
    InvalidPayload,
    QueueUnavailable,
)
from qtask_db.models import Batch, Message
from qtask_db.relay.counters import RelayCounters, logger
from qtask_db.relay.held import Held
from qtask_db.service.session import Session
from qtask_db.transport.message import encode
from qtask_db.transport.queues import Queues, QueueUnusable, RedisClient

BATCH_BYTES = 4_000_000
"""Payload bytes that a batch should have at most; larger payloads make smaller batches."""
FIRST_ROWS = 100
"""Rows of the first batch after a pause: its messages leave soon, and it is known how large the
payloads are.
"""
SHORTEST_PAUSE = 0.005
"""Seconds between two scans while tasks trickle in: one scan then takes several of them."""
NO_BATCH = 10**18 - 1
"""The number of a batch that never was."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """The options of a relay; `Relay` explains them. Raises ConfigurationError."""

    namespace: str | None
    name: str
    limit: int
    lease: int
    scan_interval: float
    poll: float
    queue_limit: int
    stream: bool
    queue_prefix: str | None

    def __post_init__(self) -> None:
        for name in ("limit", "lease", "scan_interval", "poll", "queue_limit"):
            if getattr(self, name) <= 0:
                raise ConfigurationError(
                    f"{name} must be greater than 0, not {getattr(self, name)}"
                )


class Steps:
    """The work of a relay, one step at a time."""

    def __init__(
        self,
        database: Database | str,
        redis: RedisClient | str,
        options: RelayOptions,
        held: Held | None = None,
    ) -> None:
        self.options = options
        self.backlog = False
        """Whether the last scan left more than it claimed at once."""
        self.counters = RelayCounters()
        """The work that has been done so far."""
        self.session = Session(database)
        self._queues = Queues(
            redis, stream=options.stream, consumer=options.name, prefix=options.queue_prefix
        )
        self.held = Held(self._queues, options.queue_limit) if held is None else held
        """The queues whose tasks are not claimed."""
        self.redis_works = True
        """Whether Redis answered last; else it is asked before the next claim."""
        self._first_rows = self._rows = min(options.limit, FIRST_ROWS)
        self._claimed_at = 0.0
        self._unended: list[tuple[Callable[[], None], float]] = []
        self._blind_for = self._blind_until = 0.0

    def check(self) -> None:
        """Makes each kind of call that a relay makes, but claims nothing. Raises the first error of
        the database, the schema, the privileges or Redis.
        """
        self.next_due()
        connection = self.session.connection
        for end in (calls.confirm, calls.release):
            with contextlib.suppress(BatchNotFound):
                end(connection, NO_BATCH, self.options.name)
        self._queues.probe()

    def rehearse(self) -> None:
        """Runs `check`, then a whole cycle with one task at most: nothing else tells that scans
        work. Raises the first error.
        """
        self.check()
        self._rows = 1
        with contextlib.suppress(QueueUnusable):
            self.step()
        self._rows = self._first_rows

    def claim(self) -> Batch:
        """Claims due tasks for the lease: calls `scan_tasks`, which commits."""
        batch = calls.scan(
            self.session.connection,
            self.options.name,
            limit=self._rows,
            lease=self.options.lease,
            namespace=self.options.namespace,
            held=self.held.names,
        )
        self._claimed_at = time.monotonic()
        self.counters.claimed += len(batch.messages)
        self.backlog = batch.wait == 0 and len(batch.messages) >= min(self._rows, FIRST_ROWS)
        self._rows = self._next_rows(batch)
        return batch

    def push(self, batch: Batch) -> None:
        """Puts the batch's messages on their queues. Raises QueueUnavailable."""
        try:
            try:
                lengths = self._queues.push(batch.messages)
            except InvalidPayload:
                lengths = self._queues.push([m for m in batch.messages if _sound(m)])
        except QueueUnusable as error:
            for queue, reason in error.reasons.items():
                self.held.unusable(queue, reason)
            self.held.took(error.lengths)
            raise
        self.counters.pushed += len(batch.messages)
        self.redis_works = True
        self.held.took(lengths)

    def confirm(self, batch: Batch) -> None:
        """Records that the batch is in Redis: calls `confirm_batch`."""
        if self._end(batch, calls.confirm, self.confirm):
            self.counters.confirmed += len(batch.messages)

    def release(self, batch: Batch) -> None:
        """Makes the tasks of an unpushed batch due again at once: calls `release_batch`."""
        if self._end(batch, calls.release, self.release):
            self.counters.released += len(batch.messages)

    def step(self) -> float:
        """Runs one whole cycle; returns the seconds until the next one has something to do."""
        began = time.monotonic()
        self._end_earlier()
        self._look_at_queues()
        claiming = time.monotonic()
        batch = self.claim()
        if batch.messages:
            self._pass_on(batch)
            self._blind_for = self._blind_until = 0.0
        else:
            self._stop_looking(time.monotonic() - claiming)
        return self._pause(batch, time.monotonic() - began)

    def next_due(self) -> float | None:
        """Seconds until a task is due, None while no task is active: calls `next_due`."""
        return calls.next_due(self.session.connection, self.options.namespace, held=self.held.names)

    @property
    def blind(self) -> bool:
        """Whether what is due cannot be had, so that there is no use in looking for it yet."""
        return time.monotonic() < self._blind_until

    def room_again(self) -> bool:
        """Whether a full queue has room again. Raises QueueUnavailable."""
        return self.held.any_full and self._look_at_queues()

    def close(self) -> None:
        """Closes the connections; the next step opens new ones."""
        self.session.close()
        self._queues.close()

    def _pass_on(self, batch: Batch) -> None:
        try:
            self.push(batch)
        except QueueUnavailable as error:
            self.redis_works = isinstance(error, QueueUnusable)
            self.release(batch)
            raise
        self.confirm(batch)

    def _stop_looking(self, took: float) -> None:
        """Tasks that are due and cannot be claimed (of closed queues, or locked by another relay)
        must not make this one spin: while that lasts, looking takes a tenth of the time at most.
        """
        longest = max(self.options.poll, 10 * took)
        self._blind_for = min(longest, max(SHORTEST_PAUSE, 2 * self._blind_for))
        self._blind_until = time.monotonic() + self._blind_for

    def _end(self, batch: Batch, call: Callable[..., None], again: Callable[[Batch], None]) -> bool:
        """Confirms or releases. If the database refuses, it is told again before the next claim."""
        if batch.batch_id is None:
            return False
        try:
            call(self.session.connection, batch.batch_id, self.options.name)
        except BatchNotFound:
            logger.warning("batch %s is not ours any more: its lease ran out", batch.batch_id)
            self.counters.reclaimed += len(batch.messages)
            return False
        except Exception:
            self._unended.append((partial(again, batch), self._claimed_at + self.options.lease))
            raise
        return True

    def _end_earlier(self) -> None:
        """Ends batches whose confirmation or release failed; after the lease a scan has done it."""
        while self._unended:
            end, until = self._unended.pop()
            if time.monotonic() < until:
                end()

    def _pause(self, batch: Batch, elapsed: float) -> float:
        if batch.wait is None:
            return self.options.scan_interval
        if batch.wait > 0:
            return min(self.options.scan_interval, max(batch.wait, SHORTEST_PAUSE - elapsed))
        if batch.messages:
            return 0.0
        return min(self.options.scan_interval, max(0.0, self._blind_until - time.monotonic()))

    def _next_rows(self, batch: Batch) -> int:
        """While more is due, twice as many; but a batch is in memory whole, so that after one with
        large payloads the next has fewer rows.
        """
        size = sum(len(message.payload) for message in batch.messages)
        if size > BATCH_BYTES:
            return max(1, len(batch.messages) * BATCH_BYTES // size)
        return min(self.options.limit, self._rows * 2 if batch.wait == 0 else FIRST_ROWS)

    def _look_at_queues(self) -> bool:
        """Whether a full queue has room again. Finds out, too, that Redis still takes no writes."""
        try:
            if not self.redis_works:
                self._queues.probe()
                self.redis_works = True
            return self.held.look()
        except QueueUnavailable:
            self.redis_works = False
            raise


def _sound(message: Message) -> bool:
    """A row that somebody damaged by hand must not hold up the others of its batch."""
    try:
        encode(message)
    except InvalidPayload as error:
        logger.error("%s; it was not pushed", error)
        return False
    return True
