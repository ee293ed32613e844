"""The cost of a worker that has nothing to do."""

from __future__ import annotations

import time

from qtask_db.constants import CONSTANTS
from qtask_db.database import Database
from qtask_db.worker import Job, Worker

from ...bench import Bench
from ...child import Child
from ...figure import Figure

QUEUES = (1, 50)
PAUSE = CONSTANTS["default"]["take_pause"] / 1_000_000
"""Seconds between two looks."""
LIMIT = 2.0
"""Percent of a core."""
SETTLES = 2.0
"""Seconds until connections are open and what went before is written."""
ASLEEP = f"""
    SELECT COUNT(*)
    FROM JSON_TABLE(CONCAT('[0', REPEAT(',0', %s), ']'), '$[*]' COLUMNS (turn FOR ORDINALITY))
      AS turns
    WHERE SLEEP({PAUSE}) <> 0
"""


def rest(bench: Bench) -> list[Figure]:
    """Processor time of an idle direct worker and of its server, beyond that of the server without
    it; against a server that sleeps as often as the worker has it look.
    """
    seconds = 3 if bench.least else 10 if bench.quick else 30
    if bench.database_pid is None:
        bench.say("  left out: the server is not a process of this machine")
        return []
    schema = bench.schema("brest_")
    names = [f"REST-{number}" for number in range(max(QUEUES))]
    for name in names:
        schema.direct_queue_id(name)
    bench.settle()
    time.sleep(SETTLES)
    before = bench.database_seconds()
    time.sleep(seconds)
    alone = bench.database_seconds() - before
    sleeper = Child(_sleep, bench.database_url, schema.prefix, seconds)
    time.sleep(SETTLES)
    before = bench.database_seconds()
    time.sleep(seconds)
    asleep = bench.database_seconds() - before - alone
    sleeper.result()
    figures = []
    for number in QUEUES:
        worker = Child(_wait, bench.database_url, schema.prefix, names[:number], seconds)
        time.sleep(SETTLES)
        before = bench.database_seconds()
        time.sleep(seconds)
        server = bench.database_seconds() - before - alone
        client = worker.result()
        shares = [100 * used / seconds for used in (server, client, asleep)]
        figures.append(
            Figure(
                f"direct worker, idle, queues: {number}",
                shares[0] + shares[1],
                "% of core",
                floor=shares[2],
                floor_is="the server, asleep as often",
                ratio=(shares[0] + shares[1]) / shares[2],
                reach=LIMIT,
                at_most=True,
                note=f"server {shares[0]:.2f}, client {shares[1]:.2f}",
            )
        )
    return figures


def _sleep(url: str, prefix: str, seconds: float) -> None:
    """Has the server sleep between no looks, in statements as long as those of a worker."""
    rest = CONSTANTS["default"]["take_rest"] / 1_000_000
    with Database(url, prefix=prefix).connect() as conn, conn.raw.cursor() as cursor:
        until = time.monotonic() + 2 * SETTLES + seconds
        while time.monotonic() < until:
            cursor.execute(ASLEEP, (round(rest / PAUSE) - 1,))


def _wait(url: str, prefix: str, queues: list[str], seconds: float) -> float:
    """Runs a worker; the processor time of this process, once it has settled."""
    worker = Worker(Database(url, prefix=prefix))

    @worker.handler(*queues)
    def handle(_job: Job) -> None:
        """Never runs."""

    worker.start()
    time.sleep(SETTLES)
    before = time.process_time()
    time.sleep(seconds)
    used = time.process_time() - before
    worker.stop()
    return used
