"""A short run of what scripts/soak does for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from threading import Thread
from typing import Any

import pytest
from soak import checks, deadlocks, scheduling
from soak.checks import Checker
from soak.client import Client
from soak.connection import Watched
from soak.record import Record
from soak.run import Soak
from testing import age_schedules, ended, execute, new, query, started

from qtask_db import Connection, Database, calls
from qtask_db.constants import Status
from qtask_db.errors import Conflict
from qtask_db.schema.render import INDEX

SECONDS = 10


@pytest.fixture
def database(database_url: str) -> Database:
    return Database(f"{database_url}?ssl_mode=disabled")


@pytest.fixture
def told() -> Record:
    """The record of a client."""
    return Record()


@pytest.fixture
def client(database: Database, told: Record) -> Iterator[Client]:
    """One connection, in autocommit."""
    made = Client(database, Random(1), told.add, [0] * 8, transactions=False)  # noqa: S311
    yield made
    made.close()


def test_no_conflict_reaches_a_caller(database: Database) -> None:
    seed = time.time_ns() % 10**6
    # Processes take long to start.
    soak = Soak(database, seed, connections=32, processes=2)
    soak.run(SECONDS)
    total = soak.checker.total
    assert soak.checker.violations == [], f"scripts/soak --seed {seed}"
    assert total.calls.total() > total.refused
    assert total.transactions > 0
    assert total.finished


def test_every_procedure_is_called(
    conn: Connection, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduling.start(conn)
    called, call = set(), Watched.call

    def note(self: Watched, raw: Any, prefix: str, verb: str, *arguments: Any) -> Any:
        called.add(verb)
        return call(self, raw, prefix, verb, *arguments)

    monkeypatch.setattr(Watched, "call", note)
    public = {found["name"] for found in INDEX["procedure"] if "role" in found}
    end = time.monotonic() + 120
    while called != public and time.monotonic() < end:
        client.step()
    assert called == public


def test_it_sees_a_conflict_that_reaches_a_caller(
    client: Client, told: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meet(*_: Any, **__: Any) -> None:
        raise Conflict("deadlock")

    monkeypatch.setattr(calls, "explain", meet)
    monkeypatch.setattr("soak.client.ALONE", ["explain"])
    client.step()
    assert told.violations == ["explain met a conflict: deadlock"]


def lose(conn: Connection, task_id: int) -> None:
    execute(conn, f"DELETE FROM {conn.prefix}task WHERE task_id = {task_id}")


def ticked(conn: Connection) -> int:
    """A task of one of many ticks, which have all ended."""
    scheduling.start(conn)
    age_schedules(conn, 9, "T1")
    calls.run_due_schedules(conn)
    execute(conn, f"UPDATE {conn.prefix}task SET lane = 0, status = 0")
    statement = "SELECT MAX(task_id) - 3 FROM {}task WHERE order_no LIKE 'schedule:T1:%'"
    return int(query(conn, statement.format(conn.prefix))[0][0])


def tick_again(conn: Connection, task_id: int) -> None:
    """As if the next tick had been this one."""
    (order_no,) = query(conn, f"SELECT order_no FROM {conn.prefix}task WHERE task_id = {task_id}")[
        0
    ]
    again = f"SET order_no = '{order_no}' WHERE task_id = {task_id + 1}"
    execute(conn, f"UPDATE {conn.prefix}task {again}")


FAULTS: dict[str, tuple[Callable[[Connection], int], Callable[[Connection, int, Record], Any]]] = {
    "active and is gone": (new, lambda c, t, _: lose(c, t)),
    "1 created, 0 purged, 0 stored": (new, lambda c, t, _: lose(c, t)),
    "nobody has committed": (new, lambda _, __, r: r.created.clear()),
    "one task is theirs": (new, lambda _, t, r: r.created.append((t, True))),
    "was rolled back": (new, lambda _, t, r: r.undone.append(t)),
    "owned twice": (started, lambda _, t, r: r.started.extend([(t, 1), (t, 1)])),
    "was started as []": (started, lambda *_: None),
    "was finished, and has status 20": (new, lambda _, t, r: r.finished.append((t, 1))),
    "not finished, and has status 0": (lambda c: ended(c, Status.FINISHED), lambda *_: None),
    "ended 0 times": (lambda c: ended(c, Status.CANCELLED), lambda *_: None),
    "lane and status": (
        new,
        lambda c, t, _: execute(c, f"UPDATE {c.prefix}task SET lane = 0 WHERE task_id = {t}"),
    ),
    "of T1 has made 0 tasks": (ticked, lambda c, t, _: lose(c, t)),
    "of T1 has made 2 tasks": (ticked, lambda c, t, _: tick_again(c, t)),
    "has failed and made no task": (
        lambda c: ended(c, Status.FAILED, on_failure="F"),
        lambda c, t, _: lose(c, t + 1),
    ),
    "has made 2 tasks for failures": (
        lambda c: ended(c, Status.FAILED, on_failure="F"),
        lambda c, t, _: (calls.retry(c, t), calls.cancel(c, t)),
    ),
    "neither a scan nor a take has it": (lambda c: new(c, delay=100), lambda *_: None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_sees_what_must_not_be(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(checks, "HAND_OUT", 0.3)
    make, disturb = FAULTS[fault]
    task_id = make(conn)
    record, checker = Record(created=[(task_id, True)]), Checker(conn)
    disturb(conn, task_id, record)
    checker.take(record)
    checker.close()
    assert any(fault in violation for violation in checker.violations), checker.violations


def test_it_tells_the_kind_of_a_deadlock(
    conn: Connection, connect: Callable[..., Connection]
) -> None:
    """Two transactions finish two tasks, each in the other's order."""

    def finish(own: Connection, task_id: int) -> None:
        with suppress(Conflict):
            calls.finish(own, task_id)

    first, second = started(conn), started(conn)
    one, other = connect(autocommit=False), connect(autocommit=False)
    finish(one, first)
    finish(other, second)
    thread = Thread(target=finish, args=(one, second))
    thread.start()
    time.sleep(0.2)
    finish(other, first)
    thread.join(25)
    one.rollback()
    other.rollback()
    found = deadlocks.latest(query(conn, "SHOW ENGINE INNODB STATUS")[0][2])
    assert found is not None
    assert deadlocks.kind(found[1]) == "finish_task (PRIMARY X rec)"
