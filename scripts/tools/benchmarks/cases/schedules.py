"""The cost of schedules that are not due."""

from __future__ import annotations

import time

from qtask_db import Schedule, calls
from qtask_db.database import Database
from qtask_db.relay import Relay

from ..bench import Bench
from ..child import Child
from ..figure import Figure

COUNT = 10_000
NEVER = 1_000_000
"""Seconds until they tick."""
LIMIT = 2.0
"""Percent of a core."""
SETTLES = 3.0
"""Seconds until connections are open and what went before is written."""


def schedules(bench: Bench) -> list[Figure]:
    """Processor time of an idle relay and of its server beside schedules that are not due, beyond
    that without schedules, in turn with it.
    """
    seconds = 3 if bench.least else 10 if bench.quick else 60
    if bench.database_pid is None:
        bench.say("  left out: the server is not a process of this machine")
        return []
    schema = bench.schema("bticks_")
    bench.redis().flushdb()
    none, many = [0.0, 0.0], [0.0, 0.0]
    for used in (none, many, none, many):
        schema.sql(f"DELETE FROM {schema.prefix}schedule")
        if used is many:
            for number in range(COUNT):
                when = {"every": NEVER} if number % 2 else {"cron": "0 0 29 2 *"}
                calls.set_schedule(schema.conn, Schedule(f"S{number}", "TICKS", **when))
            schema.sql(
                f"UPDATE {schema.prefix}schedule SET due_at = due_at + INTERVAL {NEVER} SECOND"
            )
        bench.settle()
        relay = Child(_wait, bench.database_url, bench.redis_url, schema.prefix, seconds)
        time.sleep(SETTLES)
        before = bench.database_seconds()
        time.sleep(seconds)
        used[0] += 50 * (bench.database_seconds() - before) / seconds
        used[1] += 50 * relay.result() / seconds
    return [
        Figure(
            f"idle relay, schedules: {COUNT:,}",
            sum(many) - sum(none),
            "% of core",
            reach=LIMIT,
            at_most=True,
            note=f"server {none[0]:.2f} to {many[0]:.2f}, relay {none[1]:.2f} to {many[1]:.2f}",
        )
    ]


def _wait(url: str, redis_url: str, prefix: str, seconds: float) -> float:
    """Runs a relay; the processor time of this process, once it has settled."""
    relay = Relay(Database(url, prefix=prefix), redis_url)
    relay.start()
    time.sleep(SETTLES)
    before = time.process_time()
    time.sleep(seconds)
    used = time.process_time() - before
    relay.stop()
    return used
