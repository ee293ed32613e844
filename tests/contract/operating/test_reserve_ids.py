"""reserve_ids: the ids of another system's tasks are kept for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testing import count, new

from qtask_db import Connection, ImportTask, Status, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, TransactionOpen


def test_new_ids_are_greater(conn: Connection) -> None:
    above = new(conn) + 5_000
    calls.reserve_ids(conn, above)
    assert count(conn) == 1
    first, second = new(conn), new(conn)
    assert above < first < second


def test_ids_never_go_back(conn: Connection) -> None:
    above = new(conn) + 5_000
    calls.reserve_ids(conn, above)
    for less in (1, above - 1, above):
        calls.reserve_ids(conn, less)
    last = new(conn)
    assert last > above
    calls.reserve_ids(conn, last)
    assert new(conn) > last


def test_reserved_ids_are_imported(conn: Connection) -> None:
    above = new(conn) + 5_000
    calls.reserve_ids(conn, above)
    task = ImportTask(
        above, "job", "Q", Status.WAITING, attempts=0, max_count=1, interval=60, payload="{}",
        created=0, deadline=60,
    )  # fmt: skip
    assert [one.outcome for one in calls.import_tasks(conn, [task])] == ["imported"]
    assert new(conn) > above


@pytest.mark.parametrize("above", [0, -1, LIMIT["reserved"] + 1])
def test_invalid_argument(conn: Connection, above: int) -> None:
    with pytest.raises(InvalidArgument, match="in_above"):
        calls.reserve_ids(conn, above)


def test_transaction_open(conn: Connection, connect: Callable[..., Connection]) -> None:
    own = connect(autocommit=False)
    new(own)
    with pytest.raises(TransactionOpen):
        calls.reserve_ids(own, 1_000_000)
    own.rollback()
    assert count(conn) == 0
