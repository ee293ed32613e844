"""A payload that is too large to be wrapped keeps no task from failing: it is null there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from testing import execute, query, row, started

from qtask_db import Connection, Status, calls
from qtask_db.constants import LIMIT

PACKET = 1 << 20
MOST = LIMIT["wrapped_payload"]


@pytest.fixture
def small(conn: Connection, connect: Callable[..., Connection]) -> Iterator[Connection]:
    """Who may send and make texts of a mebibyte."""
    ((usual,),) = query(conn, "SELECT @@GLOBAL.max_allowed_packet")
    execute(conn, f"SET GLOBAL max_allowed_packet = {PACKET}")
    yield connect()
    execute(conn, f"SET GLOBAL max_allowed_packet = {usual}")


def large(conn: Connection, length: int) -> int:
    """A started task with such a payload."""
    task_id = started(conn, on_failure="DEAD")
    payload = f"CONCAT('{{\"a\": \"', REPEAT('x', {length - 9}), '\"}}')"
    execute(conn, f"UPDATE {conn.prefix}task SET payload = {payload} WHERE task_id = {task_id}")
    return task_id


def wrapped(conn: Connection) -> int | None:
    """The bytes of the only payload on the queue of failures."""
    (made,) = calls.list_tasks(conn, queue="DEAD")
    found = f"JSON_EXTRACT(payload, '$.failed_task.payload') FROM {conn.prefix}task"
    ((kept,),) = query(conn, f"SELECT {found} WHERE task_id = {made.task_id}")
    return None if kept == "null" else len(json.dumps(json.loads(kept)))


@pytest.mark.parametrize("length", [MOST, MOST + 1, LIMIT["payload_limit"]])
def test_the_largest_payload(conn: Connection, length: int) -> None:
    task_id = large(conn, length)
    calls.reject(conn, task_id, 1)
    assert wrapped(conn) == (length if length <= MOST else None)
    assert row(conn, task_id)["status"] == Status.FAILED


@pytest.mark.parametrize("length", [PACKET - 32768, PACKET - 32767, PACKET])
def test_more_than_a_session_can_make(conn: Connection, small: Connection, length: int) -> None:
    calls.reject(small, large(conn, length), 1)
    assert wrapped(conn) == (length if length <= PACKET - 32768 else None)
