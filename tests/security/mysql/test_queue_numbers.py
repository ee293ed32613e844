"""Numbers of queues are few: what is rolled back, refused or removed uses them up, too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testing import execute, query

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import TooManyQueues

NUMBERS = 2**31 - 1


def next_number(conn: Connection) -> int:
    calls.resume(conn, "NEXT")
    ((number,),) = query(conn, f"SELECT queue_id FROM {conn.prefix}queue WHERE queue = 'NEXT'")
    execute(conn, f"DELETE FROM {conn.prefix}queue WHERE queue = 'NEXT'")
    return int(number)


def names(many: int) -> list[NewTask]:
    return [NewTask("job", {}, 60, f"BURN{n}") for n in range(many)]


def test_a_transaction_that_is_rolled_back(
    conn: Connection, account: Callable[..., Connection]
) -> None:
    """Ten thousand names cost 16,384 numbers: 130,000 such calls use them up, of 0.3 s or more."""
    before = next_number(conn)
    own = account("app", autocommit=False)
    calls.create_many(own, names(LIMIT["rows"] - 1))
    own.rollback()
    used = next_number(conn) - before
    assert used < 2 * LIMIT["rows"]
    assert query(conn, f"SELECT COUNT(*) FROM {conn.prefix}queue") == [(0,)]


def test_a_call_that_is_refused_uses_none(conn: Connection, attacker: Connection) -> None:
    calls.resume(conn, "Q")
    before = next_number(conn)
    with pytest.raises(TooManyQueues):
        calls.create_many(attacker, names(LIMIT["rows"]))
    assert next_number(conn) == before + 1
