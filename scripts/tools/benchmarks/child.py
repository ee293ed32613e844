"""Functions in processes of their own, so that measuring does not hold up what is measured."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from typing import Any

_spawn = multiprocessing.get_context("spawn")


def counters(count: int) -> Any:
    """Numbers that children change and everybody reads."""
    return _spawn.Array("q", count, lock=False)


class Child:
    """A function in a process of its own, and what it returns."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._ours, theirs = _spawn.Pipe(duplex=False)
        self._name = function.__name__
        process = _spawn.Process(target=_child, args=(theirs, function, *arguments), daemon=True)
        process.start()
        theirs.close()
        if self._ours.recv() != "ready":
            raise RuntimeError(f"{self._name} did not start")

    def result(self) -> Any:
        try:
            return self._ours.recv()
        except EOFError:
            raise RuntimeError(f"{self._name} ended without a result") from None


def _child(pipe: Any, function: Callable[..., Any], *arguments: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    pipe.send("ready")
    pipe.send(function(*arguments))
