"""The history of a run: one file, to which every process appends what it is about to do.

A line is written before the act and in one piece, so the order of the lines is the order in which
things happened, in all processes, and a process that is killed has said what it may have done.
Times are those of the machine's monotonic clock, which no step of a clock changes.

    create    a producer is about to create a task: key, delay, deadline, max_count, interval,
              order (queue and number), on_failure
    created   the call has returned: key, id, new
    commit    its transaction is committed; keys
    rollback  its transaction will never be: keys
    push      messages [id, attempt, key] are about to go to Redis; by: who
    pushed    they are there; ids
    scan      a relay has scanned
    take      messages [id, attempt, key] were taken from Redis, at a call since; entries of streams
    acknowledged  these entries of streams were
    taken     the database has given attempts of direct queues: messages [id, attempt, key, queue]
    run       a handler begins: id, attempt, key, by
    done      it has returned: id, attempt
    raised    it is about to raise; fatal: so that the task fails for good
    kill      a process was killed: name
    paused    a queue is, from now on: queue
    resumed   it is about to be: queue
    delivery  a queue may have another one now: queue
    trouble   a server or the way to it was not itself: since, until

`row` and `batch` come from the database's own journal, see database/journal.py.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class Recorder:
    """Appends to the history. Safe for threads and processes."""

    def __init__(self, path: Path, by: str) -> None:
        self._by = by
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, what: str, **fields: Any) -> None:
        event = {"e": what, "by": self._by, "t": round(time.monotonic(), 6), **fields}
        # A kill can cut a long line short: it stands alone then, and what it says was not done.
        os.write(self._file, b"\n" + json.dumps(event).encode() + b"\n")


class Reader:
    """Reads what has been added since the last time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""

    def read(self) -> Iterable[Event]:
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            yield event
