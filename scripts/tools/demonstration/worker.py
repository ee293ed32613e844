"""The worker of scripts/demo; `qtask worker demonstration.worker:worker` runs it.

Its handlers note when they were started, in the file of STARTS, so that latencies can be told.
"""

from __future__ import annotations

import json
import os
import time

from qtask_db.worker import Job, Worker

from .tasks import DELAYED, FAILING, REAL_TIME, STARTS

WORK = 0.004
"""Seconds that a task takes, so that one can see them being processed."""

_starts = os.open(os.environ[STARTS], os.O_WRONLY | os.O_APPEND)
worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ.get("QTASK_REDIS_URL"), threads=8)


@worker.handler(REAL_TIME, DELAYED)
def handle(job: Job) -> None:
    """Works for a while, as the handler of an application does."""
    _note_start(job)
    time.sleep(WORK)


@worker.handler(FAILING)
def stumble(job: Job) -> None:
    """Fails until the attempt that the payload names, or always."""
    _note_start(job)
    works_at = job.payload["works_at_attempt"]
    if works_at is None:
        raise ConnectionError(f"the bank refused order {job.payload['order_no']}")
    if job.attempt < works_at:
        raise TimeoutError(f"the bank did not answer attempt {job.attempt}")


def _note_start(job: Job) -> None:
    note = {"task_id": job.task_id, "attempt": job.attempt, "at": time.time()}
    os.write(_starts, f"{json.dumps(note)}\n".encode())
