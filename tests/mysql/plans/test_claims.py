"""How much a scan claims where that is not the usual: large payloads are allowed, the low end of
a lane is known, the session limits rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from testing import age, ended, execute, new, query, started

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.install import install, uninstall

LARGE = 60_000
OWN = "large_"


@pytest.fixture
def roomy(database_url: str) -> Iterator[Connection]:
    """A schema that takes payloads as large as can be."""
    settings = {"prefix": OWN, "payload_limit": str(LIMIT["payload_limit"])}
    install(database_url, settings, report=lambda _: None)
    with Database(database_url, prefix=OWN).connect() as conn:
        yield conn
    uninstall(database_url, OWN, report=lambda _: None)


def test_small_payloads_where_large_ones_are_allowed(roomy: Connection) -> None:
    """Their lengths must be looked at, which may mean to read so many of the largest ones."""
    calls.create_many(roomy, [NewTask("job", {}, 3600, f"Q{n % 2}", 0) for n in range(100)])
    found = [calls.scan(roomy, "r", limit=1000) for _ in range(3)]
    assert [len(batch.messages) for batch in found] == [64, 36, 0]
    assert found[0].wait == 0
    assert found[1].wait > 0


def test_large_payloads(roomy: Connection) -> None:
    for _ in range(5):
        calls.delay(roomy, "job", {"a": "x" * 6_000_000}, 0, 3600, "Q")
    largest = f"CONCAT('{{\"a\": \"', REPEAT('x', {LIMIT['payload_limit'] - 9}), '\"}}')"
    execute(roomy, f"UPDATE {OWN}task SET payload = {largest} WHERE task_id % 5 = 0")
    found = [calls.scan(roomy, "r", limit=1000) for _ in range(5)]
    sizes = [sum(len(m.payload) for m in batch.messages) for batch in found]
    assert max(sizes) <= LIMIT["claim_bytes"]
    assert sum(len(batch.messages) for batch in found) == 5
    assert sizes[-1] == 0


def test_bytes_bound_a_lane_whose_low_end_is_known(conn: Connection) -> None:
    payload = f'{{"a": "{"x" * (LARGE - 9)}"}}'
    late = new(conn, deadline=10)
    age(conn, 60)
    for _ in range(6):
        calls.create_many(conn, [NewTask("job", payload, 3600, "Q", 0)] * 50)
    execute(
        conn,
        f"INSERT INTO {conn.prefix}low_end (lane, first_at, valid_until) SELECT queue_id, "
        "UTC_TIMESTAMP(3) - INTERVAL 100 SECOND, UTC_TIMESTAMP(3) + INTERVAL 20 SECOND "
        f"FROM {conn.prefix}queue",
    )
    most = LIMIT["claim_bytes"] // LARGE
    found = [calls.scan(conn, "r", limit=1000) for _ in range(2)]
    assert [len(batch.messages) for batch in found] == [most, 300 - most]
    assert found[0].wait == 0
    status = f"SELECT status FROM {conn.prefix}task WHERE task_id = {late}"
    assert query(conn, status) == [(Status.FAILED,)]


@pytest.mark.parametrize("rows", [1, 2])
def test_a_row_limit_of_the_session_cuts_nothing(
    conn: Connection, connect: Callable[..., Connection], rows: int
) -> None:
    own = connect()
    execute(own, f"SET SESSION sql_select_limit = {rows}")
    for n in range(4):
        ended(conn, Status.FAILED, order_no=f"{n}")
        ended(conn, Status.FINISHED)
        started(conn, "STARTED")
    tasks = [new(conn, f"Q{n % 4}") for n in range(12)]
    age(conn, 60, *(new(conn, deadline=30) for _ in range(3)))
    assert len(calls.list_tasks(own)) == 27
    assert len(calls.list_tasks(own, status=Status.FAILED)) == 4
    assert calls.expire(own) == 3
    batch = calls.scan(own, "r")
    assert sorted(m.task_id for m in batch.messages) == tasks
    calls.release(own, batch.batch_id, "r")
    batch = calls.scan(own, "r")
    assert sorted(m.task_id for m in batch.messages) == tasks
    calls.confirm(own, batch.batch_id, "r")
    assert calls.redrive(own) == 12
    assert calls.next_due(own) == 0
    assert calls.purge(own) == 4
