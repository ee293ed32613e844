"""procrastinate: coroutines side by side, done jobs deleted, short polls for delayed ones, and the
periodic task of its documentation that retries what a dead worker left.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import procrastinate

from .. import side

CONCURRENCY = 32
HEARTBEATS = 3
app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=side.URL, max_size=CONCURRENCY)
)


@app.task(queue=side.QUEUE)
async def rival(given: dict[str, Any]) -> None:
    await side.handle_async(given)


@app.periodic(cron="* * * * * */5")  # the last field is seconds
@app.task(queueing_lock="stalled", pass_context=True)
async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(
        queue=side.QUEUE, seconds_since_heartbeat=side.TIMEOUT
    ):
        await manager.retry_job(job)


class Side(side.Side):
    async def install(self) -> None:
        await app.open_async()
        found = await app.connector.execute_query_one_async(
            "SELECT to_regclass('procrastinate_jobs') IS NULL AS absent"
        )
        if found["absent"]:
            await app.schema_manager.apply_schema_async()

    def version(self) -> str:
        return version("procrastinate")

    async def clear(self) -> None:
        await app.connector.execute_query_async(
            "TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers"
        )

    async def create(self, number: int) -> None:
        await rival.defer_async(given=side.payload(number))

    async def create_many(self, numbers: Sequence[int]) -> None:
        await rival.batch_defer_async(*({"given": side.payload(number)} for number in numbers))

    async def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        due = time.time() + seconds
        at = datetime.datetime.fromtimestamp(due, datetime.timezone.utc)
        later = rival.configure(schedule_at=at)
        await later.batch_defer_async(*({"given": side.payload(number)} for number in numbers))
        return [due] * len(numbers)

    async def left(self) -> int:
        found = await app.connector.execute_query_one_async(
            "SELECT COUNT(*) AS count FROM procrastinate_jobs "
            f"WHERE queue_name = '{side.QUEUE}' AND status IN ('todo', 'doing')"
        )
        return int(found["count"])

    def work(self) -> None:
        app.run_worker(
            concurrency=CONCURRENCY,
            delete_jobs="successful",
            fetch_job_polling_interval=0.1,
            update_heartbeat_interval=side.TIMEOUT / HEARTBEATS,
            stalled_worker_timeout=side.TIMEOUT,
        )
