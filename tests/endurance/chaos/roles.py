"""The processes of a run: the project's own commands, watched, and producers."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import Any

from processes import end_with_parent

from qtask_db import calls
from qtask_db.cli import main as qtask
from qtask_db.models import Batch, Message
from qtask_db.transport import kinds
from qtask_db.transport.kinds import Raw
from qtask_db.transport.message import decode
from qtask_db.transport.queues import Queues

from .history import Recorder
from .process import Fuse, Settings, key_of, note_taken, triples

RECLAIM = 4.0
"""Seconds after which a worker takes over what another one has taken from a stream: less than a
pause lasts.
"""
LONGEST_STEP = 86_400.0
"""Seconds by which a client's clock may be off."""


def enter(role: str, name: str, seed: str, settings: Settings) -> None:
    """The first thing that a new process does."""
    end_with_parent()
    log = os.open(
        settings.folder / f"{name.split('.')[0]}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT
    )
    for stream in (1, 2):
        os.dup2(log, stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(
        QTASK_DATABASE_URL=settings.database_url,
        QTASK_REDIS_URL=settings.redis_url,
        QTASK_CHAOS_NAME=name,
        QTASK_CHAOS_HISTORY=str(settings.history),
        QTASK_CHAOS_STREAM="yes" if settings.stream else "",
    )
    rng = random.Random(seed)  # noqa: S311 - repeatable
    _step_clock(rng)
    ROLES[role](name, rng, Recorder(settings.history, name), settings)


def _relay(name: str, rng: random.Random, recorder: Recorder, settings: Settings) -> None:
    _watch_scans(recorder)
    _watch_pushes(recorder, Fuse(name, rng, recorder, settings))
    _run("relay", "--patient", "--name", name, "--lease", str(settings.lease), "--limit", "200",
         "--scan-interval", "1", *["--stream"] * settings.stream)  # fmt: skip


def _worker(name: str, rng: random.Random, recorder: Recorder, settings: Settings) -> None:
    kinds.RECLAIM_IDLE = RECLAIM
    fuse = Fuse(name, rng, recorder, settings)
    _watch_takes(recorder, fuse)
    _watch_direct_takes(recorder, fuse)
    _watch_acknowledgements(recorder)
    _run("worker", "--patient", "chaos.handlers:worker")


def _direct(name: str, rng: random.Random, recorder: Recorder, settings: Settings) -> None:
    """A worker without Redis."""
    os.environ.pop("QTASK_REDIS_URL")
    _worker(name, rng, recorder, settings)


def _consumer(name: str, rng: random.Random, recorder: Recorder, settings: Settings) -> None:
    from .consumer import Consumer

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Consumer(name, rng, recorder, settings, Fuse(name, rng, recorder, settings)).run()


def _producer(name: str, rng: random.Random, recorder: Recorder, settings: Settings) -> None:
    from .producer import Producer

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Producer(name, rng, recorder, settings).run()


ROLES: dict[str, Callable[[str, random.Random, Recorder, Settings], None]] = {
    "relay": _relay,
    "worker": _worker,
    "direct": _direct,
    "consumer": _consumer,
    "producer": _producer,
}


def _run(*arguments: str) -> None:
    sys.argv = ["qtask", *arguments]
    qtask(list(arguments), prog_name="qtask")


def _step_clock(rng: random.Random) -> None:
    """This process's wall clock is off, and jumps at each SIGUSR1. The monotonic one never does."""
    true_time, offset = time.time, rng.uniform(-LONGEST_STEP, LONGEST_STEP)

    def step(_number: int, _frame: FrameType | None) -> None:
        nonlocal offset
        offset = rng.uniform(-LONGEST_STEP, LONGEST_STEP)

    signal.signal(signal.SIGUSR1, step)
    time.time = lambda: true_time() + offset


def _watch_scans(recorder: Recorder) -> None:
    plain = calls.scan

    def scan(*args: Any, **options: Any) -> Batch:
        batch = plain(*args, **options)
        recorder.note("scan")
        return batch

    calls.scan = scan


def _watch_pushes(recorder: Recorder, fuse: Fuse) -> None:
    plain = Queues.push

    def push(self: Queues, messages: Iterable[Message]) -> dict[str, int]:
        given = list(messages)
        fuse()
        recorder.note("push", messages=triples(given))
        lengths = plain(self, given)
        recorder.note("pushed", ids=[message.task_id for message in given])
        fuse()
        return lengths

    Queues.push = push  # type: ignore[method-assign]


def _watch_takes(recorder: Recorder, fuse: Fuse) -> None:
    plain = Queues.take

    def take(self: Queues, queues: Sequence[str], *limits: Any) -> list[Raw]:
        since = time.monotonic()
        taken = plain(self, queues, *limits)
        if taken:
            recorder.note(
                "take", since=since, messages=[_triple(raw) for raw in taken],
                entries=_entries(taken),
            )  # fmt: skip
            fuse()
        return taken

    Queues.take = take  # type: ignore[assignment, method-assign]


def _watch_direct_takes(recorder: Recorder, fuse: Fuse) -> None:
    plain = getattr(calls, "take", None)
    if plain is None:  # 0.1.0, beside which upgrades are tested
        return

    def take(*args: Any, **options: Any) -> Any:
        taken = plain(*args, **options)
        if taken.started:
            note_taken(
                recorder, ((t.task_id, t.attempt, t.payload, t.queue) for t in taken.started)
            )
            fuse()
        return taken

    calls.take = take


def _watch_acknowledgements(recorder: Recorder) -> None:
    plain = Queues.done

    def done(self: Queues, taken: Iterable[Raw]) -> None:
        given = list(taken)
        plain(self, given)
        if entries := _entries(given):
            recorder.note("acknowledged", entries=entries)

    Queues.done = done  # type: ignore[method-assign]


def _entries(taken: Iterable[Raw]) -> list[str]:
    """The stream and the entry of each; messages of a list have neither."""
    return [f"{raw.queue} {raw.entry.decode()}" for raw in taken if raw.entry is not None]


def _triple(raw: Raw) -> tuple[Any, ...]:
    received = decode(raw.body)
    return received.task_id, received.attempt, key_of(received.payload)
