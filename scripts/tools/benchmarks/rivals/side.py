"""The methods of every side, and the notes that its handlers make when they run.

It is imported by the rivals' own Python, too: nothing but the standard library here.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

QUEUE = "rivals"
PAYLOAD = {
    "order_no": "8973097380045",
    "amount": "12.50",
    "customer": "customer-0001",
    "items": [1, 2],
}
RECORD = struct.Struct("<qd")
"""A task's number and when its handler started, in seconds since 1970."""

URL = os.environ.get("RIVALS_URL", "")
TIMEOUT = int(os.environ.get("RIVALS_TIMEOUT", "3600"))
"""Seconds after which a task of a dead worker comes again, if the side can be told so."""
SLEEP = float(os.environ.get("RIVALS_SLEEP", "0"))
_record = os.environ.get("RIVALS_RECORD")
_file = os.open(_record, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if _record else -1


def payload(number: int) -> dict[str, Any]:
    return {**PAYLOAD, "number": number}


def note(number: int) -> None:
    """Appended by one write: threads and forked processes do not mix their records."""
    os.write(_file, RECORD.pack(number, time.time()))


def handle(given: dict[str, Any]) -> None:
    """The handler of all sides."""
    note(given["number"])
    if SLEEP:
        time.sleep(SLEEP)


async def handle_async(given: dict[str, Any]) -> None:
    """The same for sides that run coroutines."""
    note(given["number"])
    if SLEEP:
        await asyncio.sleep(SLEEP)


class Side(ABC):
    """A task system. All methods but `relay` and `work` may be coroutines."""

    bulk = True
    """Whether it has a way to create many at once."""

    @abstractmethod
    def install(self) -> Any:
        """Makes what it needs on the empty server; called in each process that creates tasks."""

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def clear(self) -> Any:
        """Forgets all tasks."""

    @abstractmethod
    def create(self, number: int) -> Any:
        """One task that may run at once, stored durably."""

    @abstractmethod
    def create_many(self, numbers: Sequence[int]) -> Any:
        """The same by what it offers for many."""

    @abstractmethod
    def delay_many(self, numbers: Sequence[int], seconds: int) -> Any:
        """Tasks that may run in so many seconds; returns when each of them may."""

    @abstractmethod
    def left(self) -> Any:
        """How many tasks it still has to run or to end."""

    @abstractmethod
    def work(self) -> None:
        """Runs tasks in this process until it is ended."""

    def relay(self) -> None:
        """Runs the process beside its workers, until it is ended."""
        raise NotImplementedError
