"""The worker of a run; `qtask worker chaos.handlers:worker` runs it."""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path
from typing import Any

import qtask_db.worker
from qtask_db import Client
from qtask_db.worker import Job, Retry, Worker

from .history import Recorder
from .process import QUEUES, key_of

NEW = "QTASK_CHAOS_PLAIN" not in os.environ
"""Whether the package knows what a handler may ask for: an upgrade runs an older one, too."""
WISHES: dict[str, Any] = {"timeout": 60} if NEW else {}

_recorder = Recorder(Path(os.environ["QTASK_CHAOS_HISTORY"]), os.environ["QTASK_CHAOS_NAME"])
client = Client(os.environ["QTASK_DATABASE_URL"]) if NEW else None
worker = Worker(
    os.environ["QTASK_DATABASE_URL"],
    os.environ.get("QTASK_REDIS_URL"),
    name=os.environ["QTASK_CHAOS_NAME"],
    threads=8,
    retry_delay=0.5,
    drain_timeout=3.0,
    stream=bool(os.environ["QTASK_CHAOS_STREAM"]),
)


@worker.handler(*QUEUES, **WISHES)
def handle(job: Job) -> None:
    """Does what the payload says, and records that it ran."""
    key, fatal = key_of(job.payload), job.payload.get("fatal", False)
    _recorder.note("run", id=job.task_id, attempt=job.attempt, k=key)
    time.sleep(job.payload.get("seconds", 0))
    if job.attempt <= job.payload.get("failures", 0):
        _recorder.note("raised", id=job.task_id, attempt=job.attempt, fatal=fatal)
        if fatal:
            raise qtask_db.worker.Fail("as it was told")
        if job.attempt % 2:
            raise Retry("as it was told", delay=0)
        if NEW and key[-1] in "02468":
            raise qtask_db.worker.Snooze(1, "as it was told")
        raise RuntimeError("as it was told")
    if NEW and zlib.crc32(key.encode()) % 4 == 0:
        _finish(job, key)
    else:
        _recorder.note("done", id=job.task_id, attempt=job.attempt)


def _finish(job: Job, key: str) -> None:
    """In a transaction of its own, which the first attempt of some forgets to commit."""
    assert client is not None
    try:
        with client.transaction() as tx:
            job.finish(tx.conn)
            if job.attempt == 1 and key.endswith("7"):
                _recorder.note("raised", id=job.task_id, attempt=job.attempt)
                tx.conn.rollback()
            else:
                _recorder.note("done", id=job.task_id, attempt=job.attempt)
    except BaseException:
        _recorder.note("raised", id=job.task_id, attempt=job.attempt)
        raise
