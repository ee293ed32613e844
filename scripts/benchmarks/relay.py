"""One relay and a large backlog, against the least that any relay has to do."""

from __future__ import annotations

import itertools

from qtask_db.relay import Relay

from .bench import INTERVAL, NOW, Bench, Schema
from .figure import Figure, interleaved

QUEUES = 4
BATCH = 1_000
GROWING = (100, 200, 400, 800)
"""A relay's first batches: it grows them as it learns how large the payloads are."""


def relay(bench: Bench) -> list[Figure]:
    """Due tasks a second from the database into Redis."""
    rounds, batches = (4, 5) if bench.quick else (20, 5)
    schema = bench.schema("brelay_")
    count = (rounds + 1) * batches * BATCH + sum(GROWING)
    lanes = {}
    for namespace in ("ours", "floor"):
        lanes[namespace] = [schema.queue_id(f"{namespace}-{n}", namespace) for n in range(QUEUES)]
        bench.say(f"  {count:,} due tasks")
        schema.fill(count, lanes[namespace])
    schema.sql("ANALYZE TABLE {table}")
    redis = bench.redis()
    redis.flushdb()

    moving = Relay(schema.database, bench.redis_url, namespace="ours", purge=False)
    bench.stack.callback(moving.close)
    for _ in GROWING:
        moving.step()
    floor = Plain(schema, lanes["floor"], redis)

    def ours() -> None:
        for _ in range(batches):
            moving.step()

    def plain() -> None:
        for _ in range(batches):
            floor.step()

    pair = interleaved(ours, plain, rounds)
    arrived = sum(int(redis.llen(f"ours-{n}")) for n in range(QUEUES))
    if arrived != count or moving.counters.confirmed != count:
        raise RuntimeError(f"{arrived} of {count} tasks are in Redis")
    redis.flushdb()
    return [
        pair.figure(
            "relay",
            batches * BATCH,
            "tasks/s",
            floor_is="SELECT, UPDATE, COMMIT, RPUSH",
            reach=25_000.0,
            note=f"backlog of {count:,} in {QUEUES} queues",
        )
    ]


class Plain:
    """Takes a queue's due rows, moves their time, commits, pushes: no journal, no checks."""

    def __init__(self, schema: Schema, lanes: list[int], redis) -> None:
        self._schema = schema
        self._lanes = itertools.cycle(lanes)
        self._redis = redis
        self._conn = schema.connect()
        schema.sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", conn=self._conn)

    def step(self) -> None:
        lane = next(self._lanes)
        sql, conn = self._schema.sql, self._conn
        sql("START TRANSACTION", conn=conn)
        rows = sql(
            "SELECT task_id, attempts + 1, payload FROM {table} FORCE INDEX (due) "
            f"WHERE lane = {lane} AND due_at <= {NOW} ORDER BY due_at LIMIT {BATCH} "
            "FOR UPDATE SKIP LOCKED",
            conn=conn,
        )
        ids = ", ".join(str(row[0]) for row in rows)
        sql(
            f"UPDATE {{table}} SET due_at = {NOW} + INTERVAL {INTERVAL} SECOND, batch_id = 1 "
            f"WHERE task_id IN ({ids})",
            conn=conn,
        )
        sql("COMMIT", conn=conn)
        texts = (f'{{"task_id": {i}, "task_attempt": {a}, {payload[1:]}' for i, a, payload in rows)
        self._redis.rpush(f"floor-{lane}", *texts)
