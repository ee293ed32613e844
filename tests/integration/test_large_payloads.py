"""Payloads of 6 MB, each far larger than usual: memory stays bounded, nothing dies of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
import redis as redis_py
from testing import environment, query

from qtask_db import Connection, Database, calls
from qtask_db.install import install, uninstall
from qtask_db.models import Message
from qtask_db.transport.queues import Queues

SIZE = 6_000_000
TASKS = 20
PREFIX = "large_"

RELAY = """
import os, sys
from qtask_db import Database
from qtask_db.relay import Relay
database = Database(os.environ["QTASK_DATABASE_URL"], prefix="large_")
Relay(database, os.environ["QTASK_REDIS_URL"], stream=sys.argv[1] == "stream").run()
"""
WORKER = """
import os, sys
from qtask_db import Database
from qtask_db.worker import Worker
database = Database(os.environ["QTASK_DATABASE_URL"], prefix="large_")
worker = Worker(database, os.environ["QTASK_REDIS_URL"], threads=4,
                stream=sys.argv[1] == "stream", prefetch=int(sys.argv[2]))
worker.handler("A")(lambda job: len(job.payload["x"]))
worker.run()
"""


@pytest.fixture
def large(database_url: str) -> Iterator[Connection]:
    """A schema with large payloads, some of them due."""
    quiet = {"prefix": PREFIX, "payload_limit": "16777215"}
    install(database_url, quiet, report=lambda _line: None)
    try:
        with Database(database_url, prefix=PREFIX).connect() as conn:
            text = json.dumps({"x": "y" * SIZE})
            for _ in range(TASKS):
                calls.delay(conn, "test", text, 0, 3600, "A", delete_deadline=3600)
            yield conn
    finally:
        uninstall(database_url, PREFIX, report=lambda _line: None)


@pytest.fixture(params=["list", "stream"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def peak(process: subprocess.Popen[bytes], seen: int) -> int:
    assert process.poll() is None
    return max(seen, psutil.Process(process.pid).memory_info().rss)


def test_a_relay_and_a_worker(
    large: Connection, database_url: str, redis_url: str, redis: redis_py.Redis, kind: str
) -> None:
    size = redis.xlen if kind == "stream" else redis.llen
    own = environment(database_url, redis_url)
    relay = subprocess.Popen([sys.executable, "-c", RELAY, kind], env=own)
    highest = 0
    try:
        until_then = time.monotonic() + 60
        while size("A") < TASKS:
            assert time.monotonic() < until_then
            highest = peak(relay, highest)
            time.sleep(0.02)
    finally:
        relay.send_signal(signal.SIGTERM)
        relay.wait(60)
    print(f"relay: {highest / 1e6:.0f} MB")
    assert highest < 200_000_000

    worker = subprocess.Popen([sys.executable, "-c", WORKER, kind, "1000"], env=own)
    highest = 0
    ended = f"SELECT COUNT(*) FROM {PREFIX}task WHERE status = 0"
    try:
        until_then = time.monotonic() + 60
        while query(large, ended)[0][0] < TASKS:
            assert time.monotonic() < until_then
            highest = peak(worker, highest)
            time.sleep(0.02)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
    print(f"worker: {highest / 1e6:.0f} MB")
    assert highest < 250_000_000


def test_a_take_is_bounded_by_bytes(redis_url: str, kind: str) -> None:
    queues = Queues(redis_url, stream=kind == "stream")
    small = [Message(n, 1, "A", "{}") for n in range(1, 101)]
    big = [Message(n, 1, "A", json.dumps({"x": "y" * 1_000_000})) for n in range(101, 121)]
    queues.push([*small, *big])
    taken = queues.take(["A"], 1_000, 1.0, 3_000_000)
    assert 100 <= len(taken) < 100 + 8, "of a size that nobody foresaw, a few"
    left = 120 - len(taken)
    while taken := queues.take(["A"], 1_000, 0.1, 3_000_000):
        assert len(taken) <= 3
        left -= len(taken)
    assert left == 0
    queues.close()
