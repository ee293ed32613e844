"""Celery on Redis: late acknowledgement, no results, no events, a pool of processes."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from celery import Celery

from .. import side

app = Celery("rivals", broker=side.URL)
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": side.TIMEOUT,
        "unacked_restore_interval": 1,  # by default it looks for such messages every 100 s
        "unacked_restore_throttle": 1,
    },
    task_acks_late=True,
    task_default_queue=side.QUEUE,
    task_ignore_result=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=64,
)


@app.task
def rival(given: dict[str, Any]) -> None:
    side.handle(given)


class Side(side.Side):
    bulk = False

    def install(self) -> None:
        self.connection = app.connection_for_write()
        self.producer = app.amqp.Producer(self.connection)

    def version(self) -> str:
        return version("celery")

    def clear(self) -> None:
        app.connection_for_write().default_channel.client.flushdb()

    def create(self, number: int) -> None:
        rival.apply_async((side.payload(number),), producer=self.producer)

    def create_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.create(number)

    def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        due = time.time() + seconds
        eta = datetime.datetime.fromtimestamp(due, datetime.timezone.utc)
        for number in numbers:
            rival.apply_async((side.payload(number),), eta=eta, producer=self.producer)
        return [due] * len(numbers)

    def left(self) -> int:
        client = self.connection.default_channel.client
        return int(client.llen(side.QUEUE) + client.hlen("unacked"))

    def work(self) -> None:
        app.worker_main(
            ["worker", f"--concurrency={os.cpu_count()}", "--loglevel=WARNING",
             "--without-gossip", "--without-mingle", "--without-heartbeat"]
        )  # fmt: skip
