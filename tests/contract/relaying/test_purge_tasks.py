"""purge_tasks: what has ended is deleted when its time comes."""

from __future__ import annotations

from typing import Any

import pytest
from testing import age, call, count, ended, new, query, referring, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument

KEEP = DEFAULT["keep_unfinished"]


@pytest.mark.parametrize(
    ("status", "delete_deadline", "kept"),
    [
        (Status.FINISHED, 0, 0),
        (Status.FINISHED, 60, 60),
        (Status.CANCELLED, 0, KEEP),
        (Status.CANCELLED, 60, 60),
        (Status.FAILED, 0, KEEP),
        (Status.FAILED, 60, 60),
    ],
)
def test_a_task_is_deleted_when_its_time_has_come(
    conn: Connection, status: Status, delete_deadline: int, kept: int
) -> None:
    ended(conn, status, delete_deadline=delete_deadline)
    if kept:
        age(conn, kept - 10)
        assert calls.purge(conn) == 0
        age(conn, 10)
    assert calls.purge(conn) == 1
    assert count(conn) == 0


def test_one_that_a_scan_has_failed_is_kept_as_long(conn: Connection) -> None:
    new(conn, deadline=60)
    age(conn, 61)
    calls.scan(conn, "r")
    age(conn, KEEP - 10)
    assert calls.purge(conn) == 0
    age(conn, 10)
    assert calls.purge(conn) == 1


def test_active_tasks_are_never_deleted(conn: Connection) -> None:
    new(conn)
    started(conn)
    calls.pause(conn, "PARKED")
    new(conn, "PARKED")
    calls.scan(conn, "r")
    age(conn, 100_000_000)
    assert calls.purge(conn, LIMIT["rows"]) == 0
    assert count(conn) == 3


def test_a_retried_task_is_not_deleted(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED)
    age(conn, KEEP)
    calls.retry(conn, task_id)
    assert calls.purge(conn) == 0


def test_at_most_the_limit_the_longest_overdue_first(conn: Connection) -> None:
    tasks = [ended(conn, Status.FINISHED) for _ in range(5)]
    for place, task_id in enumerate(reversed(tasks)):
        age(conn, 100 - place, task_id)
    assert calls.purge(conn, 2) == 2
    left = query(conn, f"SELECT task_id FROM {conn.prefix}task ORDER BY task_id")
    assert left == [(task_id,) for task_id in tasks[:3]]
    assert [calls.purge(conn, 2) for _ in range(3)] == [2, 1, 0]


RETRY = DEFAULT["purge_retry"]


def test_what_a_foreign_key_keeps_is_passed_over(conn: Connection) -> None:
    tasks = [ended(conn, Status.FINISHED) for _ in range(30)]
    kept = [tasks[0], tasks[17], tasks[29]]
    with referring(conn, *kept):
        assert calls.purge(conn, 100) == 27
        left = query(conn, f"SELECT task_id FROM {conn.prefix}task ORDER BY task_id")
        assert left == [(task_id,) for task_id in kept]
        told = calls.explain(conn, kept[1]).text
        assert "the purge tries again after" in told
        assert "a foreign key or a trigger keeps it" in told
        before = [row(conn, task_id) for task_id in kept]
        assert calls.purge(conn, 100) == 0
        assert [row(conn, task_id) for task_id in kept] == before, "it is not tried each time"
        age(conn, RETRY + 1)
        assert calls.purge(conn, 100) == 0
        assert count(conn) == 3
    assert calls.purge(conn, 100) == 0
    age(conn, RETRY + 1)
    assert calls.purge(conn, 100) == 3


def test_what_is_kept_is_not_in_the_way_of_what_is_behind_it(conn: Connection) -> None:
    kept = [ended(conn, Status.FINISHED) for _ in range(25)]
    age(conn, 100)
    for _ in range(10):
        ended(conn, Status.FINISHED)
    with referring(conn, *kept):
        assert [calls.purge(conn, 5) for _ in range(3)] == [5, 5, 0]
        assert count(conn) == 25


@pytest.mark.parametrize("status", [Status.FINISHED, Status.CANCELLED, Status.FAILED])
@pytest.mark.parametrize("delete_deadline", [0, 60])
def test_what_is_not_put_off_is_not_said_to_be(
    conn: Connection, status: Status, delete_deadline: int
) -> None:
    task_id = ended(conn, status, delete_deadline=delete_deadline)
    assert "foreign key" not in calls.explain(conn, task_id).text


def test_a_queue_stays_when_its_tasks_are_gone(conn: Connection) -> None:
    calls.pause(conn, "Q")
    ended(conn, Status.FINISHED)
    calls.purge(conn)
    assert [s.paused for s in calls.stats(conn)] == [True]


@pytest.mark.parametrize("limit", [None, 0, -1, LIMIT["rows"] + 1, 2**63, "many", ""])
def test_a_bad_limit_is_refused(conn: Connection, limit: Any) -> None:
    ended(conn, Status.FINISHED)
    allowed = f"1 to {LIMIT['rows']}" if limit in (None, 0, -1, LIMIT["rows"] + 1) else ""
    with refused(conn, InvalidArgument, "in_limit", allowed):
        calls.purge(conn, limit)


def test_in_plain_sql(conn: Connection) -> None:
    assert call(conn, "purge_tasks", 10) == (0,)
    ended(conn, Status.FINISHED)
    assert call(conn, "purge_tasks", 10) == (1,)
