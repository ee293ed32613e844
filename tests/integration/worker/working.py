"""Tasks and handlers for workers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from testing import environment, now, query, row

from qtask_db import Connection, NewTask, Status, calls
from qtask_db.transport.pushing import push_tasks
from qtask_db.worker import Job, Worker

NOWHERE_REDIS = "redis://:s3cret@127.0.0.1:1/0"
NOWHERE_DATABASE = "mysql://root:s3cret@127.0.0.1:1/qtask"

MakeWorker = Callable[..., Worker]


class Gate:
    """A handler that notes its jobs and stays until it is opened."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._open = threading.Event()

    def __call__(self, job: Job) -> None:
        self.jobs.append(job)
        assert self._open.wait(60)

    def open(self) -> None:
        self._open.set()


def create(
    conn: Connection, redis: Any, number: int = 1, queue: str = "A", **settings: Any
) -> list[int]:
    """Tasks that are on their queue; finished ones stay for an hour."""
    stream = settings.pop("stream", False)
    settings = {"interval": 3600, "delete_deadline": 3600, **settings}
    new = [NewTask("test", {"n": n}, queue=queue, **settings) for n in range(number)]
    tasks = calls.create_many(conn, new)
    assert push_tasks(redis, tasks, stream=stream) == number
    return [task.task_id for task in tasks]


def store(conn: Connection, number: int = 1, queue: str = "A", **settings: Any) -> list[int]:
    """Tasks that nobody pushes; finished ones stay for an hour."""
    settings = {"interval": 3600, "delete_deadline": 3600, **settings}
    new = [NewTask("test", {"n": n}, queue=queue, **settings) for n in range(number)]
    return [task.task_id for task in calls.create_many(conn, new)]


def statuses(conn: Connection, ids: list[int]) -> set[Status]:
    return {Status(row(conn, task_id)["status"]) for task_id in ids}


def seconds_until_due(conn: Connection, task_id: int) -> float:
    ((due_at, at),) = query(
        conn, f"SELECT due_at, {now(conn)} FROM {conn.prefix}task WHERE task_id = {task_id}"
    )
    return float((due_at - at).total_seconds())


PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from qtask_db.worker import Worker
worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"], threads=4)
@worker.handler("A")
def handle(job):
    with open(sys.argv[1], "a") as file:
        file.write(f"{job.task_id} {job.attempt}\\n")
    time.sleep(float(sys.argv[2]))
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run()
"""


def launch(database_url: str, redis_url: str, log: Path, seconds: float) -> subprocess.Popen[bytes]:
    log.touch()
    command = [sys.executable, "-c", PROGRAM, str(log), str(seconds)]
    return subprocess.Popen(command, env=environment(database_url, redis_url))
