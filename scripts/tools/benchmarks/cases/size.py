"""The cost of a scan, a take and a create beside many other tasks, against an empty schema."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

from qtask_db import calls

from ..bench import END, INTERVAL, NAME, NOW, PAYLOAD, Bench, Schema
from ..figure import Figure, interleaved
from .direct.draining import take_batch
from .relay import BATCH, claim

QUEUE, DIRECT = "SIZE", "SIZE-DIRECT"
SINGLES = 50
SIZES = (1_000_000, 3_000_000, 10_000_000)
LIMIT = 1.15


def size(bench: Bench) -> list[Figure]:
    """Scans and takes of 1,000, and single creates; the ratios are of times."""
    rounds, warm_up = (8, 2) if bench.quick else (20, 2)
    sizes, waiting = (SIZES[-1:] if bench.quick else SIZES), 1_000_000
    if bench.least:
        sizes, waiting = (200_000,), 50_000
    empty, full = bench.schema("bempty_"), bench.schema("bfull_")
    queue_ids = {
        schema.prefix: [schema.queue_id(QUEUE), schema.direct_queue_id(DIRECT)]
        for schema in (empty, full)
    }
    ours = queue_ids[full.prefix]
    bench.say(f"  {waiting:,} waiting rows")
    full.fill(waiting, ours, due=f"{NOW} + INTERVAL 1 DAY", say=bench.say)

    numbers = itertools.count()

    def create(schema: Schema) -> None:
        for number in itertools.islice(numbers, SINGLES):
            calls.create(schema.conn, NAME, PAYLOAD, INTERVAL, QUEUE, order_no=f"8974{number:09}")

    steps: list[tuple[str, int, Callable[[Schema], object]]] = [
        ("scan", BATCH, claim),
        ("take", BATCH, lambda schema: bool(take_batch(schema, DIRECT))),
        ("create", SINGLES, create),
    ]
    figures = []
    for already, finished in itertools.pairwise((0, *sizes)):
        bench.say(f"  {finished:,} finished rows")
        full.fill(
            finished - already, ours, lane="0", status=0, due=f"{END} - INTERVAL 300 DAY",
            say=bench.say,
        )  # fmt: skip
        for schema in (empty, full):
            schema.fill(2 * (rounds + warm_up) * BATCH, queue_ids[schema.prefix])
            schema.sql("ANALYZE TABLE {table}")
        bench.settle()
        for name, count, step in steps:
            pair = interleaved(partial(step, full), partial(step, empty), rounds, warm_up)
            figure = pair.figure(
                f"{name} beside {finished:,}",
                count,
                "tasks/s",
                floor_is="in an empty schema",
                reach=LIMIT,
                at_most=True,
                of_ratio=True,
                note=f"finished rows, and {waiting:,} waiting ones; ratio of the times",
            )
            figures.append(figure.slower([1 / speed for speed in pair.speeds()]))
    return figures
