"""Direct queues under load: how fast workers drain one, and the life of a task by plain SQL."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from qtask_db import calls
from qtask_db.database import Database
from qtask_db.worker import Job, Worker

from ...bench import Bench, Schema
from ...child import Child, counters
from ...figure import Figure, Pair, interleaved
from ..relay import BATCH
from ..rush import AHEAD
from ..worker import PATIENCE, SET, updates

QUEUE = "DIRECT"
SEVERAL = (1, 2, 4, 8)
SINGLES = 50
ABSENT = -1
"""In the place of the number of finished tasks: of a worker that is not ready."""
SELECT = "SELECT task_id, attempts, interval_seconds, payload FROM {table} WHERE task_id IN ({ids})"


def workers(bench: Bench) -> list[Figure]:
    """One, two, four and eight workers, each a process, drain 20,000 no-op tasks; one of them
    against two UPDATEs by key, several against one.
    """
    rounds, count = (1, 5_000) if bench.least else (2 if bench.quick else 5, 20_000)
    schema, floor = bench.schema("bdwork_"), bench.schema("bdworkr_")
    lane = schema.direct_queue_id(QUEUE)
    took: dict[int, list[float]] = {number: [] for number in (0, *SEVERAL)}
    before = _deadlocks(schema)
    for warm in (True, *[False] * rounds):
        for number in (1,) if warm else (0, *SEVERAL):
            bench.settle()
            seconds = (
                _drain(bench, schema, lane, number, count) if number else updates(floor, count)
            )
            if not warm:
                took[number].append(seconds)
    deadlocks = _deadlocks(schema) - before
    figures = [
        Pair(took[1], took[0]).figure(
            "direct worker", count, "tasks/s", floor_is="two UPDATEs by key", reach=0.5,
            of_ratio=True,
        )
    ]  # fmt: skip
    return figures + [
        Pair(took[number], took[1]).figure(
            f"{number} direct workers",
            count,
            "tasks/s",
            floor_is="one direct worker",
            reach=1.0,
            of_ratio=True,
            note=f"one queue; deadlocks in the server, all rounds: {deadlocks}",
        )
        for number in SEVERAL[1:]
    ]


def take(bench: Bench) -> list[Figure]:
    """`take_tasks` and the finish by plain SQL, one by one and by 1,000; against UPDATE, SELECT and
    UPDATE by key.
    """
    rounds = 4 if bench.least else 10 if bench.quick else 40
    ours, plain = bench.schema("btake_"), bench.schema("btakeraw_")
    figures = []
    for name, size, times in (("one by one", 1, SINGLES), ("by 1,000", BATCH, 1)):
        for schema in (ours, plain):
            schema.sql("DELETE FROM {table}")
            schema.fill((rounds + 2) * size * times, [schema.direct_queue_id(QUEUE)])
            schema.sql("ANALYZE TABLE {table}")
        bench.settle()
        ids = iter([row[0] for row in plain.sql("SELECT task_id FROM {table} ORDER BY due_at")])
        pair = interleaved(
            partial(_repeat, times, partial(_live, ours, size)),
            partial(_repeat, times, partial(_live_plainly, plain, ids, size)),
            rounds,
            warm_up=2,
        )
        figures.append(
            pair.figure(
                f"SQL: take and finish, {name}",
                times * size,
                "tasks/s",
                floor_is="UPDATE, SELECT, UPDATE by key",
            )
        )
    return figures


def take_batch(schema: Schema, queue: str) -> list[tuple[int, int]]:
    """One take of a full batch: its ids and attempts."""
    taken = calls.take(schema.conn, "bench", [queue], BATCH)
    if len(taken.started) != BATCH:
        raise RuntimeError(f"a take found {len(taken.started)} due tasks")
    return [(one.task_id, one.attempt) for one in taken.started]


def _drain(bench: Bench, schema: Schema, lane: int, number: int, count: int) -> float:
    """Seconds from the first handler of any until the last finish."""
    done = counters(number)
    done[:] = [ABSENT] * number
    url, prefix = bench.database_url, schema.prefix
    shares = [Child(_share, url, prefix, count, done, place) for place in range(number)]
    until = time.monotonic() + PATIENCE
    while ABSENT in done[:] and time.monotonic() < until:
        time.sleep(0.05)
    moment, _ = schema.moment(AHEAD)
    schema.fill(count, [lane], due=moment, apart=0)
    spans = [span for share in shares if (span := share.result())]
    if sum(done) != count:
        raise RuntimeError(f"{sum(done)} of {count} tasks were finished")
    schema.sql("DELETE FROM {table}")
    return float(max(last for _, last in spans) - min(first for first, _ in spans))


def _share(url: str, prefix: str, count: int, done: Any, place: int) -> tuple[float, float] | None:
    """Runs a worker until all have finished so many tasks; the times of its first handler and of
    its last finish, None if it got none.
    """
    worker = Worker(Database(url, prefix=prefix))
    began: list[float] = []

    @worker.handler(QUEUE)
    def handle(_job: Job) -> None:
        if not began:
            began.append(time.perf_counter())

    worker.check()
    done[place] = 0
    worker.start()
    last, until = 0.0, time.monotonic() + PATIENCE
    while sum(done) < count and time.monotonic() < until:
        if (finished := worker.counters.finished) > done[place]:
            done[place], last = finished, time.perf_counter()
        time.sleep(0.002)
    worker.stop()
    return (began[0], last) if began else None


def _deadlocks(schema: Schema) -> int:
    metric = "SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'"
    return int(schema.sql(metric)[0][0])


def _repeat(times: int, step: Callable[[], None]) -> None:
    for _ in range(times):
        step()


def _live(schema: Schema, size: int) -> None:
    with schema.conn.raw.cursor() as cursor:
        cursor.execute(
            f"CALL {schema.prefix}take_tasks('bench', '[\"{QUEUE}\"]', {size}, 0, NULL, @redis)"
        )
        cursor.nextset()
        rows = cursor.fetchall()
        while cursor.nextset():
            pass
        if len(rows) != size:
            raise RuntimeError(f"take_tasks gave {len(rows)} of {size} tasks")
        if size == 1:
            cursor.execute(f"CALL {schema.prefix}finish_task(%s, %s)", rows[0][:2])
        else:
            tasks = json.dumps([{"task_id": row[0], "attempt": row[1]} for row in rows])
            cursor.execute(f"CALL {schema.prefix}finish_tasks(%s)", (tasks,))


def _live_plainly(schema: Schema, ids: Any, size: int) -> None:
    chunk = ", ".join(map(str, itertools.islice(ids, size)))
    for statement in (
        f"UPDATE {{table}} SET {SET['start']} WHERE task_id IN ({chunk})",
        SELECT.replace("{ids}", chunk),
        f"UPDATE {{table}} SET {SET['finish']} WHERE task_id IN ({chunk})",
    ):
        schema.sql(statement)
