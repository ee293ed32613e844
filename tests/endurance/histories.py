"""A small history that is sound, and its parts, for the tests of the checker."""

from __future__ import annotations

from typing import Any

from chaos.checker import Checker
from chaos.history import Event

LEASE, SLACK = 5.0, 1.0
KEY = "producer-1.1-1"
STORED = {KEY: (7, True)}


def event(kind: str, at: float, by: str = "worker-1.1", **fields: Any) -> Event:
    return {"e": kind, "t": at, "by": by, **fields}


def create(**changes: Any) -> Event:
    given = {
        "k": KEY, "delay": None, "deadline": None, "max_count": 2, "interval": 4, "order": None,
        "queue": "Q",
        **changes,
    }  # fmt: skip
    return event("create", 1.0, "producer-1.1", **given)


def row(at: float, status: int, attempts: int, what: str = "U") -> Event:
    return event("row", at, what=what, id=7, status=status, attempts=attempts, lane=1)


def batch(at: float, what: str = "B", ids: tuple[int, ...] = (7,)) -> Event:
    return event("batch", at, what=what, id=70, relay="relay-1.1", ids=list(ids))


def message(what: str, at: float, by: str, attempt: int = 1, key: str = KEY) -> Event:
    return event(what, at, by, messages=[[7, attempt, key]])


CREATED = event("created", 1.1, "producer-1.1", k=KEY, id=7, new=True)
COMMIT = event("commit", 1.2, "producer-1.1", keys=[KEY])
ROLLBACK = event("rollback", 1.2, "producer-1.1", keys=[KEY])
STORED_ROW = row(1.1, 20, 0, "I")
PUSH = message("push", 1.3, "producer-1.1")
TAKE = message("take", 1.4, "worker-1.1")
STARTED_ROW = row(1.5, 30, 1)
RUN = event("run", 1.6, id=7, attempt=1, k=KEY)
DONE = event("done", 1.7, id=7, attempt=1)
FINISHED_ROW = row(1.8, 0, 1)
SOUND = [
    create(), CREATED, COMMIT, STORED_ROW, PUSH, TAKE, STARTED_ROW, RUN, DONE, FINISHED_ROW
]  # fmt: skip


def judged(events: list[Event], ledger: Any = None, overdue: Any = None) -> list[str]:
    checker = Checker(LEASE, SLACK)
    checker.feed(events)
    checker.check_leases(now=100.0)
    checker.close(STORED if ledger is None else ledger, overdue or {})
    return [str(found) for found in checker.violations]
