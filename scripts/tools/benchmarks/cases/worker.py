"""The worker: how fast it drains a queue of no-op tasks, and how soon a handler sees a new task."""

from __future__ import annotations

import itertools
import time

from redis import Redis

from qtask_db import NewTask, calls
from qtask_db.client import Client
from qtask_db.database import Database
from qtask_db.relay import Relay
from qtask_db.worker import Job, Worker

from ..bench import INTERVAL, NAME, NOW, PAYLOAD, Bench, Schema
from ..child import Child
from ..figure import Figure, Pair, at, no_collector, timed_once

BATCH = 1_000
PATIENCE = 60.0
QUEUE, PROBE, TIMER = "NOOP", "PROBE", "PROBE-FLOOR"
SET = {
    "start": f"status = 30, attempts = attempts + 1, batch_id = 1, started_at = {NOW}, "
    f"due_at = {NOW} + INTERVAL {INTERVAL} SECOND",
    "finish": f"lane = 0, status = 0, ended_at = {NOW}, due_at = {NOW}",
}
LIMIT = 3.0
"""Milliseconds that a task may take longer than a bare message."""


def worker(bench: Bench) -> list[Figure]:
    """Started and finished durably, by one process; against the same two UPDATEs by key."""
    rounds, count = (2, 5_000) if bench.quick else (5, 40_000)
    schema, floor = bench.schema("bworker_"), bench.schema("bworkraw_")
    redis = bench.redis()
    redis.flushdb()
    pair = Pair()
    for number in range(-1, rounds):
        _queue(bench, schema, count)
        drained = Child(_drain, bench.database_url, bench.redis_url, schema.prefix, count).result()
        updated = updates(floor, count)
        if number >= 0:
            pair.ours.append(drained)
            pair.floor.append(updated)
    share = pair.figure(
        "worker", count, "tasks/s", floor_is="two UPDATEs by key", reach=0.5, of_ratio=True
    )
    return [share, Figure("worker, rate", share.measured, "tasks/s", reach=12_000.0)]


def idle(bench: Bench) -> list[Figure]:
    """From creating a real-time task until its handler runs, nothing else going on."""
    count = 100 if bench.least else 1_000
    schema = bench.schema("bidle_")
    bench.settle()
    redis = bench.redis()
    redis.flushdb()
    handler = Child(note_starts, bench.database_url, bench.redis_url, schema.prefix, count)
    client = Client(schema.database, bench.redis_url)
    created = {}
    with client, no_collector():
        for _ in range(count):
            time.sleep(0.005)
            began = time.time()
            created[client.create(NAME, PAYLOAD, INTERVAL, PROBE).task_id] = began
    started = dict(handler.result())
    ours = [1000 * (started[task_id] - began) for task_id, began in created.items()]

    # The floor leaves out the commits of the task and of its start: those are the database's time.
    consumer = Child(_note_messages, bench.redis_url, count)
    pushed = []
    with no_collector():
        for number in range(count):
            time.sleep(0.005)
            pushed.append(time.time())
            redis.rpush(TIMER, number)
    floor = [1000 * (at - pushed[number]) for number, at in consumer.result()]
    more = at(ours, 0.99) - at(floor, 0.99)
    return [
        Figure(
            f"create to handler, {name}",
            at(ours, share),
            "ms",
            floor=at(floor, share),
            floor_is="a bare message",
            note=note,
        )
        for name, share, note in (("p50", 0.5, ""), ("p99", 0.99, f"{more:.1f} ms more"))
    ] + [Figure("create to handler, p99 more", more, "ms", reach=LIMIT, at_most=True)]


def _queue(bench: Bench, schema: Schema, count: int) -> None:
    """Due tasks, moved to Redis by a relay that is gone afterwards."""
    tasks = [NewTask(NAME, PAYLOAD, INTERVAL, QUEUE, delay=0, delete_deadline=600)] * BATCH
    for _ in range(count // BATCH):
        calls.create_many(schema.conn, tasks)
    redis = bench.redis()
    relay = Relay(schema.database, bench.redis_url, purge=False)
    relay.start()
    until = time.monotonic() + PATIENCE
    while redis.llen(QUEUE) < count:
        if time.monotonic() > until:
            raise RuntimeError(f"{redis.llen(QUEUE)} of {count} messages have arrived")
        time.sleep(0.05)
    relay.stop()


def _drain(url: str, redis_url: str, prefix: str, count: int) -> float:
    """Runs a worker until it has finished them all; seconds from the first start."""
    worker = Worker(Database(url, prefix=prefix), redis_url)
    began: list[float] = []

    @worker.handler(QUEUE)
    def handle(_job: Job) -> None:
        if not began:
            began.append(time.perf_counter())

    worker.start()
    until = time.monotonic() + PATIENCE
    while worker.counters.finished < count and time.monotonic() < until:
        time.sleep(0.002)
    seconds = time.perf_counter() - began[0]
    worker.stop()
    if worker.counters.finished != count:
        raise RuntimeError(f"{worker.counters.finished} of {count} tasks were finished")
    return seconds


def updates(schema: Schema, count: int) -> float:
    """Seconds of two UPDATEs by key, by batches."""
    schema.sql("DELETE FROM {table}")
    schema.fill(count, [schema.queue_id(QUEUE)])
    ids = iter([str(row[0]) for row in schema.sql("SELECT task_id FROM {table} ORDER BY task_id")])
    chunks = [", ".join(itertools.islice(ids, BATCH)) for _ in range(count // BATCH)]

    def update() -> None:
        for values in SET.values():
            for chunk in chunks:
                schema.sql(f"UPDATE {{table}} SET {values} WHERE task_id IN ({chunk})")

    return timed_once(update)


def note_starts(
    url: str, redis_url: str | None, prefix: str, count: int, queue: str = PROBE
) -> list[tuple[int, float]]:
    """Runs a worker until it has seen so many tasks; their ids and when their handlers began."""
    worker = Worker(Database(url, prefix=prefix), redis_url)
    found: list[tuple[int, float]] = []

    @worker.handler(queue)
    def handle(job: Job) -> None:
        found.append((job.task_id, time.time()))

    with no_collector():
        worker.start()
        until = time.monotonic() + PATIENCE
        while len(found) < count and time.monotonic() < until:
            time.sleep(0.01)
        worker.stop()
    return found


def _note_messages(url: str, count: int) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    with Redis.from_url(url) as redis, no_collector():
        while len(found) < count and (popped := redis.blpop([TIMER], timeout=10)):
            found.append((int(popped[1]), time.time()))
    return found
