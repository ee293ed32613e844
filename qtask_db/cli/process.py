"""Log, signals and regular reports of the commands that stay in the foreground."""

from __future__ import annotations

import datetime
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from qtask_db.cli import errors, output
from qtask_db.log import get_logger, mask

if TYPE_CHECKING:
    from qtask_db.worker.service import Worker

_HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
REPORT_INTERVAL = 60.0
"""Seconds."""
_SAME_WISH = 0.3
"""Seconds."""


@contextmanager
def reports(process: Worker) -> Iterator[None]:
    """Log the counters once a minute, if they have changed."""
    ended = threading.Event()

    def report() -> None:
        before = str(process.counters)
        while not ended.wait(REPORT_INTERVAL):
            if (now := str(process.counters)) != before:
                get_logger("qtask_db").info("worker %s: %s", process.name, now)
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


class _Console(logging.StreamHandler[TextIO]):
    """stderr, unless a handler of the program shows the record on the console already."""

    def filter(self, record: logging.LogRecord) -> bool:
        others = (handler for handler in _handlers(record) if handler is not self)
        return not any(_shows(handler, record) for handler in others)


def _handlers(record: logging.LogRecord) -> Iterator[logging.Handler]:
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None:
        yield from logger.handlers
        logger = logger.parent if logger.propagate else None


def _shows(handler: logging.Handler, record: logging.LogRecord) -> bool:
    on_console = getattr(handler, "stream", None) in (sys.stderr, sys.stdout)
    return on_console and handler.level <= record.levelno and bool(handler.filter(record))


def log_to_stderr(level: str) -> None:
    """Send the package's log to stderr, and what others warn of."""
    handler, ours = logging.StreamHandler(), _Console(sys.stderr)
    for one in (handler, ours):
        one.setFormatter(_Formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("qtask_db").setLevel(level.upper())
    logging.getLogger("qtask_db").addHandler(ours)


def keep_log() -> None:
    """Let no configuration of the program silence the package's loggers that there are.

    dictConfig and fileConfig disable all loggers that they do not name, unless told otherwise, and
    so does any Django project that handlers import.
    """
    for name, logger in list(logging.root.manager.loggerDict.items()):
        ours = name == "qtask_db" or name.startswith("qtask_db.")
        if ours and isinstance(logger, logging.Logger):
            never = property(lambda _: False, lambda _, _value: None)
            logger.__class__ = type("KeptLogger", (type(logger),), {"disabled": never})


def say_where(what: str, database: object, redis_url: str) -> None:
    get_logger("qtask_db").info("%s: %s and %s", what, database, mask(redis_url))


@contextmanager
def stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """The first SIGTERM, SIGINT or SIGHUP asks to stop; a second SIGTERM or SIGINT ends the process
    at once.

    A signal that follows within `_SAME_WISH` is the first one again: `timeout` signals its child,
    and then the group of both. SIGHUP often comes twice, or beside another one, from a terminal
    that is closed or a supervisor. If it is ignored, as below nohup, it stays so.
    """
    asked: float | None = None

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked is not None:
            if number != _HANGUP and monotonic() - asked > _SAME_WISH:
                _leave_now(number)
            return
        asked = monotonic()
        stop()
        with suppress(OSError, ValueError):  # nobody reads what is said
            errors.say("stopping; the same again to end at once")

    numbers = [signal.SIGINT, signal.SIGTERM]
    if _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN:
        numbers.append(_HANGUP)
    before = {number: signal.signal(number, handle) for number in numbers}
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
