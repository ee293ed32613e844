"""A connection that knows some tasks of all others, and remembers what becomes of its own calls."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from qtask_db import Connection, Database
from qtask_db.dialects.mysql.driver import MySQL, rows_of
from qtask_db.errors import Conflict

from . import deadlocks
from .record import Record

QUEUES = 3
_ATTEMPT_BITS = 20


class Watched(MySQL):
    """The dialect, which remembers what the server has rolled back."""

    def __init__(self) -> None:
        self.rolled_back = 0
        self.deadlocks: dict[str, str] = {}

    def call(self, raw: Any, prefix: str, verb: str, *arguments: Any) -> Any:
        try:
            return super().call(raw, prefix, verb, *arguments)
        except Exception as error:
            if isinstance(self.translate(error), Conflict):
                self.rolled_back += 1
                text = rows_of(raw, "SHOW ENGINE INNODB STATUS")[0][2]
                if found := deadlocks.latest(text):
                    self.deadlocks[found[0]] = found[1]
            raise


@dataclass
class Connected:
    """The state of a client, which its verbs share."""

    database: Database
    random: Random
    tell: Callable[[Record], None]
    shared: MutableSequence[int]
    """Tasks with an attempt, which all connections read and write."""
    transactions: bool
    _conn: Connection = field(init=False)
    _watched: Watched = field(init=False, default_factory=Watched)
    _record: Record = field(init=False, default_factory=Record)
    _done: Record = field(init=False, default_factory=Record)
    """Of the transaction that is open."""
    _name: str = field(init=False)

    def __post_init__(self) -> None:
        opened = self.database.connect(autocommit=not self.transactions)
        self._conn = replace(opened, dialect=self._watched)
        self._name = f"relay {opened.raw.thread_id()}"
        if self.transactions and self.random.random() < 0.5:
            rows_of(opened.raw, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            self._conn.commit()

    def close(self) -> None:
        self._conn.close()

    def _some(self) -> tuple[int, int]:
        """A task and the attempt that it had, or will have."""
        known = self.random.choice(self.shared)
        return known >> _ATTEMPT_BITS, known & (1 << _ATTEMPT_BITS) - 1

    def _few(self) -> list[tuple[int, int | None]]:
        """In random order, with an attempt or without."""
        found = dict(self._some() for _ in range(self.random.randint(2, 12)))
        return [(t, a if self.random.random() < 0.5 else None) for t, a in found.items() if t]

    def _show(self, task_id: int, attempt: int) -> None:
        place = self.random.randrange(len(self.shared))
        self.shared[place] = task_id << _ATTEMPT_BITS | attempt
