"""Purging, against plain DELETEs of the same rows; and what creators notice of it."""

from __future__ import annotations

import time

from processes import Command

from qtask_db import calls
from qtask_db.service import upkeep

from ..bench import NOW, Bench, Schema
from ..figure import Figure, at, interleaved, no_collector
from .create import create_one_by_one
from .relay import wait_until

CHUNK = 1_000
NOOP = "NOOP"  # as in noop_worker
SERVICES = {"relay": ("relay",), "worker": ("worker", "benchmarks.noop_worker:worker")}
DELETE = f"DELETE FROM {{table}} WHERE lane = 0 AND due_at <= {NOW} ORDER BY due_at LIMIT {CHUNK}"


def purge(bench: Bench) -> list[Figure]:
    """Ended tasks deleted in chunks of 1,000."""
    rounds, warm_up = (8, 2) if bench.quick else (40, 4)
    ours, plain = bench.schema("bpurge_"), bench.schema("bpurgeraw_")
    rows = (rounds + warm_up) * CHUNK
    for schema in (ours, plain):
        schema.fill(rows, [schema.queue_id("PURGE")], lane="0", status=0)
        schema.sql("ANALYZE TABLE {table}")
    pair = interleaved(
        lambda: calls.purge(ours.conn, CHUNK), lambda: plain.sql(DELETE), rounds, warm_up
    )
    if left := ours.sql("SELECT COUNT(*) FROM {table}")[0][0]:
        raise RuntimeError(f"{left} rows were not purged")

    ours.direct_queue_id(NOOP)
    return [
        pair.figure("purge", CHUNK, "rows/s", floor_is="DELETE", reach=0.9, of_ratio=True),
        *(_meanwhile(bench, ours, service) for service in SERVICES),
    ]


def _meanwhile(bench: Bench, schema: Schema, service: str) -> Figure:
    """Creations while a service deletes tasks that may all go from one instant on."""
    times, ended, ahead, seconds = (
        (1, 20_000, 10, 1.0) if bench.least else (2 if bench.quick else 3, 60_000, 20, 2.5)
    )
    calm, busy, left = [], [], 0
    log = bench.folder / f"purge-{service}.log"
    environment = bench.environment(schema, redis=service == "relay")
    queue_ids = [schema.queue_id("PURGE")]
    with Command(*SERVICES[service], environment=environment, log=log) as command, no_collector():
        command.wait_for(" started")
        for _ in range(times):
            moment, due = schema.moment(ahead)
            schema.fill(ended, queue_ids, lane="0", status=0, due=moment, apart=0)
            bench.settle()
            wait_until(due - seconds)
            calm += create_one_by_one(schema.conn, due - time.time())
            busy += create_one_by_one(schema.conn, upkeep.INTERVAL + seconds)
        left = schema.sql("SELECT COUNT(*) FROM {table} WHERE lane = 0")[0][0]
    schema.sql("DELETE FROM {table}")
    during, before = 1000 * at(busy, 0.99), 1000 * at(calm, 0.99)
    return Figure(
        f"create, {service} purges, p99",
        during,
        "ms",
        floor=before,
        floor_is="create before it",
        note=f"{left:,} of {times * ended:,} rows were left" if left else "",
        ratio=during / before,
        reach=1.5,
        at_most=True,
        of_ratio=True,
    )
