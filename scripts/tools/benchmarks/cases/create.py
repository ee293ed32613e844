"""Creating tasks, against plain INSERTs of the same rows into the same table."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from qtask_db import NewTask, calls
from qtask_db.database import Connection

from ..bench import COLUMNS, INTERVAL, NAME, PAYLOAD, VALUES, Bench
from ..figure import Figure, interleaved

QUEUE = "BENCH"
SINGLES = 50
CONNECTIONS = 8
BATCH = 1_000


def create(bench: Bench) -> list[Figure]:
    """One task, in a transaction of its own; by one caller and by several at once."""
    schema = bench.schema("bcreate_")
    queue_id = schema.queue_id(QUEUE)
    insert = f"INSERT INTO {schema.table} ({COLUMNS}) VALUES {VALUES}"
    numbers = itertools.count()

    def ours(conn: Connection) -> None:
        for number in itertools.islice(numbers, SINGLES):
            calls.create(conn, NAME, PAYLOAD, INTERVAL, QUEUE, order_no=f"8973{number:09}")

    def plain(conn: Connection) -> None:
        for number in itertools.islice(numbers, SINGLES):
            row = (queue_id, queue_id, NAME, f"8973{number:09}", PAYLOAD, INTERVAL)
            with conn.raw.cursor() as cursor:
                cursor.execute(insert, row)

    figures = []
    for connections in (1, CONNECTIONS):
        conns = [schema.connect() for _ in range(connections)]
        with ThreadPoolExecutor(connections) as pool:

            def at_once(
                work: Callable[[Connection], None],
                pool: ThreadPoolExecutor = pool,
                conns: list[Connection] = conns,
            ) -> None:
                list(pool.map(work, conns))

            pair = interleaved(
                partial(at_once, ours),
                partial(at_once, plain),
                8 if bench.quick else 40,
                warm_up=2,
            )
        figures.append(
            pair.figure(
                "create" if connections == 1 else f"create, {connections} connections",
                connections * SINGLES,
                "tasks/s",
                floor_is="INSERT of the row",
                reach=0.9,
                of_ratio=True,
            )
        )
    return figures


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
            conn, [NewTask(NAME, PAYLOAD, INTERVAL, QUEUE, order_no=each) for each in order_nos]
        )

    def plain(ordered: bool) -> None:
        many = itertools.islice(numbers, BATCH)
        order_nos = (f"4711{number:09}" if ordered else None for number in many)
        row = (queue_id, queue_id, NAME)
        with conn.raw.cursor() as cursor:
            cursor.execute(rows, [v for each in order_nos for v in (*row, each, PAYLOAD, INTERVAL)])

    rounds = 6 if bench.quick else 20
    figures = []
    for name, ordered in (("create_many", True), ("create_many, no order_no", False)):
        pair = interleaved(partial(batch, ordered), partial(plain, ordered), rounds)
        figures.append(
            pair.figure(
                name, BATCH, "tasks/s", floor_is="INSERT of the rows", reach=0.95, of_ratio=True
            )
        )
    return [*figures, Figure("create_many, rate", figures[0].measured, "tasks/s", reach=35_000.0)]


def create_one_by_one(
    conn: Connection, seconds: float, over: threading.Event | None = None
) -> list[float]:
    """One task after another in a queue that nobody looks at, until `over` is set at the latest;
    seconds that each took.
    """
    took = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until and not (over and over.is_set()):
        calls.delay(conn, NAME, PAYLOAD, 86_400, INTERVAL, "QUIET")
        took.append(time.perf_counter() - began)
    return took
