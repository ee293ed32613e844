"""One relay and a large backlog, against the least that any relay has to do."""

from __future__ import annotations

import itertools
import time

from qtask_db.relay import Relay

from .bench import INTERVAL, NOW, Bench, Schema
from .figure import Figure, interleaved

QUEUES = 4
BATCH = 1_000


def relay(bench: Bench) -> list[Figure]:
    """Due tasks a second from the database into Redis."""
    rounds, batches = (4, 10) if bench.quick else (10, 20)
    schema = bench.schema("brelay_")
    count = (rounds + 1) * (batches + 5) * BATCH  # it ends the batches at hand, too
    lanes = {}
    for namespace in ("ours", "floor"):
        lanes[namespace] = [schema.queue_id(f"{namespace}-{n}", namespace) for n in range(QUEUES)]
        bench.say(f"  {count:,} due tasks")
        schema.fill(count, lanes[namespace])
    schema.sql("ANALYZE TABLE {table}")
    redis = bench.redis()
    redis.flushdb()

    moving = Relay(schema.database, bench.redis_url, namespace="ours", purge=False)
    floor = Plain(schema, lanes["floor"], redis)

    def ours() -> float:
        """Starts it and stops it again; timed is what it moves in between, once it is warm."""
        moving.start(patient=True)
        began, first = _reach(moving, moving.counters.confirmed + 2 * BATCH)
        ended, last = _reach(moving, first + (batches - 2) * BATCH)
        moving.stop()
        return (ended - began) * batches * BATCH / (last - first)

    def plain() -> None:
        for _ in range(batches):
            floor.step()

    pair = interleaved(ours, plain, rounds)
    arrived = sum(int(redis.llen(f"ours-{n}")) for n in range(QUEUES))
    if arrived != moving.counters.confirmed:
        raise RuntimeError(f"{arrived} tasks are in Redis, not {moving.counters.confirmed}")
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


def _reach(relay: Relay, wanted: int) -> tuple[float, int]:
    """When a running relay has moved so many, and how many it has moved then."""
    until = time.perf_counter() + 60
    while (moved := relay.counters.confirmed) < wanted:
        if time.perf_counter() > until:
            raise RuntimeError(f"the relay has moved {moved} of {wanted} tasks")
        time.sleep(0.001)
    return time.perf_counter(), moved


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
