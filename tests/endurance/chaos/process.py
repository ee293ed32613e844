"""The means of every process: its settings, its fuse, and messages as the history has them."""

from __future__ import annotations

import calendar
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtask_db.models import Message

from .history import Recorder

QUEUES = ("CHAOS:A", "CHAOS:B", "CHAOS:C")
NOBODY = "CHAOS:NOBODY"
"""A queue without a worker: its tasks fail at their deadline."""
TICKS, FAILURES = "CHAOS:A", "CHAOS:B"
"""The queues of tasks that the database makes of its own accord."""
SCHEDULE, AFTER = "schedule:", "after "
"""The keys of such tasks begin so; the time of a tick follows in seconds since 1970, or the id of
the task that has failed.
"""
FUSE = 0.05
"""How often a relay dies between claim and push, or push and confirm; a worker before it starts."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of all processes of a run."""

    folder: Path
    database_url: str
    redis_url: str
    lease: int
    pace: float
    """Mean seconds between two transactions of a producer."""
    broken: str | None = None
    stream: bool = False
    direct: bool = False
    """Whether queues are direct at first."""

    @property
    def history(self) -> Path:
        return self.folder / "history.jsonl"

    @property
    def peace(self) -> Path:
        """When this file is there, no process dies by itself any more."""
        return self.folder / "peace"


class Fuse:
    """Kills its own process now and then, at the places that hurt."""

    def __init__(
        self, name: str, rng: random.Random, recorder: Recorder, settings: Settings
    ) -> None:
        self._name = name
        self._rng = rng
        self._recorder = recorder
        self._settings = settings

    def __call__(self) -> None:
        if self._rng.random() < FUSE:
            self._burn()

    def within(self, seconds: float) -> None:
        """At some moment of the next `seconds`, while this thread does something else."""
        if self._rng.random() < FUSE:
            timer = threading.Timer(seconds * self._rng.random(), self._burn)
            timer.daemon = True
            timer.start()

    def _burn(self) -> None:
        if self._settings.peace.exists():
            return
        self._recorder.note("kill", name=self._name)
        os.kill(os.getpid(), signal.SIGKILL)


def key_of(payload: Mapping[str, Any]) -> str:
    if failed := payload.get("failed_task"):
        return f"{AFTER}{failed['task_id']}"
    if tick := payload.get("tick"):
        return f"{SCHEDULE}{payload['k']}:{seconds_of(tick)}"
    return str(payload["k"])


def seconds_of(tick: str) -> int:
    """Since 1970."""
    return calendar.timegm(time.strptime(tick, "%Y-%m-%dT%H:%M:%SZ"))


def triples(messages: Iterable[Message]) -> list[tuple[int, int, str]]:
    """Messages as the history has them."""
    return [(m.task_id, m.attempt, key_of(json.loads(m.payload))) for m in messages]


def note_taken(recorder: Recorder, started: Iterable[tuple[int, int, str, str]]) -> None:
    """Of tasks that the database has started: id, attempt, payload and queue."""
    messages = [
        (number, attempt, key_of(json.loads(text)), queue)
        for number, attempt, text, queue in started
    ]
    recorder.note("taken", messages=messages)
