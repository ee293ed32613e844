"""The memory of a relay and of a worker after 10,000 tasks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from processes import Command

from qtask_db import NewTask, calls

from ..bench import INTERVAL, NAME, PAYLOAD, Bench
from ..figure import Figure

COUNT = 10_000
BATCH = 1_000
QUEUE = "NOOP"  # as in noop_worker
LIMITS = {"relay": 60.0, "worker": 80.0}
PATIENCE = 120.0
BARE = """
import pymysql, redis
for line in open("/proc/self/status"):
    if line.startswith("VmHWM"):
        print(line.split()[1])
"""


def memory(bench: Bench) -> list[Figure]:
    """Peaks of the resident memory."""
    schema = bench.schema("bmemory_")
    environment = bench.environment(schema)
    redis = bench.redis()
    redis.flushdb()
    tasks = [NewTask(NAME, PAYLOAD, INTERVAL, QUEUE, delay=0, delete_deadline=600)] * BATCH
    for _ in range(COUNT // BATCH):
        calls.create_many(schema.conn, tasks)

    peaks = {}
    with Command("relay", environment=environment, log=bench.folder / "relay.log") as relay:
        _until(relay, lambda: redis.llen(QUEUE) == COUNT)
        peaks["relay"] = relay.memory()[1]
        arguments = ("worker", "benchmarks.noop_worker:worker", "--log-level", "warning")
        log = bench.folder / "worker.log"
        with Command(*arguments, environment=environment, log=log) as worker:
            active = f"SELECT COUNT(*) FROM {schema.table} WHERE lane > 0"
            _until(worker, lambda: redis.llen(QUEUE) == 0 and schema.sql(active)[0][0] == 0)
            peaks["worker"] = worker.memory()[1]
    bare = subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=True)
    floor = int(bare.stdout) / 1024
    return [
        Figure(
            f"memory of a {name}",
            peak,
            "MB",
            floor=floor,
            floor_is="Python with both drivers",
            ratio=peak / floor,
            reach=LIMITS[name],
            at_most=True,
            note=f"peak, after {COUNT:,} tasks",
        )
        for name, peak in peaks.items()
    ]


def _until(command: Command, reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        command.check()
        if time.monotonic() > deadline:
            raise RuntimeError(f"`{command.text}` is too slow{command.last_lines()}")
        time.sleep(0.1)
