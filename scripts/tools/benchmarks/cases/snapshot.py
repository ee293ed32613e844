"""The cost of scans, takes, looks and purges after many transitions under one open snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import servers

from qtask_db import calls

from ..bench import INTERVAL, NOW, OPTIONS, Bench, Schema
from ..figure import Figure, interleaved, middle
from .direct.draining import take_batch
from .relay import BATCH, claim

CHUNK = 10_000
QUEUE, DIRECT = "SNAPSHOT", "DIRECT"


def snapshot(bench: Bench) -> list[Figure]:
    """Against a server of its own with the same history and no snapshot. The ratios are of the sums
    of all rounds: what is rare and slow counts.
    """
    rounds, transitions = (20, 300_000) if bench.quick else (100, 1_000_000)
    if bench.least:
        rounds, transitions = 5, 20_000
    server = bench.stack.enter_context(servers.start(bench.engine, options=OPTIONS, log=bench.say))
    plain = replace(bench, database_url=server.url, _schemas={}).schema("bsnap_")
    ours = bench.schema("bsnap_")
    reader = ours.connect()
    ours.sql("START TRANSACTION WITH CONSISTENT SNAPSHOT", conn=reader)
    for schema in (plain, ours):
        bench.say(f"  {transitions:,} transitions {'' if schema is ours else 'without a snapshot'}")
        lanes = [schema.queue_id(QUEUE), schema.direct_queue_id(DIRECT)]
        for lane in lanes:
            _live(schema, lane, transitions // 3)
        schema.fill(4 * (rounds + 4) * BATCH, lanes)
        schema.sql("ANALYZE TABLE {table}")
    note = f"{transitions:,} transitions of either queue; ratio of the times"
    steps: list[tuple[str, int, Callable[[Schema], object]]] = [
        ("scan", BATCH, claim),
        ("take", BATCH, lambda schema: take_batch(schema, DIRECT)),
        ("scan and purge", BATCH, _claim_finish_purge),
        ("take and purge", BATCH, _take_finish_purge),
    ]
    figures = [
        _compare(name, count, step, ours, plain, rounds, note) for name, count, step in steps
    ]
    for schema in (plain, ours):
        schema.sql(f"UPDATE {{table}} SET due_at = {NOW} + INTERVAL 1 DAY")
    idle: list[tuple[str, Callable[[Schema], object]]] = [
        ("next_due", lambda schema: calls.next_due(schema.conn)),
        ("scan of nothing", lambda schema: calls.scan(schema.conn, "bench")),
        ("take of nothing", lambda schema: calls.take(schema.conn, "bench", [DIRECT], BATCH)),
    ]
    figures += [_compare(name, 1, step, ours, plain, 3 * rounds, note) for name, step in idle]
    ours.sql("COMMIT", conn=reader)
    return figures


def _compare(
    name: str,
    count: int,
    step: Callable[[Schema], object],
    ours: Schema,
    plain: Schema,
    rounds: int,
    note: str,
) -> Figure:
    # If a step returned a float, it would be taken for the seconds that the step took.
    pair = interleaved(lambda: bool(step(ours)), lambda: bool(step(plain)), rounds, warm_up=2)
    figure = pair.figure(
        f"{name} under a snapshot",
        count,
        "tasks/s" if count > 1 else "calls/s",
        floor_is="without",
        reach=2,
        at_most=True,
        of_ratio=True,
        note=note,
    )
    return replace(
        figure,
        measured=count * rounds / sum(pair.ours),
        floor=count * rounds / sum(pair.floor),
        ratio=sum(pair.ours) / sum(pair.floor),
        spread=middle([1 / speed for speed in pair.speeds()]),
    )


def _live(schema: Schema, lane: int, tasks: int) -> None:
    """Tasks that were due one after the other are started, finished and purged."""
    schema.fill(tasks, [lane], due=f"{NOW} - INTERVAL 2 HOUR")
    first, last = schema.sql("SELECT MIN(task_id), MAX(task_id) FROM {table}")[0]
    schema.sql("SET SESSION sql_log_bin = 0")
    for change in (
        "UPDATE {table} SET status = 30, attempts = 1, batch_id = -1, started_at = due_at, "
        f"due_at = due_at + INTERVAL {2 * INTERVAL + INTERVAL} SECOND",
        f"UPDATE {{table}} SET lane = 0, status = 0, ended_at = {NOW}, due_at = {NOW}",
        "DELETE FROM {table}",
    ):
        for low in range(first, last + 1, CHUNK):
            schema.sql(f"{change} WHERE task_id BETWEEN {low} AND {low + CHUNK - 1}")
    schema.sql("SET SESSION sql_log_bin = 1")


def _claim_finish_purge(schema: Schema) -> None:
    batch = calls.scan(schema.conn, "bench", limit=BATCH)
    calls.confirm(schema.conn, batch.batch_id or 0, "bench")
    calls.processing_many(schema.conn, [(m.task_id, m.attempt) for m in batch.messages])
    calls.finish_many(schema.conn, [(m.task_id, m.attempt) for m in batch.messages])
    if calls.purge(schema.conn, BATCH) != BATCH:
        raise RuntimeError("a purge did not find what had just been finished")


def _take_finish_purge(schema: Schema) -> None:
    calls.finish_many(schema.conn, take_batch(schema, DIRECT))
    if calls.purge(schema.conn, BATCH) != BATCH:
        raise RuntimeError("a purge did not find what had just been finished")
