"""RQ: the worker that does not fork, with its scheduler, no results."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from importlib.metadata import version

import redis
from rq import Queue, Retry, SimpleWorker
from rq.registry import ScheduledJobRegistry, StartedJobRegistry

from .. import side

OPTIONS = {"result_ttl": 0, "job_timeout": side.TIMEOUT, "retry": Retry(max=3)}


class Side(side.Side):
    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(side.URL)
        self.queue = Queue(side.QUEUE, connection=self.redis)

    def install(self) -> None:
        """Redis needs nothing."""

    def version(self) -> str:
        return version("rq")

    def clear(self) -> None:
        self.redis.flushdb()

    def create(self, number: int) -> None:
        self.queue.enqueue(side.handle, side.payload(number), **OPTIONS)

    def create_many(self, numbers: Sequence[int]) -> None:
        prepare = Queue.prepare_data
        self.queue.enqueue_many(
            [
                prepare(side.handle, (side.payload(number),), result_ttl=0,
                        timeout=side.TIMEOUT, retry=Retry(max=3))
                for number in numbers
            ]
        )  # fmt: skip

    def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        due = time.time() + seconds
        at = datetime.datetime.fromtimestamp(due, datetime.timezone.utc)
        with self.redis.pipeline() as pipe:
            for number in numbers:
                self.queue.enqueue_at(
                    at, side.handle, side.payload(number), pipeline=pipe, **OPTIONS
                )
            pipe.execute()
        return [due] * len(numbers)

    def left(self) -> int:
        registries = (StartedJobRegistry, ScheduledJobRegistry)
        return len(self.queue) + sum(
            self.redis.zcard(each(queue=self.queue).key) for each in registries
        )

    def work(self) -> None:
        SimpleWorker(
            [self.queue], connection=self.redis, maintenance_interval=5, worker_ttl=20
        ).work(with_scheduler=True, logging_level="WARNING")
