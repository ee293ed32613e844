"""qtask-db by a direct queue: the database and `qtask worker`, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from qtask_db import Job, Worker, calls

from .. import side
from . import qtask

worker = Worker(side.URL)


@worker.handler(side.QUEUE)
def handle(job: Job) -> None:
    side.handle(job.payload)


class Side(qtask.Side):
    def install(self) -> None:
        super().install()
        calls.set_delivery(self.conn, side.QUEUE, "direct")

    def create(self, number: int) -> None:
        self._create(number)

    def create_many(self, numbers: Sequence[int]) -> None:
        calls.create_many(self.conn, self._tasks(numbers))

    def work(self) -> None:
        qtask.run("worker", f"{__name__}:worker", "--log-level", "warning")
