"""A process of one side: `python -m benchmarks.rivals.driver SIDE serve|work|relay`.

`serve` answers requests, one JSON object a line. It runs under the rivals' own Python.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from .side import Side

BATCH = 1_000
WARM_UP = 20


class Serve:
    """The requests, by name."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.numbers = itertools.count(time.time_ns() // 1_000_000_000 * 1_000_000)

    async def install(self) -> list[Any]:
        await _done(self.side.install())
        return [self.side.version(), self.side.bulk]

    async def clear(self) -> None:
        await _done(self.side.clear())

    async def left(self) -> int:
        return int(await _done(self.side.left()))

    async def singles(self, seconds: float) -> float:
        """Creates tasks one by one for so long; returns how many a second."""
        for number in self._next(WARM_UP):
            await _done(self.side.create(number))
        return await self._timed(lambda: self.side.create(next(self.numbers)), seconds)

    async def batches(self, seconds: float, most: int) -> list[float]:
        """Creates by thousands for so long, or so many; returns their number, and the rate."""
        size = BATCH if self.side.bulk else WARM_UP
        await _done(self.side.create_many(self._next(size)))
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds and count < most - size:
            await _done(self.side.create_many(self._next(size)))
            count += size
        return [count + size, count / (time.perf_counter() - began)]

    async def create(self, count: int) -> None:
        for number in self._next(count):
            await _done(self.side.create(number))

    async def delayed(self, count: int, seconds: int) -> list[list[float]]:
        """Creates delayed tasks; returns their numbers and when each is due."""
        numbers = self._next(count)
        dues = await _done(self.side.delay_many(numbers, seconds))
        if time.time() > min(dues):
            raise RuntimeError(f"{count} tasks were not created within {seconds} s")
        return [[float(number) for number in numbers], list(dues)]

    def _next(self, count: int) -> list[int]:
        return list(itertools.islice(self.numbers, count))

    async def _timed(self, step: Callable[[], Any], seconds: float) -> float:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            found = step()
            if inspect.isawaitable(found):
                await found
            count += 1
        return count / (time.perf_counter() - began)


async def _done(found: Any) -> Any:
    return await found if inspect.isawaitable(found) else found


def main() -> None:
    name, verb = sys.argv[1:]
    side: Side = importlib.import_module(f"benchmarks.rivals.sides.{name}").Side()
    if verb == "serve":
        answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # prints of libraries must not mix with the answers
        serve = Serve(side)
        loop = asyncio.new_event_loop()
        for line in sys.stdin:
            request, *arguments = json.loads(line)
            answer = loop.run_until_complete(getattr(serve, request)(*arguments))
            print(json.dumps(answer), file=answers, flush=True)
    else:
        getattr(side, verb)()


if __name__ == "__main__":
    main()
