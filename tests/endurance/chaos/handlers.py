"""The worker of a run; `qtask worker chaos.handlers:worker` runs it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from qtask_db.worker import Job, Retry, Worker

from .history import Recorder
from .process import QUEUES

_recorder = Recorder(Path(os.environ["QTASK_CHAOS_HISTORY"]), os.environ["QTASK_CHAOS_NAME"])
worker = Worker(
    os.environ["QTASK_DATABASE_URL"],
    os.environ.get("QTASK_REDIS_URL"),
    name=os.environ["QTASK_CHAOS_NAME"],
    threads=8,
    retry_delay=0.5,
    drain_timeout=3.0,
    stream=bool(os.environ["QTASK_CHAOS_STREAM"]),
)


@worker.handler(*QUEUES)
def handle(job: Job) -> None:
    """Does what the payload says, and records that it ran."""
    _recorder.note("run", id=job.task_id, attempt=job.attempt, k=job.payload["k"])
    time.sleep(job.payload["seconds"])
    if job.attempt <= job.payload["failures"]:
        _recorder.note("raised", id=job.task_id, attempt=job.attempt)
        if job.attempt % 2:
            raise Retry("as it was told", delay=0)
        raise RuntimeError("as it was told")
    _recorder.note("done", id=job.task_id, attempt=job.attempt)
