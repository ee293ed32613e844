"""pgmq: a queue without a worker; ours is the loop of its documentation, by batches."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from importlib.metadata import version

import psycopg
from pgmq import PGMQueue, install_pgmq_from_sql
from pgmq.install import get_embedded_sql_version

from .. import side

BATCH = 1_000


class Side(side.Side):
    def __init__(self) -> None:
        self.queue = PGMQueue(conn_string=side.URL, init_extension=False, pool_size=2)

    def install(self) -> None:
        with psycopg.connect(side.URL) as conn:
            absent = conn.execute("SELECT to_regnamespace('pgmq') IS NULL").fetchone()
        if absent == (True,):
            install_pgmq_from_sql(dsn=side.URL)
            self.queue.create_queue(side.QUEUE)

    def version(self) -> str:
        return f"{get_embedded_sql_version()}, client {version('pgmq')}"

    def clear(self) -> None:
        self.queue.purge(side.QUEUE)

    def create(self, number: int) -> None:
        self.queue.send(side.QUEUE, side.payload(number))

    def create_many(self, numbers: Sequence[int]) -> None:
        self.queue.send_batch(side.QUEUE, [side.payload(number) for number in numbers])

    def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        due = time.time() + seconds
        at = datetime.datetime.fromtimestamp(due, datetime.timezone.utc)
        self.queue.send_batch(side.QUEUE, [side.payload(n) for n in numbers], delay=at)
        return [due] * len(numbers)

    def left(self) -> int:
        return int(self.queue.metrics(side.QUEUE).queue_length)

    def work(self) -> None:
        while True:
            found = self.queue.read_with_poll(
                side.QUEUE, vt=side.TIMEOUT, qty=BATCH, max_poll_seconds=5, poll_interval_ms=10
            )
            for message in found:
                side.handle(message.message)
            if found:
                self.queue.delete_batch(side.QUEUE, [message.msg_id for message in found])
