"""A relay that is killed, at any moment: each task is in Redis within the lease."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest
import redis as redis_py
from relaying import RUNS, MakeRelay, create, on_queue
from testing import age_batches, count, environment, others, until

from qtask_db import Connection, calls
from qtask_db.errors import StaleAttempt

KILLED = """
import os, signal, sys
from qtask_db.relay import Relay
point = sys.argv[1]
relay = Relay(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"], lease=2)
def here(name):
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)
relay.check()
here("connected")
batch = relay.claim()
assert batch.messages
here("claimed")
relay.push(batch)
here("pushed")
relay.confirm(batch)
here("confirmed")
"""


@pytest.mark.parametrize("point", ["connected", "claimed", "pushed", "confirmed"])
def test_killed_between_two_steps(
    point: str,
    conn: Connection,
    database_url: str,
    redis_url: str,
    redis: redis_py.Redis,
    make_relay: MakeRelay,
) -> None:
    ids = create(conn, 3)
    other = make_relay(lease=2)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, point], env=environment(database_url, redis_url), timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    died = time.monotonic()
    there = {"connected": 0, "claimed": 0, "pushed": 3, "confirmed": 3}[point]
    assert redis.llen("A") == there
    other.start()
    until(lambda: set(on_queue(redis)) == set(ids))
    assert time.monotonic() - died < 2 + 20, "the lease, and a moment for a busy machine"
    if point == "pushed":
        until(lambda: redis.llen("A") == 6)
    until(lambda: count(conn, "batch") == 0)
    assert redis.llen("A") == (6 if point == "pushed" else 3)
    for task_id in ids:
        assert calls.processing(conn, task_id, 1) == 1
        with pytest.raises(StaleAttempt):
            calls.processing(conn, task_id, 1)


def test_killed_at_any_moment(
    conn: Connection,
    database_url: str,
    redis_url: str,
    redis: redis_py.Redis,
    make_relay: MakeRelay,
) -> None:
    ids = [task_id for _ in range(3) for task_id in create(conn, 1_000)]
    strangers = set(others(conn))
    own = environment(database_url, redis_url)
    for _ in range(6):
        seen = redis.llen("A")
        with subprocess.Popen([sys.executable, "-c", RUNS], env=own) as process:
            try:
                until(lambda before=seen: redis.llen("A") > before)
                time.sleep(random.uniform(0, 0.05))  # noqa: S311 - any moment will do
            finally:
                process.kill()
        # The server still carries out what the dead one has sent.
        until(lambda: set(others(conn)) <= strangers)
        if calls.next_due(conn) != 0.0:
            break
    age_batches(conn, 31)
    relay = make_relay()
    while relay.step() == 0.0:
        pass
    assert set(on_queue(redis)) == set(ids)
    assert count(conn, "batch") == 0
