"""How long each measurement lasts, and with how many tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    rounds: int
    single: float
    """Seconds of creating one by one."""
    batches: float
    """Most seconds of filling the queue, with at most so many tasks:"""
    backlog: int
    drain: float
    """Most seconds of draining it."""
    delayed: int
    late: float
    """Most seconds after the due time."""
    recovery: float


FULL = Sizes(2, 1.5, 2.5, 20_000, 5.0, 5_000, 20.0, 90.0)
QUICK = Sizes(1, 1.5, 2.5, 20_000, 5.0, 5_000, 5.0, 30.0)
LEAST = Sizes(1, 0.5, 0.5, 2_000, 2.0, 500, 5.0, 15.0)
