"""Faults of a system: the seed decides which, when, to whom and for how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pymysql

from qtask_db import Connection, calls
from qtask_db.database import bind

from .process import NOBODY, QUEUES
from .system import System, chance

KILL, PAUSE, STOP, CLOCK = 0.76, 0.16, 0.04, 0.04
"""Shares of kill -9, SIGSTOP, SIGTERM and a step of the clock."""
ROLES = {"relay": 0.5, "worker": 0.38, "direct": 0.38, "consumer": 0.25, "producer": 0.12}
"""The weight of each role of whom there are some."""
LONGEST_ABSENCE, LONGEST_PAUSE = 0.3, 7.0
MEAN_GAP = 4.0
"""Seconds between two faults of servers or connections."""


class Villain(threading.Thread):
    """Strikes again and again until `stop`, which raises what has gone wrong."""

    def __init__(self, system: System, mean_gap: float) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self._system = system
        self._mean_gap = mean_gap
        self._rng = chance(system.seed, self.name)
        self._ended = threading.Event()
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            while not self._ended.wait(self._rng.expovariate(1 / self._mean_gap)):
                self._strike()
        except Exception as error:
            self._error = error

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _strike(self) -> None:
        raise NotImplementedError


class Assassin(Villain):
    """Kills, pauses, stops processes, and steps their clocks."""

    def _strike(self) -> None:
        rng, system = self._rng, self._system
        there = {role: ROLES[role] for role in dict.fromkeys(s.role for s in system.slots)}
        role = rng.choices(list(there), list(there.values()))[0]
        slot = rng.choice([slot for slot in system.slots if slot.role == role])
        what = rng.choices("kpsc", (KILL, PAUSE, STOP, CLOCK))[0]
        share = rng.random()
        if what == "k":
            system.kill(slot, LONGEST_ABSENCE * share)
        elif what == "p":
            system.pause(slot, LONGEST_PAUSE * share)
        elif what == "s":
            system.stop(slot)
        else:
            system.step_clock(slot)


class Troublemaker(Villain):
    """Servers and the ways to them, one fault after the other: each once, then at random."""

    def __init__(self, system: System, names: list[str]) -> None:
        super().__init__(system, MEAN_GAP)
        self._names = names
        self._first = self._rng.sample(names, len(names))
        self._snapshots: list[tuple[float, Any]] = []
        self._pauses: dict[str, float] = {}
        """Until when a queue is to be paused."""
        self.present = ""

    def stop(self) -> None:
        super().stop()
        self._end_snapshots(float("inf"))
        self._end_pauses(float("inf"))

    def _strike(self) -> None:
        self._end_snapshots(time.monotonic())
        self._end_pauses(time.monotonic())
        self.present = name = self._first.pop() if self._first else self._rng.choice(self._names)
        since = time.monotonic()
        try:
            FAULTS[name](self, self._rng.random())
        finally:
            self.present = ""
            self._system.recorder.note("trouble", name=name, since=since, until=time.monotonic())
            done = self._system.counts.faults
            done[name] = done.get(name, 0) + 1

    # -- connections -------------------------------------------------------------------------------

    def _cut_database(self, share: float) -> None:
        self._system.database_proxy.drop(0.3 + share, self._rng.getrandbits(32))

    def _cut_redis(self, share: float) -> None:
        self._system.redis_proxy.drop(0.3 + share, self._rng.getrandbits(32))

    def _half_close(self, share: float) -> None:
        for proxy in (self._system.database_proxy, self._system.redis_proxy):
            proxy.half_close(share, self._rng.getrandbits(32))

    def _delay(self, share: float) -> None:
        proxies = (self._system.database_proxy, self._system.redis_proxy)
        for proxy in proxies:
            proxy.delay(0.05 + 0.3 * share)
        self._ended.wait(2 + 2 * share)
        for proxy in proxies:
            proxy.delay(0)

    def _freeze_database(self, share: float) -> None:
        self._freeze(self._system.database_proxy, share)

    def _freeze_redis(self, share: float) -> None:
        self._freeze(self._system.redis_proxy, share)

    def _freeze(self, proxy: Any, share: float) -> None:
        """Longer than the clients wait for an answer, or shorter."""
        proxy.freeze(True)
        self._ended.wait(8 * share)
        proxy.freeze(False)

    def _kill_sessions(self, share: float) -> None:
        """As a server does that runs out of memory, or an administrator."""
        with self._system.root() as conn, conn.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE user = 'chaos' ORDER BY id"
            )
            for (number,) in cursor.fetchall():
                if self._rng.random() < 0.3 + share / 2:
                    with suppress(pymysql.MySQLError):
                        cursor.execute(f"KILL {number}")

    # -- Redis -------------------------------------------------------------------------------------

    def _flush_redis(self, _share: float) -> None:
        self._system.redis.flushall()

    def _crash_redis(self, share: float) -> None:
        """Back as it was; or empty, as one that keeps nothing."""
        self._system.redis_server.kill()
        self._ended.wait(2 * share)
        self._system.redis_server.restart()
        if share < 0.5:
            self._system.redis.flushall()

    def _full_redis(self, share: float) -> None:
        redis = self._system.redis
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", 1)
        self._ended.wait(1 + 3 * share)
        redis.config_set("maxmemory", 0)

    # -- the database ------------------------------------------------------------------------------

    def _crash_database(self, share: float) -> None:
        self._system.database.kill()
        self._ended.wait(2 * share)
        self._system.database.restart()

    def _read_only_database(self, share: float) -> None:
        with self._system.root() as conn, conn.cursor() as cursor:
            cursor.execute("SET GLOBAL read_only = 1")
            self._ended.wait(1 + 3 * share)
            cursor.execute("SET GLOBAL read_only = 0")

    def _open_snapshot(self, share: float) -> None:
        """As a dump does; it stays open while other faults come."""
        conn = self._system.root()
        with conn.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            cursor.execute("SELECT COUNT(*) FROM qtask_task")
        self._snapshots.append((time.monotonic() + 10 + 20 * share, conn))

    def _end_snapshots(self, now: float) -> None:
        for until, conn in self._snapshots:
            if until <= now:
                with suppress(pymysql.MySQLError):
                    conn.close()
        self._snapshots = [one for one in self._snapshots if one[0] > now]

    # -- operators ---------------------------------------------------------------------------------

    def _change_delivery(self, share: float) -> None:
        """Of one queue or two, under traffic."""
        with self._operator() as conn:
            for queue in self._rng.sample((*QUEUES, NOBODY), 1 + (share > 0.5)):
                calls.set_delivery(conn, queue, self._rng.choice(("direct", "redis")))
                self._system.recorder.note("delivery", queue=queue)

    def _pause_queue(self, share: float) -> None:
        """It stays paused while other faults come."""
        queue = self._rng.choice(QUEUES)
        if queue not in self._pauses:
            with self._operator() as conn:
                calls.pause(conn, queue)
            self._system.recorder.note("paused", queue=queue)
            self._pauses[queue] = time.monotonic() + 5 + 5 * share

    def _end_pauses(self, now: float) -> None:
        for queue, until in list(self._pauses.items()):
            if until <= now:
                self._system.recorder.note("resumed", queue=queue)
                with self._operator() as conn:
                    calls.resume(conn, queue)
                del self._pauses[queue]

    @contextmanager
    def _operator(self) -> Iterator[Connection]:
        conn = bind(self._system.root())
        try:
            yield conn
        finally:
            conn.close()


FAULTS: dict[str, Callable[[Troublemaker, float], None]] = {
    "cut-database": Troublemaker._cut_database,
    "cut-redis": Troublemaker._cut_redis,
    "half-close": Troublemaker._half_close,
    "delay": Troublemaker._delay,
    "freeze-database": Troublemaker._freeze_database,
    "freeze-redis": Troublemaker._freeze_redis,
    "kill-sessions": Troublemaker._kill_sessions,
    "flush-redis": Troublemaker._flush_redis,
    "crash-redis": Troublemaker._crash_redis,
    "full-redis": Troublemaker._full_redis,
    "crash-database": Troublemaker._crash_database,
    "read-only": Troublemaker._read_only_database,
    "snapshot": Troublemaker._open_snapshot,
    "delivery": Troublemaker._change_delivery,
    "pause": Troublemaker._pause_queue,
}
