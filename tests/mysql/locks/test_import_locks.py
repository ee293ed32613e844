"""An import locks the rows that it stores and finishes, and nothing beside them."""

from __future__ import annotations

import pytest
from held import Connect, hold_up, locked_ids
from testing import new

from qtask_db import Connection, ImportTask, Status, calls

pytestmark = pytest.mark.usefixtures("data_locks")


@pytest.mark.parametrize("order_no", [None, "5"])
def test_an_import_locks_what_it_stores_and_finishes(
    conn: Connection, connect: Connect, order_no: str | None
) -> None:
    active, other = new(conn), new(conn, order_no="4")
    calls.reserve_ids(conn, other + 100)
    first = other + 5
    tasks = [
        ImportTask(
            first + n, "job", "Q", Status.WAITING, attempts=0, max_count=1, interval=60,
            payload="{}", created=0, deadline=60, order_no=order_no and f"{order_no}{n}",
        )
        for n in range(3)
    ]  # fmt: skip
    tasks.append(ImportTask(active, "job", "Q", Status.FINISHED))
    tasks.append(ImportTask(other, "job", "Q", Status.WAITING))
    change = lambda c: calls.import_tasks(c, tasks)  # noqa: E731
    # Who has inserted a row holds it without an entry among the locks.
    assert hold_up(conn, connect, change, "UPDATE", "task", keys=locked_ids) == {active}


def test_a_reservation_locks_no_task(conn: Connection, connect: Connect) -> None:
    above = new(conn) + 100
    change = lambda c: calls.reserve_ids(c, above)  # noqa: E731
    assert hold_up(conn, connect, change, "DELETE", "task", keys=locked_ids) == {above}
