"""What a scan costs beside a long history, against one in a schema without any."""

from __future__ import annotations

import time

from qtask_db import calls

from .bench import END, Bench, Schema
from .figure import Figure, interleaved, middle

BATCH = 1_000
RELAY = "bench"


def scan(bench: Bench) -> list[Figure]:
    """Scans of 1,000 tasks, each confirmed; the ratio is of times."""
    rounds = 10 if bench.quick else 40
    finished = 500_000 if bench.quick else 5_000_000
    empty, full = bench.schema("bempty_"), bench.schema("bfull_")
    lanes = {schema.prefix: schema.queue_id("SCAN") for schema in (empty, full)}
    bench.say(f"  {finished:,} finished rows")
    history = f"{END} - INTERVAL 300 DAY"
    full.fill(finished, [lanes[full.prefix]], lane="0", status=0, due=history, say=bench.say)
    for schema in (empty, full):
        schema.fill((rounds + 2) * BATCH, [lanes[schema.prefix]])
        schema.sql("ANALYZE TABLE {table}")
    _settle(bench, full)

    pair = interleaved(lambda: _scan(full), lambda: _scan(empty), rounds, warm_up=2)
    slower = [1 / speed for speed in pair.speeds()]
    figure = pair.figure(
        "scan beside history",
        BATCH,
        "tasks/s",
        floor_is="without history",
        reach=1.2,
        at_most=True,
        of_ratio=True,
        note=f"{finished:,} finished rows; ratio of the times",
    )
    return [
        Figure(
            **{
                **{name: getattr(figure, name) for name in Figure.__slots__},
                "ratio": 1 / pair.speed(),
                "spread": middle(slower),
            }
        )
    ]


def _scan(schema: Schema) -> None:
    batch = calls.scan(schema.conn, RELAY, limit=BATCH)
    if batch.batch_id is None or len(batch.messages) != BATCH:
        raise RuntimeError(f"a scan found {len(batch.messages)} due tasks")
    calls.confirm(schema.conn, batch.batch_id, RELAY)


def _settle(bench: Bench, schema: Schema) -> None:
    """Lets the server write what the filling has left in memory, for at most a minute."""
    bench.say("  waiting until the server has written it all")
    schema.sql("SET GLOBAL innodb_max_dirty_pages_pct = 0")
    until = time.monotonic() + 60
    dirty = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"
    while int(schema.sql(dirty)[0][1]) > 500 and time.monotonic() < until:
        time.sleep(0.2)
    schema.sql("SET GLOBAL innodb_max_dirty_pages_pct = 90")
