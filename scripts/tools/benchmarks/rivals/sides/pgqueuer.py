"""pgqueuer: asyncpg, uvloop, large batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from .. import side

BATCH = 1_000


class Side(side.Side):
    async def install(self) -> None:
        self.conn = await asyncpg.connect(side.URL)
        self.queries = Queries(AsyncpgDriver(self.conn))
        if not await self.queries.schema_is_installed():
            await self.queries.install()

    def version(self) -> str:
        return version("pgqueuer")

    async def clear(self) -> None:
        await self.conn.execute("TRUNCATE pgqueuer, pgqueuer_log, pgqueuer_statistics")

    async def create(self, number: int) -> None:
        await self.queries.enqueue(side.QUEUE, _body(number))

    async def create_many(
        self, numbers: Sequence[int], after: timedelta | None = None
    ) -> list[Any]:
        count = len(numbers)
        jobs: list[Any] = await self.queries.enqueue(
            [side.QUEUE] * count, [_body(n) for n in numbers], [0] * count, [after] * count
        )
        return jobs

    async def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        ids = await self.create_many(numbers, timedelta(seconds=seconds))
        rows = dict(await self.conn.fetch("SELECT id, execute_after FROM pgqueuer"))
        return [rows[job_id].timestamp() for job_id in ids]

    async def left(self) -> int:
        return int(await self.conn.fetchval("SELECT COUNT(*) FROM pgqueuer"))

    def work(self) -> None:
        uvloop.run(_work())


async def _work() -> None:
    """As its command `pgq run` does, which this version's own log level breaks."""
    app = PgQueuer(AsyncpgDriver(await asyncpg.connect(side.URL)))

    @app.entrypoint(side.QUEUE)
    async def rival(job: Job) -> None:
        await side.handle_async(json.loads(job.payload or b""))

    await app.run(
        batch_size=BATCH,
        dequeue_timeout=timedelta(seconds=5),
        heartbeat_timeout=timedelta(seconds=side.TIMEOUT),
    )


def _body(number: int) -> bytes:
    return json.dumps(side.payload(number)).encode()
