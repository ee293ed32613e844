"""qtask-db through Redis: `qtask relay` and `qtask worker`, both with their defaults."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import redis

from qtask_db import Database, Job, NewTask, Worker, calls, install
from qtask_db.task import Task
from qtask_db.transport.pushing import push_tasks

from .. import side

PREFIX = os.environ["QTASK_PREFIX"]
REDIS = os.environ["QTASK_REDIS_URL"]
KEEP = 600

worker = Worker(side.URL, REDIS)


@worker.handler(side.QUEUE)
def handle(job: Job) -> None:
    side.handle(job.payload)


class Side(side.Side):
    def install(self) -> None:
        install.install(side.URL, {"prefix": PREFIX}, report=lambda _: None)
        self.conn = Database(side.URL).connect()
        self.redis = redis.Redis.from_url(REDIS)

    def version(self) -> str:
        return version("qtask-db")

    def clear(self) -> None:
        self.redis.flushdb()
        self._sql(f"TRUNCATE TABLE {PREFIX}task")
        self._sql(f"TRUNCATE TABLE {PREFIX}batch")

    def create(self, number: int) -> None:
        self._create(number).push(self.redis)

    def create_many(self, numbers: Sequence[int]) -> None:
        push_tasks(self.redis, calls.create_many(self.conn, self._tasks(numbers)))

    def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        tasks = calls.create_many(self.conn, self._tasks(numbers, seconds))
        rows = dict(self._sql(f"SELECT task_id, created_at FROM {PREFIX}task"))
        utc = datetime.timezone.utc
        return [rows[task.task_id].replace(tzinfo=utc).timestamp() + seconds for task in tasks]

    def left(self) -> int:
        return int(self._sql(f"SELECT COUNT(*) FROM {PREFIX}task WHERE status IN (20, 30)")[0][0])

    def work(self) -> None:
        run("worker", f"{__name__}:worker", "--log-level", "warning")

    def relay(self) -> None:
        run("relay", "--log-level", "warning")

    def _create(self, number: int) -> Task:
        return calls.create(
            self.conn, "rival", side.payload(number), side.TIMEOUT, side.QUEUE, delete_deadline=KEEP
        )

    def _tasks(self, numbers: Sequence[int], delay: int | None = None) -> list[NewTask]:
        return [
            NewTask(
                "rival",
                side.payload(number),
                side.TIMEOUT,
                side.QUEUE,
                delay=delay,
                delete_deadline=KEEP,
            )
            for number in numbers
        ]

    def _sql(self, statement: str) -> list[Any]:
        with self.conn.raw.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


def run(*arguments: str) -> None:
    """A command in the place of this process."""
    program = Path(sys.executable).with_name("qtask")
    os.execv(program, [str(program), *arguments])  # noqa: S606
