"""The cost of a task in each step: processor time of the server and of the client, and log.

These figures hold on a busy machine, too. scripts/bench scaling reckons with them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from qtask_db import NewTask, calls
from qtask_db.models import Message
from qtask_db.transport.queues import Queues

from ..bench import INTERVAL, NAME, PAYLOAD, Bench, Schema
from ..figure import Figure, no_collector
from .relay import BATCH

QUEUE = "COST"
SETTLES, QUICKLY = 3.0, 0.5
"""Seconds in which a server has done in the background what the step has left behind."""


def cost(bench: Bench) -> list[Figure]:
    """Of single creates and of bulk calls of 1,000; nothing else runs meanwhile."""
    if bench.database_pid is None:
        bench.say("  left out: the server is not a process of this machine")
        return []
    batches, settles = (10, QUICKLY) if bench.quick else (40, SETTLES)
    singles = 50 * batches
    schema, queues, redis = bench.schema("bcost_"), Queues(bench.redis_url), bench.redis()
    redis.flushdb()
    conn, queue_id = schema.conn, schema.queue_id(QUEUE)
    numbers = itertools.count()
    claimed: list[list[Message]] = []
    tasks: list[list[tuple[int, int]]] = []

    def create() -> None:
        for number in itertools.islice(numbers, singles):
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
            assert batch.batch_id is not None
            calls.confirm(conn, batch.batch_id, "bench")
            claimed.append(batch.messages)
            tasks.append([(message.task_id, message.attempt) for message in batch.messages])

    def push() -> None:
        for messages in claimed:
            queues.push(messages)

    def take() -> None:
        for _ in range(batches):
            queues.take([QUEUE], BATCH, 0)

    def start() -> None:
        for batch in tasks:
            calls.processing_many(conn, batch)

    def finish() -> None:
        for batch in tasks:
            calls.finish_many(conn, batch)

    def purge() -> None:
        for _ in range(batches):
            calls.purge(conn, BATCH)

    def of_redis() -> float:
        found = redis.info("cpu")
        return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])

    database = bench.database_seconds
    steps: list[tuple[Callable[[], None], Callable[[], float], int]] = [
        (create, database, singles),
        (create_many, database, batches * BATCH),
        (scan, database, batches * BATCH),
        (push, of_redis, batches * BATCH),
        (take, of_redis, batches * BATCH),
        (start, database, batches * BATCH),
        (finish, database, batches * BATCH),
        (purge, database, batches * BATCH),
    ]
    schema.sql("DELETE FROM {table}")
    figures = []
    for step, server, count in steps:
        if step is purge:
            schema.sql("UPDATE {table} SET due_at = created_at WHERE lane = 0")
            time.sleep(settles)
        log, processor, own = _log(schema), server(), time.process_time()
        with no_collector():
            step()
        client = time.process_time() - own
        time.sleep(settles)
        name = f"cost of {step.__name__}"
        figures += [
            Figure(f"{name}, server", 1e6 * (server() - processor) / count, "us"),
            Figure(f"{name}, client", 1e6 * client / count, "us"),
        ]
        if server is not of_redis:
            written = (_log(schema) - log) / count
            figures.append(Figure(f"{name}, log", written, "bytes", note="redo and binary"))
    rest = schema.sql(f"SELECT COUNT(*) FROM {{table}} WHERE queue_id = {queue_id}")[0][0]
    if rest:
        raise RuntimeError(f"{rest} tasks have not come to their end")
    return figures


def _log(schema: Schema) -> int:
    """Bytes that the server has written to its redo and its binary log."""
    redo = schema.sql("SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'")[0][1]
    return int(redo) + sum(int(row[1]) for row in schema.sql("SHOW BINARY LOGS"))
