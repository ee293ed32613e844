"""What a command that stays in the foreground needs: a log, signals, a report now and then."""

from __future__ import annotations

import datetime
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from qtask_db.cli import errors, output
from qtask_db.urls import mask

if TYPE_CHECKING:
    from qtask_db.worker import Worker

REPORT_INTERVAL = 60.0
"""Seconds."""


@contextmanager
def reports(process: Worker) -> Iterator[None]:
    """Log the counters once a minute, where they have changed."""
    ended = threading.Event()

    def report() -> None:
        before = str(process.counters)
        while not ended.wait(REPORT_INTERVAL):
            if (now := str(process.counters)) != before:
                logging.getLogger("qtask_db").info("worker %s: %s", process.name, now)
            before = now

    threading.Thread(target=report, name="qtask-report", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


class _Formatter(logging.Formatter):
    """One line a record, with the time in UTC and no URL's password in it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002
        return output.iso(datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc))

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def log_to_stderr(level: str) -> None:
    """Send the package's log to stderr, and what others warn of."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("qtask_db").setLevel(level.upper())


def say_where(what: str, database: object, redis_url: str) -> None:
    logging.getLogger("qtask_db").info("%s: %s and %s", what, database, mask(redis_url))


@contextmanager
def stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """The first SIGTERM or SIGINT asks to stop; the second one ends the process at once."""
    asked = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            _leave_now(number)
        asked = True
        stop()
        with suppress(OSError, ValueError):  # nobody reads what is said
            errors.say("stopping; the same again to end at once")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_now(number: int) -> NoReturn:
    """Without waiting for threads: what they were doing comes again."""
    with suppress(OSError):
        os.write(2, b"qtask: ended at once\n")
    os._exit(128 + number)
