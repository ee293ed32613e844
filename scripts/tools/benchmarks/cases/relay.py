"""Due tasks on their way into Redis: the claim, one relay, two relays."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack
from pathlib import Path

from processes import Command
from redis import Redis

from qtask_db import calls

from ..bench import INTERVAL, NOW, Bench, Schema
from ..figure import Figure, Pair, interleaved, no_collector

QUEUES = 4
BATCH = 1_000
PATIENCE = 60.0
UPDATE = (
    f"UPDATE {{table}} SET lane = queue_id, batch_id = 1, ended_at = {NOW}, "
    f"due_at = LEAST({NOW} + INTERVAL {INTERVAL} SECOND, deadline_at) "
    "WHERE task_id IN ({ids})"
)
SELECT = "SELECT task_id, attempts + 1, queue_id, payload FROM {table} WHERE task_id IN ({ids})"


def scan(bench: Bench) -> list[Figure]:
    """Scans of 1,000, each confirmed, against as many rows changed and read by primary key."""
    rounds, warm_up = (10, 2) if bench.quick else (40, 4)
    ours, plain = bench.schema("bscan_"), bench.schema("bscanraw_")
    for schema in (ours, plain):
        schema.fill((rounds + warm_up) * BATCH, [schema.queue_id("SCAN")])
        schema.sql("ANALYZE TABLE {table}")
    ids = iter([str(row[0]) for row in plain.sql("SELECT task_id FROM {table} ORDER BY due_at")])

    def by_key() -> None:
        chunk = ", ".join(itertools.islice(ids, BATCH))
        plain.sql(UPDATE.replace("{ids}", chunk))
        if len(plain.sql(SELECT.replace("{ids}", chunk))) != BATCH:
            raise RuntimeError("the floor has run out of tasks")

    pair = interleaved(lambda: claim(ours), by_key, rounds, warm_up)
    return [
        pair.figure(
            "scan",
            BATCH,
            "tasks/s",
            floor_is="UPDATE and SELECT by key",
            reach=0.8,
            of_ratio=True,
            note="confirm included",
        )
    ]


def relay(bench: Bench) -> list[Figure]:
    """`qtask relay`, one and two of them, and scans without a relay, each with its own backlog."""
    rounds, moved, ahead = (2, 8_000, 3) if bench.quick else (6, 40_000, 8)
    schema = bench.schema("brelay_")
    redis = bench.redis()
    redis.flushdb()
    backlog = moved + moved // 2
    seconds: dict[str, list[float]] = {"alone": [], "one": [], "two": []}
    for number in range(rounds):
        bench.say(f"  round {number + 1} of {rounds}")
        for case, took in seconds.items():
            namespace = f"{case}-{number}"
            lanes = [schema.queue_id(f"{namespace}-{n}", namespace) for n in range(QUEUES)]
            bench.settle()
            due, due_at = schema.moment(ahead)
            schema.fill(backlog, lanes, due=due, apart=0)
            with ExitStack() as stack:
                for relay in range({"alone": 0, "one": 1, "two": 2}[case]):
                    log = bench.folder / f"relay-{namespace}-{relay}.log"
                    stack.enter_context(_relay(bench, schema, namespace, log)).wait_for(" started")
                wait_until(due_at)
                if case == "alone":
                    took.append(_scans(schema, namespace, moved))
                else:
                    took.append(_moves(redis, namespace, moved))
            redis.flushdb()
    one = Pair(seconds["one"], seconds["alone"])
    two = Pair(seconds["two"], seconds["one"])
    single = one.figure(
        "relay", moved, "tasks/s", floor_is="the scans alone", reach=0.85, of_ratio=True
    )
    return [
        single,
        Figure("relay, rate", single.measured, "tasks/s", reach=25_000.0),
        two.figure("two relays", moved, "tasks/s", floor_is="one relay", reach=1.5, of_ratio=True),
    ]


def wait_until(due_at: float) -> None:
    """For a due time; what has to be ready by then must be so."""
    left = due_at - time.time()
    if left < 0:
        raise RuntimeError("the tasks were due before all was ready")
    time.sleep(left)


def claim(schema: Schema, namespace: str | None = None) -> None:
    """One scan of a full batch, confirmed."""
    batch = calls.scan(schema.conn, "bench", limit=BATCH, namespace=namespace)
    if batch.batch_id is None or len(batch.messages) != BATCH:
        raise RuntimeError(f"a scan found {len(batch.messages)} due tasks")
    calls.confirm(schema.conn, batch.batch_id, "bench")


def _scans(schema: Schema, namespace: str, count: int) -> float:
    with no_collector():
        began = time.perf_counter()
        for _ in range(count // BATCH):
            claim(schema, namespace)
        return time.perf_counter() - began


def _relay(bench: Bench, schema: Schema, namespace: str, log: Path) -> Command:
    arguments = ("--namespace", namespace, "--queue-limit", "1000000", "--no-purge")
    return Command("relay", *arguments, environment=bench.environment(schema), log=log)


def _moves(redis: Redis, namespace: str, count: int) -> float:
    """Seconds for so many messages to arrive, once some are there."""
    warm, began = _arrived(redis, namespace, count // 8)
    arrived, ended = _arrived(redis, namespace, warm + count)
    return (ended - began) * count / (arrived - warm)


def _arrived(redis: Redis, namespace: str, wanted: int) -> tuple[int, float]:
    """How many messages there are when there are so many, and when that was."""
    until = time.perf_counter() + PATIENCE
    while True:
        with redis.pipeline(transaction=False) as pipeline:
            for number in range(QUEUES):
                pipeline.llen(f"{namespace}-{number}")
            arrived, now = sum(pipeline.execute()), time.perf_counter()
        if arrived >= wanted:
            return arrived, now
        if now > until:
            raise RuntimeError(f"{arrived} of {wanted} messages have arrived")
        time.sleep(0.005)
