"""The report of a case, and its way to measure: interleaved with its floor, without collector."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    name: str
    measured: float
    unit: str
    floor: float | None = None
    """The same done without the project, in the same unit."""
    floor_is: str = ""
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    """Of the ratio over the rounds, or of `measured` where there is none: the middle half."""
    reach: float | None = None
    at_most: bool = False
    """Whether the reach is an upper limit."""
    of_ratio: bool = False
    """Whether it is the ratio that must reach it."""
    note: str = ""
    percentiles: tuple[float, ...] = ()
    """The whole distribution, for plots: the 0th to the 100th."""

    @property
    def value(self) -> float:
        """The number that is compared with the reach."""
        return self.ratio if self.of_ratio and self.ratio is not None else self.measured

    @property
    def ok(self) -> bool:
        if self.reach is None:
            return True
        return self.value <= self.reach if self.at_most else self.value >= self.reach

    def slower(self, times: Sequence[float]) -> Figure:
        """The same with the ratio of the times of the rounds, not of the speeds."""
        return replace(self, ratio=statistics.median(times), spread=middle(times))

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "ok": self.ok} | {
            key: value for key, value in asdict(self).items() if key != "name"
        }


@dataclass(slots=True)
class Pair:
    """Seconds of the rounds of two ways to do the same."""

    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def speed(self) -> float:
        """How fast ours is as a share of the floor: the median over the rounds."""
        return statistics.median(self.speeds())

    def speeds(self) -> list[float]:
        # Of neighbours in time: a machine that slows down for a while slows down both.
        return [floor / ours for ours, floor in zip(self.ours, self.floor, strict=True)]

    def figure(self, name: str, count: int, unit: str, **more: Any) -> Figure:
        """A rate of `count` things a round, against the floor's rate."""
        return Figure(
            name,
            count / statistics.median(self.ours),
            unit,
            floor=count / statistics.median(self.floor),
            ratio=self.speed(),
            spread=middle(self.speeds()),
            **more,
        )


def interleaved(
    ours: Callable[[], object], floor: Callable[[], object], rounds: int, warm_up: int = 1
) -> Pair:
    """Times both in turn; which one goes first changes from round to round."""
    pair = Pair()
    for number in range(-warm_up, rounds):
        timed = [(ours, pair.ours), (floor, pair.floor)]
        for run, seconds in timed if number % 2 else reversed(timed):
            took = timed_once(run)
            if number >= 0:
                seconds.append(took)
    return pair


def timed_once(run: Callable[[], object]) -> float:
    """Seconds of one run, or those that it returns; the garbage collector does not interfere."""
    with no_collector():
        began = time.perf_counter()
        told = run()
        return told if isinstance(told, float) else time.perf_counter() - began


@contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def middle(values: Sequence[float]) -> tuple[float, float]:
    """The lower and the upper quartile."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def percentiles(values: Sequence[float]) -> tuple[float, ...]:
    """The 0th to the 100th."""
    return tuple(round(at(values, number / 100), 3) for number in range(101))


def at(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
