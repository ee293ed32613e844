"""A worker whose handler does nothing: `qtask worker benchmarks.noop_worker:worker`."""

from __future__ import annotations

import os

from qtask_db.worker import Job, Worker

QUEUE = "NOOP"
worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ.get("QTASK_REDIS_URL"))


@worker.handler(QUEUE)
def handle(_job: Job) -> None:
    """Finished at once."""
