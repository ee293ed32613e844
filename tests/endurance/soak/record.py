"""The records of connections; each process sends its own to the one that checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Record:
    """The commits of one process since it last sent its record."""

    created: list[tuple[int, bool]] = field(default_factory=list)
    """Task, and whether it lasts: it has attempts and time enough never to fail by itself."""
    undone: list[int] = field(default_factory=list)
    """Created in a transaction that was rolled back."""
    started: list[tuple[int, int]] = field(default_factory=list)
    finished: list[tuple[int, int | None]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    retried: list[int] = field(default_factory=list)
    purged: int = 0
    expired: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    """By verb, those that were refused among them."""
    refused: int = 0
    transactions: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    """Calls that were made again inside the Python layer, by verb."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """In transactions of the caller's, by the calls before and the one that met it."""
    deadlocks: dict[str, str] = field(default_factory=dict)
    """The server's own reports, by their time."""
    most_retries: int = 0
    slowest: float = 0.0
    violations: list[str] = field(default_factory=list)

    def add(self, other: Record) -> None:
        """Takes in another record."""
        for name in ("created", "undone", "started", "finished", "cancelled", "retried"):
            getattr(self, name).extend(getattr(other, name))
        for name in ("purged", "expired", "refused", "transactions"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("calls", "retries", "conflicts", "deadlocks"):
            getattr(self, name).update(getattr(other, name))
        self.most_retries = max(self.most_retries, other.most_retries)
        self.slowest = max(self.slowest, other.slowest)
        self.violations += other.violations
