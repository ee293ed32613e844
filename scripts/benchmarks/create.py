"""Creating tasks, against plain INSERTs of the same rows into the same table."""

from __future__ import annotations

import itertools
import json

from qtask_db import NewTask, calls

from .bench import COLUMNS, INTERVAL, NAME, PAYLOAD, VALUES, Bench
from .figure import Figure, interleaved

QUEUE = "BENCH"
OBJECT = json.loads(PAYLOAD)
SINGLES = 50
BATCH = 1_000


def create(bench: Bench) -> list[Figure]:
    """One task, in a transaction of its own."""
    schema = bench.schema("bcreate_")
    conn, queue_id = schema.conn, schema.queue_id(QUEUE)
    insert = f"INSERT INTO {schema.table} ({COLUMNS}) VALUES {VALUES}"
    numbers = itertools.count()

    def ours() -> None:
        for number in itertools.islice(numbers, SINGLES):
            calls.create(conn, NAME, OBJECT, INTERVAL, QUEUE, order_no=f"8973{number:09}")

    def plain() -> None:
        for number in itertools.islice(numbers, SINGLES):
            row = (queue_id, queue_id, NAME, f"8973{number:09}", PAYLOAD, INTERVAL)
            with conn.raw.cursor() as cursor:
                cursor.execute(insert, row)

    pair = interleaved(ours, plain, 12 if bench.quick else 40, warm_up=2)
    return [
        pair.figure(
            "create", SINGLES, "tasks/s", floor_is="INSERT of the row", reach=0.85, of_ratio=True
        )
    ]


def create_many(bench: Bench) -> list[Figure]:
    """A thousand tasks in one call; those without an order number are told, too."""
    schema = bench.schema("bcreate_")
    conn, queue_id = schema.conn, schema.queue_id(QUEUE)
    rows = f"INSERT INTO {schema.table} ({COLUMNS}) VALUES {', '.join([VALUES] * BATCH)}"
    numbers = itertools.count()

    def batch(ordered: bool) -> None:
        many = itertools.islice(numbers, BATCH)
        order_nos = (f"4711{number:09}" if ordered else None for number in many)
        calls.create_many(
            conn, [NewTask(NAME, OBJECT, INTERVAL, QUEUE, order_no=each) for each in order_nos]
        )

    def plain(ordered: bool) -> None:
        many = itertools.islice(numbers, BATCH)
        order_nos = (f"4711{number:09}" if ordered else None for number in many)
        row = (queue_id, queue_id, NAME)
        with conn.raw.cursor() as cursor:
            cursor.execute(rows, [v for each in order_nos for v in (*row, each, PAYLOAD, INTERVAL)])

    rounds = 6 if bench.quick else 20
    figures = []
    for name, ordered, reach in (
        ("create_many", True, 0.7),
        ("create_many, no order_no", False, None),
    ):
        pair = interleaved(
            lambda ordered=ordered: batch(ordered), lambda ordered=ordered: plain(ordered), rounds
        )
        figures.append(
            pair.figure(
                name, BATCH, "tasks/s", floor_is="INSERT of the rows", reach=reach, of_ratio=True
            )
        )
    return figures
