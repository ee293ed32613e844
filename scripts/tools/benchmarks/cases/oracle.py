"""The life of tasks on Oracle: single calls against the least that a round trip with a commit can
do, bulk calls for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median

from qtask_db import Connection, Database, NewTask, calls, install

from ..bench import INTERVAL, NAME, PAYLOAD, Bench
from ..figure import Figure, interleaved, middle, timed_once

PREFIX = "bench_"
SINGLES = 50
BATCH = 1_000


def life(bench: Bench) -> list[Figure]:
    """create, processing and finish one by one; create_many, scan with its confirm, finish_many."""
    with _schema(bench) as conn:
        rounds = 8 if bench.quick else 30
        return [*_singles(conn, rounds), *_bulk(conn, rounds)]


@contextmanager
def _schema(bench: Bench) -> Iterator[Connection]:
    """A schema of its own, which is gone afterwards."""
    install.install(bench.database_url, {"prefix": PREFIX}, report=lambda _: None)
    try:
        with Database(bench.database_url, prefix=PREFIX).connect() as conn:
            yield conn
    finally:
        install.uninstall(bench.database_url, PREFIX, report=lambda _: None)


def _singles(conn: Connection, rounds: int) -> list[Figure]:
    tasks: list[int] = []
    orders = count()

    def create() -> None:
        for _ in range(SINGLES):
            order_no = f"8973{next(orders):09}"
            task = calls.create(conn, NAME, PAYLOAD, INTERVAL, "ONE", order_no=order_no)
            tasks.append(task.task_id)

    def each(call: Callable[[Connection, int], object]) -> Callable[[], object]:
        left = iter(tasks)
        return lambda: [call(conn, next(left)) for _ in range(SINGLES)]

    def touch() -> None:
        with conn.raw.cursor() as cursor:
            for number in range(SINGLES):
                cursor.execute(
                    f"UPDATE {PREFIX}setting SET value = :1 WHERE name = 'push_grace'",
                    (str(1 + number % 9),),
                )

    figures = []
    for name, work in (
        ("create", None),
        ("processing", calls.processing),
        ("finish", calls.finish),
    ):
        pair = interleaved(each(work) if work else create, touch, rounds)
        figures.append(pair.figure(name, SINGLES, "tasks/s", floor_is="UPDATE of one row, by key"))
    return figures


def _bulk(conn: Connection, rounds: int) -> list[Figure]:
    new = [NewTask(NAME, PAYLOAD, INTERVAL, "MANY", delay=0)] * BATCH
    created, scanned, finished = [], [], []
    started: list[tuple[int, int | None]] = []

    def scan() -> None:
        batch = calls.scan(conn, "bench", limit=BATCH)
        if batch.batch_id is None or len(batch.messages) != BATCH:
            raise RuntimeError(f"a scan found {len(batch.messages)} of {BATCH} due tasks")
        calls.confirm(conn, batch.batch_id, "bench")
        started[:] = [(message.task_id, message.attempt) for message in batch.messages]

    for _ in range(rounds):
        created.append(timed_once(lambda: calls.create_many(conn, new)))
        scanned.append(timed_once(scan))
        calls.processing_many(conn, started)
        finished.append(timed_once(lambda: calls.finish_many(conn, started)))
    return [
        Figure(
            name,
            BATCH / median(seconds),
            "tasks/s",
            spread=tuple(reversed([BATCH / each for each in middle(seconds)])),  # type: ignore[arg-type]
            note=f"{BATCH:,} a call",
        )
        for name, seconds in (
            ("create_many", created), ("scan and confirm", scanned), ("finish_many", finished)
        )
    ]  # fmt: skip
