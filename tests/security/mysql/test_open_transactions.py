"""One application's transaction stays open, or prepared, and holds up nobody else.

Other accounts go on creating, starting, finishing, scanning, purging and pausing beside it. A
wait for a lock is an error after a second.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from testing import call, ended, execute, new, query, started

from qtask_db import AttemptEnd, Connection, NewTask, calls
from qtask_db.constants import Status
from qtask_db.errors import Conflict, QtaskError
from qtask_db.schema.render import INDEX

Account = Callable[..., Connection]
JOB = ("job", {}, 60)
AHEAD = 10**12

VERBS: dict[str, Callable[[Connection, int], Any]] = {
    "start_task": lambda c, t: calls.processing(c, t, 1),
    "start_tasks": lambda c, t: calls.processing_many(c, [(t, 1)]),
    "receive_task": lambda c, t: calls.receive(c, t, 1, "Q"),
    "receive_tasks": lambda c, t: calls.receive_many(c, [(t, 1, "Q")]),
    "finish_task": lambda c, t: calls.finish(c, t, 1),
    "finish_task_once": lambda c, t: calls.finish_once(c, t, 1),
    "finish_tasks": lambda c, t: calls.finish_many(c, [(t, 1)]),
    "return_tasks": lambda c, t: calls.return_many(c, [(t, 1)]),
    "fail_task": lambda c, t: calls.fail(c, t, 1, "broken"),
    "reject_task": lambda c, t: calls.reject(c, t, 1, "broken"),
    "snooze_task": lambda c, t: calls.snooze(c, t, 1, 60),
    "end_attempts": lambda c, t: calls.end_many(c, "w", [AttemptEnd(t, 1, "fail", "broken")]),
    "extend_task": lambda c, t: calls.extend(c, t, 1),
    "explain_task": calls.explain,
    "due_schedules": lambda c, _: calls.due_schedules(c),
}
CREATE: dict[str, Callable[[Connection, str | None], Any]] = {
    "create_task": lambda c, n: calls.create(c, *JOB, "Q", order_no=n),
    "delay_task": lambda c, n: calls.delay(c, "job", {}, 60, 60, "Q", order_no=n),
    "create_tasks": lambda c, n: call(
        c,
        "create_tasks",
        json.dumps([NewTask(*JOB, "Q", order_no=o).as_element("{}") for o in (None, n)]),
    ),
    "create_task_ranges": lambda c, n: calls.create_many(
        c, [NewTask(*JOB, "Q"), NewTask(*JOB, "Q", order_no=n)]
    ),
}


QUIET = {"create_task_quiet", "delay_task_quiet"}
"""create_task and delay_task, without rows."""
COMMITTING = {
    "take_tasks", "expire_tasks", "purge_tasks", "report_process", "forget_process",
    "run_due_schedules", "advance_schedules",
}  # fmt: skip
"""They refuse a transaction that is open, and commit by themselves."""


def test_every_verb_of_an_application_is_tried() -> None:
    public = {found["name"] for found in INDEX["procedure"] if "app" in found.get("role", ())}
    assert public == VERBS.keys() | CREATE.keys() | QUIET | COMMITTING


class Others:
    """Connections of everybody else, each of which waits for a second at most and calls once."""

    def __init__(self, account: Account) -> None:
        self._apps = [account("app") for _ in range(4)]
        self._relays = [account("relay") for _ in range(2)]
        self._operator = account("operator")
        for conn in (*self._apps, *self._relays, self._operator):
            execute(conn, "SET SESSION innodb_lock_wait_timeout = 1")
            conn.dialect = copy.copy(conn.dialect)
            # So that a Conflict is not called again.
            conn.dialect.own_transaction = lambda _raw: False

    def held_up(self, victim: int) -> set[str]:
        """Which of the calls that everybody makes have waited in vain."""
        apps, relays = self._apps, self._relays
        steps: list[tuple[Connection, dict[str, Callable[[Connection], Any]]]] = [
            (apps[0], {way: lambda c, w=way: CREATE[w](c, None) for way in CREATE}),
            (apps[1], {"with an order number": lambda c: CREATE["create_task"](c, "99")}),
            (apps[2], {"in another queue": lambda c: calls.create(c, *JOB, "OTHER")}),
            (
                apps[3],
                {
                    "start": lambda c: calls.processing(c, victim, 1),
                    "finish": lambda c: calls.finish(c, victim, 1),
                },
            ),
            (relays[0], {"scan": lambda c: calls.scan(c, "relay")}),
            (relays[1], {"purge": calls.purge}),
            (
                self._operator,
                {"pause": lambda c: calls.pause(c, "Q"), "resume": lambda c: calls.resume(c, "Q")},
            ),
        ]
        with ThreadPoolExecutor(len(steps)) as pool:
            return set().union(*pool.map(_waiting, steps))


def _waiting(step: tuple[Connection, dict[str, Callable[[Connection], Any]]]) -> set[str]:
    conn, verbs = step
    found = set()
    for name, verb in verbs.items():
        try:
            verb(conn)
        except Conflict:
            found.add(name)
    return found


BEGIN = {
    "autocommit off": ("REPEATABLE READ", "SET autocommit = 0"),
    "begun": ("REPEATABLE READ", "START TRANSACTION"),
    "prepared": ("REPEATABLE READ", "XA START 'open'"),
    "read committed": ("READ COMMITTED", "START TRANSACTION"),
}


@contextmanager
def transaction(account: Account, conn: Connection, way: str) -> Iterator[Connection]:
    """An application's, with a snapshot; a global one is prepared and left by its coordinator when
    `leave` is called, and rolled back by an administrator.
    """
    own = account("app")
    level, begin = BEGIN[way]
    execute(own, f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
    execute(own, begin)
    with suppress(QtaskError):
        calls.explain(own, 1)
    yield own
    own.close()
    deadline = time.monotonic() + 60
    while way == "prepared" and query(conn, "XA RECOVER") and time.monotonic() < deadline:
        with suppress(conn.raw.Error):  # it is not detached from its connection yet
            execute(conn, "XA ROLLBACK 'open'")


def leave(own: Connection, way: str) -> None:
    """The application goes on to something else, for ever."""
    if way == "prepared":
        execute(own, "XA END 'open'")
        execute(own, "XA PREPARE 'open'")
        own.close()


def gone(conn: Connection) -> int:
    """A task that was created, finished and purged."""
    task_id = started(conn)
    calls.finish(conn, task_id, 1)
    calls.purge(conn)
    return task_id


def taken_back(conn: Connection) -> int:
    """The number of a task whose creation was rolled back."""
    execute(conn, "START TRANSACTION")
    task_id = new(conn)
    conn.raw.rollback()
    return task_id


def retried(conn: Connection) -> int:
    """A task that another attempt than the first has."""
    task_id = started(conn)
    calls.processing(conn, task_id, 2)
    return task_id


Target = Callable[[Connection], int]
BEFORE: dict[str, Target] = {
    "a number far ahead": lambda _: AHEAD,
    "a negative number": lambda _: -1,
    "the number 0": lambda _: 0,
    "a task of its own": new,
    "a run of its own": started,
    "an attempt that another has": retried,
    "a cancelled task": lambda c: ended(c, Status.CANCELLED),
}
UNLESS_REPEATABLE: dict[str, Target] = {
    "a task purged before": gone,
    "a number taken back": taken_back,
}
SINCE: dict[str, Target] = {
    "a task created since": new,
    "a task created and purged since": gone,
}


def tried(own: Connection, task_id: int) -> None:
    for verb in VERBS.values():
        with suppress(QtaskError):
            verb(own, task_id)


def hindered(
    account: Account,
    conn: Connection,
    way: str,
    others: Others,
    act: Callable[[Connection], Any],
    since: Callable[[], Any] = lambda: None,
) -> set[str]:
    """The calls that wait for an application that has acted and leaves its transaction open."""
    new(conn, "Q")
    victim = new(conn, "OTHER")
    with transaction(account, conn, way) as own:
        since()
        act(own)
        leave(own, way)
        return others.held_up(victim)


@pytest.mark.parametrize("way", BEGIN)
def test_calls_for_a_task_hold_nobody_up(account: Account, conn: Connection, way: str) -> None:
    others = Others(account)
    found = {}
    level, _ = BEGIN[way]
    more = UNLESS_REPEATABLE if level == "READ COMMITTED" else {}
    for name, make in (BEFORE | more).items():
        task_id = make(conn)
        found[name] = hindered(account, conn, way, others, lambda own, t=task_id: tried(own, t))
    for name, make in SINCE.items():
        made: list[int] = []
        found[name] = hindered(
            account, conn, way, others,
            lambda own, m=made: tried(own, m[0]), lambda m=made, f=make: m.append(f(conn)),
        )  # fmt: skip
    assert {name: waits for name, waits in found.items() if waits} == {}


@pytest.mark.parametrize("way", BEGIN)
def test_creations_hold_nobody_up(
    account: Account, conn: Connection, engine: str, way: str
) -> None:
    others = Others(account)
    new(conn, "Q", order_no="5", name="job")
    # MariaDB locks the gap before a duplicate's entry: docs/internals/locks.md,
    # "Holding up others".
    order_numbers = (None, "5") if engine == "mysql" else (None,)
    found = {}
    for place, (verb, create) in enumerate(CREATE.items()):
        for order_no in (*order_numbers, f"7{place}"):
            found[verb, order_no] = hindered(
                account, conn, way, others, lambda own, c=create, n=order_no: c(own, n)
            )
    assert {case: waits for case, waits in found.items() if waits} == {}


@pytest.mark.parametrize("way", BEGIN)
def test_refused_creations_hold_nobody_up(account: Account, conn: Connection, way: str) -> None:
    def create(own: Connection) -> None:
        with pytest.raises(QtaskError):
            calls.create_many(own, [NewTask("", {}, 60, "Q"), NewTask(*JOB, "Q")])
        with pytest.raises(QtaskError):
            calls.create(own, "", {}, 60, "Q")

    assert hindered(account, conn, way, Others(account), create) == set()
