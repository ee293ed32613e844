"""What the database server pays for a task: processor time and log, for each step of its life.

These hold on a busy machine, too, and are what docs/scaling.md reckons with.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

from qtask_db import NewTask, calls

from .bench import INTERVAL, NAME, PAYLOAD, Bench, Schema
from .figure import Figure
from .relay import BATCH

QUEUE = "COST"
SINGLES = 2_000
SETTLES = 3.0
"""Seconds in which the server has done in the background what the step has left behind."""
TICKS = os.sysconf("SC_CLK_TCK")


def cost(bench: Bench) -> list[Figure]:
    """Of single creates and of bulk calls of 1,000; nothing else runs meanwhile."""
    if bench.database_pid is None:
        bench.say("  left out: the server is no process of this machine")
        return []
    batches = 10 if bench.quick else 40
    schema = bench.schema("bcost_")
    conn, queue_id = schema.conn, schema.queue_id(QUEUE)
    numbers = itertools.count()
    claimed: list[list[tuple[int, int]]] = []

    def create() -> None:
        for number in itertools.islice(numbers, SINGLES):
            calls.delay(conn, NAME, PAYLOAD, 86_400, INTERVAL, "SINGLE", order_no=f"1{number:09}")

    def create_many() -> None:
        for _ in range(batches):
            calls.create_many(
                conn,
                [
                    NewTask(NAME, PAYLOAD, INTERVAL, QUEUE, delay=0, order_no=f"2{number:09}")
                    for number in itertools.islice(numbers, BATCH)
                ],
            )

    def scan() -> None:
        for _ in range(batches):
            batch = calls.scan(conn, "bench", limit=BATCH)
            calls.confirm(conn, batch.batch_id, "bench")
            claimed.append([(message.task_id, message.attempt) for message in batch.messages])

    def start() -> None:
        for tasks in claimed:
            calls.processing_many(conn, tasks)

    def finish() -> None:
        for tasks in claimed:
            calls.finish_many(conn, tasks)

    def purge() -> None:
        for _ in range(batches):
            calls.purge(conn, BATCH)

    steps: list[tuple[Callable[[], None], int]] = [
        (create, SINGLES),
        (create_many, batches * BATCH),
        (scan, batches * BATCH),
        (start, batches * BATCH),
        (finish, batches * BATCH),
        (purge, batches * BATCH),
    ]
    schema.sql("DELETE FROM {table}")
    figures = []
    for step, count in steps:
        if step is purge:
            schema.sql("UPDATE {table} SET due_at = created_at WHERE lane = 0")
            time.sleep(SETTLES)
        processor, log = _processor(bench), _log(schema)
        step()
        time.sleep(SETTLES)
        name = f"cost of {step.__name__}"
        figures += [
            Figure(f"{name}, processor", 1e6 * (_processor(bench) - processor) / count, "us"),
            Figure(f"{name}, log", (_log(schema) - log) / count, "bytes", note="redo and binary"),
        ]
    ended = schema.sql(f"SELECT COUNT(*) FROM {{table}} WHERE queue_id = {queue_id}")[0][0]
    if ended:
        raise RuntimeError(f"{ended} tasks have not come to their end")
    return figures


def _processor(bench: Bench) -> float:
    """Seconds that the server has computed."""
    text = Path(f"/proc/{bench.database_pid}/stat").read_text()
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def _log(schema: Schema) -> int:
    """Bytes that the server has written to its redo and its binary log."""
    redo = schema.sql("SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'")[0][1]
    return int(redo) + sum(int(row[1]) for row in schema.sql("SHOW BINARY LOGS"))
