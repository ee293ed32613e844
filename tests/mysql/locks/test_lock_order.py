"""Calls for many rows lock in the order of an index, and past what others have locked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from threading import Thread

import pytest
from held import WAITING, Connect, locked_ids, locks
from testing import age, call, ended, execute, new, query, started, until

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

pytestmark = pytest.mark.usefixtures("data_locks")


@pytest.mark.parametrize(
    "verb", ["start_tasks", "receive_tasks", "finish_tasks", "return_tasks", "end_attempts"]
)
def test_bulk_calls_lock_in_the_order_of_the_ids(
    conn: Connection, connect: Connect, verb: str
) -> None:
    """Not in that of the array, or two of them would be a deadlock."""
    first, second, third = (started(conn) for _ in range(3))
    blocker, waiter = connect(autocommit=False), connect()
    calls.extend(blocker, second)
    more = {"attempt": 1, "outcome": "fail"} if verb == "end_attempts" else {"queue": "Q"}
    elements = json.dumps([{"task_id": t, **more} for t in (third, second, first)])
    names = ["w"] if verb == "end_attempts" else []
    thread = Thread(target=lambda: call(waiter, verb, *names, elements))
    thread.start()
    waiting = f"SELECT COUNT(*) FROM performance_schema.data_lock_waits WHERE {WAITING}"
    until(lambda: query(conn, waiting.format(waiter.raw.thread_id())) == [(1,)])
    assert locked_ids(locks(conn, waiter)) == {first, second}
    blocker.rollback()
    thread.join(25)
    assert not thread.is_alive()


def lock_due(lane: int, limit: int) -> str:
    """The statement with which scan_tasks locks, as it is installed."""
    objects = Renderer("mysql", Settings()).objects
    text = next(o.text for o in objects if o.name == "qtask_lock_due_tasks")
    found = re.search(r"SELECT JSON_ARRAYAGG.*?AS due;", text, flags=re.DOTALL)
    assert found
    statement = found[0].rstrip(";")
    for name, value in {
        "in_lane": str(lane),
        "v_from": "'2020-01-01'",
        "in_until": "UTC_TIMESTAMP(3)",
        "in_now": "UTC_TIMESTAMP(3)",
        "in_limit": str(limit),
    }.items():
        statement = re.sub(rf"\b{name}\b", value, statement)
    return re.sub(r"INTO\s+\w+(,\s*\w+)*", "", statement)


@pytest.mark.parametrize("terminal", [False, True])
def test_the_locking_read_locks_what_it_returns(
    conn: Connection, connect: Connect, terminal: bool
) -> None:
    make: Callable[[], int] = (
        (lambda: ended(conn, Status.FINISHED)) if terminal else (lambda: new(conn))
    )
    tasks = [make() for _ in range(10)]
    for place, task_id in enumerate(tasks):
        age(conn, 100 - place, task_id)
    lane = 0 if terminal else query(conn, f"SELECT queue_id FROM {conn.prefix}queue")[0][0]
    scanners = [connect(autocommit=False) for _ in range(3)]
    for place, own in enumerate(scanners):
        execute(own, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        ((ids, found, _),) = query(own, lock_due(lane, 3))
        mine = tasks[3 * place : 3 * place + 3]
        assert (ids, found) == (str(mine), 3)
        assert locked_ids(locks(conn, own)) == set(mine)
