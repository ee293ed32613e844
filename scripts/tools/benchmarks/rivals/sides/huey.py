"""Huey on MySQL by its SQL storage: threads, the shortest polls, no results."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from huey.contrib.sql_huey import SqlHuey
from peewee import MySQLDatabase

from .. import side

WORKERS = 8
_url = urlsplit(side.URL)
database = MySQLDatabase(
    _url.path.strip("/"),
    host=_url.hostname,
    port=_url.port or 3306,
    user=_url.username,
    password=_url.password or "",
)
app = SqlHuey("rivals", database=database, results=False, utc=True)


@app.task(retries=3)
def rival(given: dict[str, Any]) -> None:
    side.handle(given)


class Side(side.Side):
    def install(self) -> None:
        """The tables are made with the storage."""

    def version(self) -> str:
        return f"{version('huey')}, peewee {version('peewee')}"

    def clear(self) -> None:
        app.storage.flush_queue()
        app.storage.flush_schedule()

    def create(self, number: int) -> None:
        rival(side.payload(number))

    def create_many(self, numbers: Sequence[int]) -> None:
        """It has no call for many; one transaction is the least."""
        with database.atomic():
            for number in numbers:
                self.create(number)

    def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        due = time.time() + seconds
        eta = datetime.datetime.fromtimestamp(due, datetime.timezone.utc)
        with database.atomic():
            for number in numbers:
                rival.schedule((side.payload(number),), eta=eta)
        return [due] * len(numbers)

    def left(self) -> int:
        return int(app.storage.queue_size() + app.storage.schedule_size())

    def work(self) -> None:
        app.create_consumer(
            workers=WORKERS, initial_delay=0.01, max_delay=0.1, scheduler_interval=1
        ).run()
