"""Bulk start and finish, against plain statements by primary key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from qtask_db import calls

from ..bench import INTERVAL, NOW, Bench, Schema
from ..figure import Figure, interleaved

BATCH = 1_000
QUEUE = "BULK"
START = (
    f"UPDATE {{table}} SET status = 30, attempts = attempts + 1, batch_id = 1, started_at = {NOW}, "
    f"due_at = {NOW} + INTERVAL {INTERVAL} SECOND WHERE lane <> 0 AND task_id IN ({{ids}})"
)
FINISH = (
    f"UPDATE {{table}} SET lane = 0, status = 0, ended_at = {NOW}, due_at = {NOW} "
    "WHERE status = 30 AND task_id IN ({ids})"
)


def bulk(bench: Bench) -> list[Figure]:
    """Rows a second of each; for information."""
    rounds, warm_up = (6, 1) if bench.quick else (20, 2)
    schema = bench.schema("bbulk_")
    queue_id = schema.queue_id(QUEUE)
    schema.fill(2 * (rounds + warm_up) * BATCH, [queue_id])
    ids = [row[0] for row in schema.sql("SELECT task_id FROM {table} ORDER BY task_id")]
    batches = [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]
    ours, plain = batches[0::2], batches[1::2]
    conn = schema.conn
    steps: list[tuple[str, str, Callable[[list[int]], object], str]] = [
        ("start_tasks", "UPDATE by key", lambda b: calls.processing_many(conn, _first(b)), START),
        ("finish_tasks", "UPDATE by key", lambda b: calls.finish_many(conn, _first(b)), FINISH),
    ]
    figures = []
    for name, floor_is, call, statement in steps:
        pair = interleaved(
            partial(_next, call, iter(ours)),
            partial(_next, partial(_plain, schema, statement), iter(plain)),
            rounds,
            warm_up,
        )
        figures.append(pair.figure(name, BATCH, "rows/s", floor_is=floor_is))
    rest = schema.sql("SELECT COUNT(*) FROM {table} WHERE lane <> 0")[0][0]
    if rest:
        raise RuntimeError(f"{rest} rows were not started and finished")
    return figures


def _next(call: Callable[[list[int]], object], left: Iterator[list[int]]) -> None:
    call(next(left))


def _first(batch: list[int]) -> list[tuple[int, int]]:
    return [(task_id, 1) for task_id in batch]


def _plain(schema: Schema, statement: str, batch: list[int]) -> None:
    schema.sql(statement.replace("{ids}", _list(batch)))


def _list(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids))
