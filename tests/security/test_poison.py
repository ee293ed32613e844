"""A task that kills its worker: it ends, and who stands beside it is done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_py
from testing import age, query, refused, until

from qtask_db import Connection, Database, NewTask, Status, calls
from qtask_db.constants import DEFAULT
from qtask_db.errors import AttemptsExhausted
from qtask_db.install import install, uninstall
from qtask_db.transport.message import encode

PREFIX = "poison_"
MOST = 3
LOG = "log"
WORKER = """
import ctypes
import os
import signal
import time

from qtask_db import Database, Job, Worker

database = Database(os.environ["QTASK_DATABASE_URL"], prefix=os.environ["QTASK_PREFIX"])
worker = Worker(database, os.environ["QTASK_REDIS_URL"], threads=8)


@worker.handler("POISON")
def work(job: Job) -> None:
    time.sleep(0.2)
    if "poison" in job.payload:
        if job.attempt == 1:
            os._exit(1)
        if job.attempt == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        ctypes.string_at(0)
"""


@pytest.fixture
def own(installed_url: str) -> Iterator[Connection]:
    """A schema of few lapses, so that few workers must be started."""
    settings = {"prefix": PREFIX, "max_lapses": str(MOST)}
    install(installed_url, settings, report=lambda _line: None)
    with Database(installed_url, prefix=PREFIX).connect() as conn:
        yield conn
    uninstall(installed_url, PREFIX, report=lambda _line: None)


@pytest.fixture
def start(
    installed_url: str, redis_url: str, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker, as a supervisor does."""
    (tmp_path / "poisoned.py").write_text(WORKER)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    started: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / LOG).open("wb")

    def start() -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "qtask_db", "worker", "poisoned:worker"],
                env={
                    **os.environ,
                    "PYTHONPATH": path,
                    "PYTHONFAULTHANDLER": "",
                    "QTASK_DATABASE_URL": installed_url,
                    "QTASK_REDIS_URL": redis_url,
                    "QTASK_PREFIX": PREFIX,
                },
                stderr=log,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    log.close()


def test_it_ends_and_its_neighbours_are_done(
    own: Connection,
    redis: redis_py.Redis,
    start: Callable[[], subprocess.Popen[bytes]],
    tmp_path: Path,
) -> None:
    """Time goes on by leaps, to the moment when the next task is due."""
    given = [NewTask("job", {}, 600, "POISON", 0, delete_deadline=86400) for _ in range(6)]
    given.insert(3, NewTask("kills", {"poison": 1}, 600, "POISON", 0))
    tasks = [task.task_id for task in calls.create_many(own, given)]
    poison = tasks.pop(3)
    table = f"{PREFIX}task"
    worker, deaths = start(), 0

    def settled() -> bool:
        ids = ", ".join(str(message.task_id) for message in batch.messages)
        left = query(own, f"SELECT COUNT(*) FROM {table} WHERE lane <> 0 AND task_id IN ({ids})")
        return worker.poll() is not None or left == [(0,)]

    for _ in range(2 * len(given)):
        batch = calls.scan(own, "relay")
        if batch.batch_id is not None:
            redis.rpush("POISON", *map(encode, batch.messages))
            calls.confirm(own, batch.batch_id, "relay")
            until(settled)
        if worker.poll() is not None:
            deaths += 1
            worker = start()
        ((due,),) = query(own, f"SELECT MIN(due_at) FROM {table} WHERE lane <> 0")
        if due is None:
            break
        age(own, (calls.next_due(own) or 0) + 0.01)
    assert deaths == MOST
    lives = dict(query(own, f"SELECT task_id, status FROM {table}"))
    assert lives.pop(poison) == Status.FAILED
    assert lives == dict.fromkeys(tasks, Status.FINISHED)
    (error,) = query(own, f"SELECT last_error FROM {table} WHERE task_id = {poison}")[0]
    assert f"task {poison} of POISON 2 times in a row" in (tmp_path / LOG).read_text()
    assert error == f"attempts in a row that never ended: {MOST} (the task may kill its worker)"


def test_who_takes_copies_of_its_message_dies_no_more_often(
    conn: Connection, attacker: Connection
) -> None:
    """A consumer that ignores the announced attempt, and waits for no relay."""
    task_id = calls.create(attacker, "kills", {}, 60, "POISON").task_id
    starts = [len(calls.processing_many(attacker, [(task_id, None)])) for _ in range(30)]
    assert sum(starts) == DEFAULT["max_lapses"]
    with refused(conn, AttemptsExhausted, "never ended"):
        calls.processing(attacker, task_id)
