"""Runners of schedules are killed at any moment: no tick is lost, none comes twice."""

from __future__ import annotations

import datetime
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from threading import Timer

from testing import age_schedules, environment, execute, kill_others, query

from qtask_db import Connection, Schedule, calls
from qtask_db.errors import QtaskError
from qtask_db.scheduling import PlannedTicks, ticks

MANY = 6
KILLS = 120
RUNNER = """
import os
from contextlib import suppress
from test_schedules_killed import run_some
from qtask_db import Database
from qtask_db.errors import QtaskError
print("ready", flush=True)
while True:
    with suppress(QtaskError), Database(os.environ["QTASK_DATABASE_URL"]).connect() as conn:
        while True:
            run_some(conn)
"""


def fill(conn: Connection) -> None:
    """Some tick each second from now on; the others have missed many minutes."""
    for n in range(MANY):
        calls.set_schedule(conn, Schedule(f"E{n}", f"Q{n % 3}", every=1, misfire="all"))
        calls.set_schedule(conn, Schedule(f"C{n}", f"Q{n % 3}", cron="* * * * *", misfire="all"))
    age_schedules(conn, 60 * 100_000, *(f"C{n}" for n in range(MANY)))


def run_some(conn: Connection) -> None:
    """What is due, and of the minutes that were missed one at a time."""
    calls.run_due_schedules(conn)
    plans = []
    for one in calls.due_schedules(conn):
        now = min(one.now, one.next_at + datetime.timedelta(minutes=1))
        plans.append(PlannedTicks(one, *ticks.plan(replace(one, now=now))))
    calls.advance_schedules(conn, plans)


def end_all(conn: Connection) -> None:
    """No order number of an active task hides a tick that comes again."""
    active = query(conn, f"SELECT task_id FROM {conn.prefix}task WHERE lane <> 0 LIMIT 1000")
    calls.change_tasks(conn, "cancel", [task_id for (task_id,) in active])


def check(conn: Connection) -> None:
    """The ticks of each schedule follow each other without a gap, each once."""
    rows = query(conn, f"SELECT name, payload FROM {conn.prefix}task ORDER BY task_id")
    for n in range(MANY):
        for kind, step in (("E", 1), ("C", 60)):
            found = [
                ticks.time_of(json.loads(payload)["tick"])
                for name, payload in rows
                if name == f"{kind}{n}"
            ]
            steps = {b - a for a, b in pairwise(found)}
            assert steps == {datetime.timedelta(seconds=step)}, (kind, n, steps)
            assert len(found) > 2


def test_calls_that_are_killed(conn: Connection, connect: Callable[..., Connection]) -> None:
    fill(conn)
    own = connect()
    ((number,),) = query(own, "SELECT CONNECTION_ID()")
    for _ in range(KILLS):
        timer = Timer(random.uniform(0, 0.05), execute, (conn, f"KILL QUERY {number}"))  # noqa: S311
        timer.start()
        try:
            while timer.is_alive():
                run_some(own)
        except QtaskError:
            own.rollback()
        timer.join()
        end_all(conn)
    execute(conn, f"UPDATE {conn.prefix}schedule SET due_at = next_at")
    run_some(conn)
    check(conn)


def test_runners_that_are_killed(conn: Connection, database_url: str) -> None:
    """By SIGKILL, and their sessions by the server."""
    fill(conn)
    given = environment(database_url, "")
    given["PYTHONPATH"] = ":".join(path for path in sys.path if path)
    end = time.monotonic() + 15
    while time.monotonic() < end:
        runners = [
            subprocess.Popen(
                [sys.executable, "-c", RUNNER], env=given, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        try:
            for runner in runners:
                assert runner.stdout is not None
                assert runner.stdout.readline() == "ready\n"
            for _ in range(4):
                time.sleep(random.uniform(0, 0.3))  # noqa: S311
                if random.random() < 0.5:  # noqa: S311
                    kill_others(conn)
                end_all(conn)
        finally:
            for runner in runners:
                runner.kill()
                runner.wait()
    execute(conn, f"UPDATE {conn.prefix}schedule SET due_at = next_at")
    run_some(conn)
    check(conn)
