"""Work that many do at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from qtask_db import Connection

CREATORS = 16
CONSUMERS = 8
JOB = ("job", {}, 3600, "Q")


def together(crowd: list[Connection], work: Callable[[Connection, int], Any]) -> list[Any]:
    """Runs the work on all connections, all from the same moment; returns results and errors."""
    results: list[Any] = [None] * len(crowd)
    ready = Barrier(len(crowd), timeout=60)

    def run(number: int) -> None:
        ready.wait()
        try:
            results[number] = work(crowd[number], number)
        except Exception as error:
            results[number] = error

    threads = [Thread(target=run, args=(n,), daemon=True) for n in range(len(crowd))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return results
