"""How soon handlers see the tasks of a direct queue: many at one instant, and a single one."""

from __future__ import annotations

import threading
import time

from qtask_db import calls
from qtask_db.database import Database

from ...bench import COLUMNS, INTERVAL, NAME, NOW, PAYLOAD, VALUES, Bench
from ...child import Child
from ...figure import Figure, at, no_collector, percentiles
from ..create import create_one_by_one
from ..relay import BATCH, wait_until
from ..rush import AHEAD, FAR_AHEAD, PATIENCE
from ..worker import LIMIT, SET, note_starts

RUSH, FLOOD, PROBE = "RUSH", "FLOOD", "PROBE"
SELECT = (
    f"SELECT task_id, payload FROM {{table}} WHERE lane = %s AND due_at <= {NOW} "
    f"ORDER BY lane, due_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED"
)


def rush(bench: Bench) -> list[Figure]:
    """5,000 delayed tasks and a worker: how late the handlers begin; against plain statements that
    lock, start and read as many rows.
    """
    rounds, count = (1, 5_000) if bench.least else (2 if bench.quick else 5, 5_000)
    schema, plain = bench.schema("bdrush_"), bench.schema("bdrushr_")
    late: list[float] = []
    floor: list[float] = []
    lane, plain_lane = schema.direct_queue_id(RUSH), plain.direct_queue_id(RUSH)
    for _ in range(rounds):
        bench.settle()
        worker = Child(note_starts, bench.database_url, None, schema.prefix, count, RUSH)
        moment, due = schema.moment(AHEAD)
        schema.fill(count, [lane], due=moment, apart=0)
        started = worker.result()
        if len(started) != count:
            raise RuntimeError(f"{len(started)} of {count} tasks were started")
        late += [1000 * (began - due) for _, began in started]

        taker = Child(_take_plainly, bench.database_url, plain.prefix, plain_lane, count)
        moment, due = plain.moment(AHEAD)
        plain.fill(count, [plain_lane], due=moment, apart=0)
        floor += [1000 * (began - due) for began in taker.result()]
        plain.sql("DELETE FROM {table}")
    return [
        Figure(
            f"direct, lateness at the handler, {name}",
            at(late, share),
            "ms",
            floor=at(floor, share),
            floor_is="plain SELECT FOR UPDATE, UPDATE by key",
            ratio=at(late, share) / at(floor, share),
            reach=reach,
            at_most=True,
            note=f"{count:,} tasks due at once, {rounds} times",
            percentiles=percentiles(late),
        )
        for name, share, reach in (("p50", 0.5, 100.0), ("p99", 0.99, 170.0))
    ]


def flood(bench: Bench) -> list[Figure]:
    """100,000 tasks due in the same second: the first handler, the last one, creates meanwhile."""
    count, ahead = (20_000, 2 * AHEAD) if bench.least else (100_000, FAR_AHEAD)
    schema = bench.schema("bdflood_")
    lane, creator = schema.direct_queue_id(FLOOD), schema.connect()
    with no_collector():
        quiet = create_one_by_one(creator, AHEAD)
        bench.settle()
        moment, due = schema.moment(ahead)
        schema.fill(count, [lane], due=moment, apart=0)
        worker = Child(note_starts, bench.database_url, None, schema.prefix, count, FLOOD)
        over = threading.Event()
        meanwhile: list[float] = []
        creating = threading.Thread(
            target=lambda: meanwhile.extend(create_one_by_one(creator, PATIENCE, over))
        )
        wait_until(due - 0.2)
        creating.start()
        started = [began for _, began in worker.result()]
        over.set()
        creating.join()
    if len(started) != count:
        raise RuntimeError(f"{len(started)} of {count} tasks were started")
    during, before = (1000 * sum(took) / len(took) for took in (meanwhile, quiet))
    return [
        Figure(
            "direct, flood, first handler",
            1000 * (min(started) - due),
            "ms",
            reach=50.0,
            at_most=True,
            note=f"{count:,} tasks due at once, one worker",
        ),
        Figure("direct, flood, last handler", max(started) - due, "s"),
        Figure(
            "direct, create during the flood",
            during,
            "ms",
            floor=before,
            floor_is="create before it",
            ratio=during / before,
            reach=2.0,
            at_most=True,
            of_ratio=True,
            note="means",
        ),
    ]


def idle(bench: Bench) -> list[Figure]:
    """From creating a real-time task until its handler runs, nothing else going on; against two
    plain statements, each with its commit, in turn with it.
    """
    count = 50 if bench.least else 300 if bench.quick else 1_000
    schema, plain = bench.schema("bdidle_"), bench.schema("bdidler_")
    schema.direct_queue_id(PROBE)
    queue_id = plain.queue_id(PROBE)
    bench.settle()
    insert = f"INSERT INTO {plain.table} ({COLUMNS}) VALUES {VALUES}"
    start = f"UPDATE {plain.table} SET {SET['start']} WHERE task_id = %s"
    handler = Child(note_starts, bench.database_url, None, schema.prefix, count, PROBE)
    time.sleep(1)
    created, floor = {}, []
    with no_collector():
        for number in range(count):
            time.sleep(0.005)
            began = time.time()
            created[calls.create(schema.conn, NAME, PAYLOAD, INTERVAL, PROBE).task_id] = began
            time.sleep(0.01)
            began = time.perf_counter()
            with plain.conn.raw.cursor() as cursor:
                row = (queue_id, queue_id, NAME, str(number), PAYLOAD, INTERVAL)
                cursor.execute(insert, row)
                cursor.execute(start, (cursor.lastrowid,))
            floor.append(1000 * (time.perf_counter() - began))
    started = dict(handler.result())
    if missing := created.keys() - started.keys():
        raise RuntimeError(f"{len(missing)} of {count} tasks were not started")
    ours = [1000 * (started[task_id] - began) for task_id, began in created.items()]
    more = at(ours, 0.99) - at(floor, 0.99)
    figures = [
        Figure(
            f"direct, create to handler, {name}",
            at(ours, share),
            "ms",
            floor=at(floor, share),
            floor_is="INSERT, UPDATE by key, two commits",
            ratio=at(ours, share) / at(floor, share),
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]
    beyond = "direct, create to handler, p99 more"
    return [*figures, Figure(beyond, more, "ms", reach=LIMIT, at_most=True)]


def _take_plainly(url: str, prefix: str, lane: int, count: int) -> list[float]:
    """Locks, starts and reads due rows by batches; when each row was the caller's."""
    found: list[float] = []
    connecting = Database(url, prefix=prefix).connect(autocommit=False)
    with connecting as conn, conn.raw.cursor() as cursor, no_collector():
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        conn.commit()
        until = time.monotonic() + PATIENCE
        while len(found) < count and time.monotonic() < until:
            cursor.execute(SELECT.replace("{table}", f"{prefix}task"), (lane,))
            if rows := cursor.fetchall():
                ids = ", ".join(str(row[0]) for row in rows)
                cursor.execute(f"UPDATE {prefix}task SET {SET['start']} WHERE task_id IN ({ids})")
            conn.commit()
            found += [time.time()] * len(rows)
            if not rows:
                time.sleep(0.002)
    return found
