"""Many tasks that are due at the same instant."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

from processes import Command

from ..bench import Bench
from ..child import Child
from ..figure import Figure, at, no_collector, percentiles
from .create import create_one_by_one
from .relay import wait_until
from .worker import note_starts

RUSH, FLOOD = "RUSH", "FLOOD"
AHEAD, FAR_AHEAD = 3, 15
"""Seconds that everything gets to be ready; 100,000 rows are written meanwhile."""
PATIENCE = 60.0


def rush(bench: Bench) -> list[Figure]:
    """5,000 delayed tasks, a relay and a worker: how late the handlers begin."""
    rounds, count = (1, 5_000) if bench.quick else (3, 5_000)
    schema = bench.schema("brush_")
    late: list[float] = []
    for number in range(rounds):
        bench.redis().flushdb()
        bench.settle()
        log = bench.folder / f"rush-{number}.log"
        with Command("relay", environment=bench.environment(schema), log=log) as relay:
            relay.wait_for(" started")
            worker = Child(
                note_starts, bench.database_url, bench.redis_url, schema.prefix, count, RUSH
            )
            moment, due = schema.moment(AHEAD)
            schema.fill(count, [schema.queue_id(RUSH)], due=moment, apart=0)
            started = worker.result()
        if len(started) != count:
            raise RuntimeError(f"{len(started)} of {count} tasks were started")
        late += [1000 * (began - due) for _, began in started]
    note = f"{count:,} tasks due at once, {rounds} times"
    return [
        Figure(
            f"lateness at the handler, {name}",
            at(late, share),
            "ms",
            reach=reach,
            at_most=True,
            note=note,
            percentiles=percentiles(late),
        )
        for name, share, reach in (("p50", 0.5, 100.0), ("p99", 0.99, 250.0))
    ]


def flood(bench: Bench) -> list[Figure]:
    """100,000 tasks due in the same second: the first message, the last one, creates meanwhile."""
    count, ahead = (20_000, AHEAD) if bench.least else (100_000, FAR_AHEAD)
    schema = bench.schema("bflood_")
    redis = bench.redis()
    redis.flushdb()
    creator = schema.connect()
    with ExitStack() as stack, no_collector():
        log = bench.folder / "flood.log"
        arguments = ("relay", "--queue-limit", "1000000")
        relay = stack.enter_context(
            Command(*arguments, environment=bench.environment(schema), log=log)
        )
        relay.wait_for(" started")
        quiet = create_one_by_one(creator, AHEAD)
        bench.settle()
        moment, due = schema.moment(ahead)
        schema.fill(count, [schema.queue_id(FLOOD)], due=moment, apart=0)
        over = threading.Event()
        meanwhile: list[float] = []
        creating = threading.Thread(
            target=lambda: meanwhile.extend(create_one_by_one(creator, PATIENCE, over))
        )
        first = None
        wait_until(due - 0.2)
        creating.start()
        until = time.time() + PATIENCE
        while (arrived := redis.llen(FLOOD)) < count:
            if first is None and arrived:
                first = time.time()
            if time.time() > until:
                raise RuntimeError(f"{arrived} of {count} messages have arrived")
            time.sleep(0.002)
        last = time.time()
        over.set()
        creating.join()
    slower = (sum(meanwhile) / len(meanwhile)) / (sum(quiet) / len(quiet))
    return [
        Figure(
            "flood, first message",
            1000 * ((first or last) - due),
            "ms",
            reach=50.0,
            at_most=True,
            note=f"{count:,} tasks due at once",
        ),
        Figure("flood, last message", last - due, "s", reach=4.0 * count / 100_000, at_most=True),
        Figure(
            "create during the flood",
            1000 * sum(meanwhile) / len(meanwhile),
            "ms",
            floor=1000 * sum(quiet) / len(quiet),
            floor_is="create before it",
            ratio=slower,
            reach=2.0,
            at_most=True,
            of_ratio=True,
            note="means",
        ),
    ]
