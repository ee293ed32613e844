"""Purging, against plain DELETEs of the same rows; and what creators notice of it."""

from __future__ import annotations

import time

from processes import Command

from qtask_db import calls
from qtask_db.service import upkeep

from ..bench import NOW, Bench
from ..figure import Figure, at, interleaved, no_collector
from .create import create_one_by_one
from .relay import wait_until

CHUNK = 1_000
DELETE = f"DELETE FROM {{table}} WHERE lane = 0 AND due_at <= {NOW} ORDER BY due_at LIMIT {CHUNK}"


def purge(bench: Bench) -> list[Figure]:
    """Ended tasks deleted in chunks of 1,000."""
    rounds, warm_up = (8, 2) if bench.quick else (40, 4)
    times, ended, ahead, seconds = (1, 20_000, 3, 1.0) if bench.quick else (3, 60_000, 20, 2.5)
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

    calm, busy = [], []
    log = bench.folder / "purge.log"
    queue_ids = [ours.queue_id("PURGE")]
    with Command("relay", environment=bench.environment(ours), log=log) as relay, no_collector():
        relay.wait_for(" started")
        for _ in range(times):
            moment, due = ours.moment(ahead)
            ours.fill(ended, queue_ids, lane="0", status=0, due=moment, apart=0)
            bench.settle()
            wait_until(due - seconds)
            calm += create_one_by_one(ours.conn, due - time.time())
            busy += create_one_by_one(ours.conn, upkeep.INTERVAL + seconds)
        if left := ours.sql("SELECT COUNT(*) FROM {table} WHERE lane = 0")[0][0]:
            bench.say(f"  {left:,} of {ended:,} rows were left of the last purge")
    during, before = 1000 * at(busy, 0.99), 1000 * at(calm, 0.99)
    return [
        pair.figure("purge", CHUNK, "rows/s", floor_is="DELETE", reach=0.9, of_ratio=True),
        Figure(
            "create during a purge, p99",
            during,
            "ms",
            floor=before,
            floor_is="create before it",
            note="by a relay",
            ratio=during / before,
            reach=1.5,
            at_most=True,
            of_ratio=True,
        ),
    ]
