"""All that the history has told so far."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from qtask_db.constants import DEFAULT, Status

from ..process import AFTER, FAILURES, SCHEDULE, TICKS

TERMINAL = {Status.FINISHED, Status.CANCELLED, Status.FAILED}
TOLERANCE = 0.005
"""Seconds: times of the database are cut to milliseconds."""
UNKNOWN, COMMITTED, ROLLED_BACK = "unknown", "committed", "rolled back"


@dataclass(frozen=True, slots=True)
class Violation:
    promise: str
    text: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.text}"


@dataclass(slots=True)
class Wanted:
    """A task that a producer asked for."""

    at: float
    delay: int
    deadline: int | None
    max_count: int
    interval: int
    order: str | None
    queue: str = ""
    on_failure: str | None = None
    outcome: str = UNKNOWN
    task_id: int | None = None
    new: bool = True
    queued: str | None = None
    """The process that put it on its queue first."""


@dataclass(slots=True)
class Row:
    """The last that the journal said of a task."""

    status: int
    attempts: int
    started_at: float = 0.0
    ended_at: float | None = None
    gone: bool = False


@dataclass(slots=True)
class Batch:
    relay: str
    at: float
    ids: list[int]


@dataclass
class Facts:
    """Each part of the checker adds to them, and looks at those of the others."""

    lease: float
    slack: float
    violations: list[Violation] = field(default_factory=list)
    wanted: dict[str, Wanted] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    requeued: list[float] = field(default_factory=list)
    """Seconds from the claim of a killed relay's unpushed tasks until they were claimed again."""
    kills: dict[str, float] = field(default_factory=dict)
    lapses: int = 0
    """Attempts that never ended: the next one was started while they counted as processing."""

    def __post_init__(self) -> None:
        self.runs: dict[tuple[int, int], str] = {}
        self._taken: dict[tuple[str, int], set[int]] = defaultdict(set)
        self._key_of: dict[int, str] = {}
        self._given: dict[tuple[int, int], tuple[str, str]] = {}
        """Of attempts that the database has given: to whom, and of which queue."""
        self._started: dict[tuple[int, int], float] = {}
        self._pauses: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self._changes: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.ticks: dict[str, set[int]] = defaultdict(set)
        """By schedule, in seconds since 1970."""
        self._made: dict[int, str] = {}
        """The keys of tasks of ticks and of failures."""
        self._failed: set[int] = set()
        """Those whose task for failures is to come."""
        self._fatal: set[tuple[int, int]] = set()
        self._ends: dict[tuple[int, int], set[str]] = {}
        """Of attempts: the outcomes that their history may tell, "" if none."""
        self._done: set[tuple[int, int]] = set()
        self._begun: set[tuple[int, int]] = set()
        self._raised: set[tuple[int, int]] = set()
        self._orders: dict[str, int] = {}
        self._acknowledged: dict[str, float] = {}
        self._batches: dict[int, Batch] = {}
        self._pushed: dict[tuple[int, str], float] = {}
        self._signs: dict[int, list[tuple[float, str]]] = defaultdict(list)
        self._scans: list[float] = []
        self._troubles: list[tuple[float, float]] = []

    def _find(self, key: str) -> Wanted | None:
        """Nobody asks for a task that is made by the database, and its message may come first."""
        for start, queue in ((SCHEDULE, TICKS), (AFTER, FAILURES)):
            if key.startswith(start) and key not in self.wanted:
                self.wanted[key] = Wanted(
                    float("-inf"), 0, None, DEFAULT["max_count"], 0, None, queue, None, COMMITTED
                )
        return self.wanted.get(key)

    @property
    def committed(self) -> int:
        return sum(one.outcome == COMMITTED and one.new for one in self.wanted.values())

    @property
    def taken(self) -> int:
        """Attempts that were taken straight from the database."""
        return len(self._given)

    def _broken(self, promise: str, text: str) -> None:
        self.violations.append(Violation(promise, text))
