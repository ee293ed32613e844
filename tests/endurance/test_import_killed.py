"""The import from the Go library is killed at any moment, while tasks are worked on: none is lost,
and none is done twice.

QTASK_IMPORT_SEEDS=1,2,3 names other moments, QTASK_IMPORT_KILLS=50 makes more of them.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from go_library import GoTables
from testing import count, query

from qtask_db import Connection, Database, calls
from qtask_db.errors import TaskNotActive

ROOT = Path(__file__).parents[2]
SEEDS = [int(seed) for seed in os.environ.get("QTASK_IMPORT_SEEDS", "4").split(",")]
KILLS = int(os.environ.get("QTASK_IMPORT_KILLS", "5"))
TASKS = 4000
PROGRAM = """
import os
from qtask_db import Database
from qtask_db.importing.run import Import
from qtask_db.importing.source import Source

database = Database(os.environ["QTASK_DATABASE_URL"])
with Source(database) as source, database.connect() as target:
    Import(keep=0).run(source, target)
"""


@pytest.fixture
def go(conn: Connection) -> Iterator[GoTables]:
    made = GoTables(conn)
    yield made
    made.drop()


class Work:
    """Takes tasks here until it is told to end, and counts how often each was done."""

    def __init__(self, url: str, seed: int) -> None:
        self.done: Counter[int] = Counter()
        self.end = Event()
        self._url = url
        self._random = random.Random(seed)  # noqa: S311
        self.failure: BaseException | None = None
        self.thread = Thread(target=self._run)

    def _run(self) -> None:
        try:
            with Database(self._url).connect() as conn:
                while not self.end.is_set():
                    batch = calls.scan(conn, "r", limit=self._random.choice((10, 100)))
                    for message in batch.messages:
                        self._work(conn, message.task_id)
                    if batch.batch_id is not None:
                        calls.confirm(conn, batch.batch_id, "r")
                    calls.purge(conn)
        except BaseException as error:
            self.failure = error

    def _work(self, conn: Connection, task_id: int) -> None:
        try:
            attempt = calls.processing(conn, task_id)
        except TaskNotActive:  # it has ended there meanwhile
            return
        self.done[task_id] += 1
        try:
            calls.finish(conn, task_id, attempt)
        except TaskNotActive:
            return


def start(url: str) -> subprocess.Popen[bytes]:
    """The import."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env={**os.environ, "QTASK_DATABASE_URL": url}
    )


def killed(url: str, watcher: Connection, rolled: random.Random) -> bool:
    """Starts the import and kills it: at once, after the first task, or when many are here. Returns
    whether it had not ended before.
    """
    wanted = count(watcher) + rolled.choice((0, 1, rolled.randrange(TASKS // KILLS)))
    process = start(url)
    while process.poll() is None and count(watcher) < wanted:
        time.sleep(0.002)
    time.sleep(rolled.random() / 20)
    process.send_signal(signal.SIGKILL)
    return process.wait() != 0


@pytest.mark.parametrize("seed", SEEDS)
def test_none_is_lost_and_none_is_done_twice(
    conn: Connection, connect: Callable[..., Connection], database_url: str, go: GoTables, seed: int
) -> None:
    rolled = random.Random(seed)  # noqa: S311
    ids = list(range(1000, 1000 + TASKS))
    go.add_many(ids, next_execute_time=-5, next_interval=3600)
    there: set[int] = set()  # what the old programs have finished
    work, watcher = Work(database_url, seed), connect()
    work.thread.start()
    try:
        kills = 0
        for _ in range(KILLS):
            some = rolled.sample(ids, 50)
            go.finish(*some)
            there |= set(some)
            kills += killed(database_url, watcher, rolled)
        assert kills, "no import was killed before its end"
        assert start(database_url).wait() == 0
        while query(watcher, f"SELECT 1 FROM {conn.prefix}task WHERE lane <> 0 LIMIT 1"):
            assert work.thread.is_alive(), work.failure
            time.sleep(0.1)
    finally:
        work.end.set()
        work.thread.join()
    assert work.failure is None
    assert [task_id for task_id, times in work.done.items() if times > 1] == []
    assert set(ids) - set(work.done) - there == set()

    # Whatever is imported once more changes nothing.
    assert start(database_url).wait() == 0
    assert query(conn, f"SELECT task_id FROM {conn.prefix}task WHERE lane <> 0") == []
