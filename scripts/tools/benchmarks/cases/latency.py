"""From a task's due time until a consumer has its message, at a steady load.

The clock is the machine's: the database's for the due time, the consumer's for the arrival. Before
a message may leave, its claim must be on the disk, so the disk's own delays are told, too.
"""

from __future__ import annotations

import datetime
import json
import os
import threading
import time
from pathlib import Path

from processes import Command
from redis import Redis

from qtask_db import NewTask, calls
from qtask_db.database import Database

from ..bench import INTERVAL, NAME, PAYLOAD, Bench
from ..child import Child
from ..figure import Figure, at, no_collector, percentiles

RATE = 1_000
BATCH = 5
DELAY = 1
LIMITS = {0.5: 10.0, 0.99: 40.0}
QUEUE, TIMER = "LATENCY", "TIMER"


def latency(bench: Bench) -> list[Figure]:
    """1,000 delayed tasks a second, created while others are moved; not told: the first second."""
    seconds = 2 if bench.quick else 20
    schema = bench.schema("blatency_")
    schema.queue_id(QUEUE)
    bench.settle()
    redis = bench.redis()
    redis.flushdb()
    floor = _timer(bench, seconds / 4)

    log = bench.folder / "relay.log"
    count = RATE * (seconds + 1)
    disk = _Disk(bench.folder / "synced")
    with disk, Command("relay", environment=bench.environment(schema), log=log) as relay:
        relay.wait_for(" started")
        consumer = Child(_consume, bench.redis_url, QUEUE, count)
        producer = Child(_produce, bench.database_url, schema.prefix, count)
        took = producer.result()
        arrived = dict(consumer.result())
        relay.check()
    floor += _timer(bench, seconds / 4)

    rows = schema.sql("SELECT task_id, created_at FROM {table} ORDER BY task_id")
    late = [1000 * (arrived[i] - _due(created)) for i, created in rows[RATE:] if i in arrived]
    if len(arrived) != count:
        raise RuntimeError(f"{len(arrived)} of {count} messages arrived")
    rate = count / took
    note = f"{rate:.0f} tasks/s" + (", the producer was too slow" if rate < 0.95 * RATE else "")
    note += (
        f"; the disk's own delay: p99 {at(disk.took, 0.99):.0f}, longest {max(disk.took):.0f} ms"
    )
    figures = []
    for share, reach in LIMITS.items():
        ours, timer = at(late, share), at(floor, share)
        figures.append(
            Figure(
                f"latency, p{100 * share:.0f}",
                ours,
                "ms",
                floor=timer,
                floor_is="RPUSH by a timer",
                ratio=ours / timer,
                reach=reach,
                at_most=True,
                note=note,
                percentiles=percentiles(late),
            )
        )
    return figures


def _timer(bench: Bench, seconds: float) -> list[float]:
    """The same without a database: what this machine's clock and Redis allow now."""
    count = int(RATE * seconds)
    consumer = Child(_consume, bench.redis_url, TIMER, count)
    due = Child(_push_on_time, bench.redis_url, count).result()
    return [1000 * (arrived - due[number]) for number, arrived in consumer.result()]


class _Disk:
    """How long a small write takes until it is on the disk: milliseconds, fifty times a second."""

    def __init__(self, path: Path) -> None:
        self.took: list[float] = []
        self._path = path
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _write(self) -> None:
        with self._path.open("wb", buffering=0) as file:
            while not self._done.wait(0.02):
                began = time.perf_counter()
                file.write(bytes(4096))
                os.fdatasync(file.fileno())
                self.took.append(1000 * (time.perf_counter() - began))


def _consume(url: str, queue: str, count: int) -> list[tuple[int, float]]:
    """Task ids and when their messages arrived, in seconds since 1970."""
    found: list[tuple[bytes, float]] = []
    with Redis.from_url(url) as redis, no_collector():
        while len(found) < count:
            popped = redis.blpop([queue], timeout=10)
            if popped is None:
                break
            found.append((popped[1], time.time()))
    return [(json.loads(body)["task_id"], arrived) for body, arrived in found]


def _produce(url: str, prefix: str, count: int) -> float:
    """Creates tasks at the rate, all with the same delay; returns how long it took."""
    tasks = [NewTask(NAME, PAYLOAD, INTERVAL, QUEUE, DELAY)] * BATCH
    with Database(url, prefix=prefix).connect() as conn, no_collector():
        began = time.perf_counter()
        for number in range(0, count, BATCH):
            time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            calls.create_many(conn, tasks)
        return time.perf_counter() - began


def _push_on_time(url: str, count: int) -> list[float]:
    """Pushes a message when its time has come; returns the times."""
    with Redis.from_url(url) as redis, no_collector():
        redis.ping()
        due = [time.time() + 0.2 + number / RATE for number in range(count)]
        for number, seconds in enumerate(due):
            time.sleep(max(0.0, seconds - time.time()))
            redis.rpush(TIMER, f'{{"task_id": {number}}}')
    return due


def _due(created_at: datetime.datetime) -> float:
    return created_at.replace(tzinfo=datetime.timezone.utc).timestamp() + DELAY
