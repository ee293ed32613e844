"""expire_tasks: what a scan would fail is failed, and nothing is claimed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testing import (
    age,
    call,
    content,
    count,
    empty,
    ended,
    lasting,
    new,
    query,
    refused,
    row,
    started,
)

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument, TaskNotActive

Connect = Callable[..., Connection]


def failed(conn: Connection) -> list[int]:
    where = f"status = {int(Status.FAILED)}"
    rows = query(conn, f"SELECT task_id FROM {conn.prefix}task WHERE {where} ORDER BY task_id")
    return [task_id for (task_id,) in rows]


@pytest.mark.parametrize("make", [new, started])
def test_past_its_deadline_a_task_fails(conn: Connection, make: Any) -> None:
    task_id = make(conn, deadline=100)
    age(conn, 90)
    assert calls.expire(conn) == 0
    age(conn, 10)
    assert calls.expire(conn) == 1
    found = row(conn, task_id)
    assert (found["status"], found["lane"]) == (Status.FAILED, 0)
    assert lasting(found, "ended_at", "due_at") == DEFAULT["keep_unfinished"]
    assert calls.expire(conn) == 0


def test_after_the_last_interval_a_task_fails(conn: Connection) -> None:
    task_id = started(conn, interval=100, max_count=1, delete_deadline=9)
    age(conn, 90)
    assert calls.expire(conn) == 0
    assert row(conn, task_id)["status"] == Status.PROCESSING
    age(conn, 10)
    assert calls.expire(conn) == 1
    found = row(conn, task_id)
    assert found["status"] == Status.FAILED
    assert lasting(found, "ended_at", "due_at") == 9


def test_attempts_count_from_the_last_retry(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED, interval=100)
    calls.retry(conn, task_id)
    age(conn, 1)
    assert calls.expire(conn) == 0
    calls.processing(conn, task_id, 2)
    age(conn, 100)
    assert calls.expire(conn) == 1


def test_a_claimed_task_that_nobody_started_fails_at_its_deadline(conn: Connection) -> None:
    task_id = new(conn, deadline=100)
    calls.scan(conn, "r")
    age(conn, 100)
    assert calls.expire(conn) == 1
    assert failed(conn) == [task_id]


def test_those_that_are_due_are_left_as_they_are(conn: Connection) -> None:
    new(conn)
    started(conn, interval=10, max_count=2)
    new(conn, delay=1000)
    calls.pause(conn, "PARKED")
    new(conn, "PARKED")
    calls.scan(conn, "r", limit=1)
    for status in (Status.FINISHED, Status.CANCELLED, Status.FAILED):
        ended(conn, status)
    age(conn, 10)
    before = content(conn)
    assert calls.expire(conn, LIMIT["rows"]) == 0
    assert content(conn) == before


def test_tasks_of_a_paused_queue_and_parked_ones_fail_too(conn: Connection) -> None:
    parked = new(conn, deadline=100)
    calls.pause(conn, "Q")
    calls.scan(conn, "r")
    assert row(conn, parked)["lane"] < 0
    other = new(conn, deadline=100)
    exhausted = started(conn, max_count=1, interval=100)
    age(conn, 100)
    assert calls.expire(conn) == 3
    assert failed(conn) == [parked, other, exhausted]


def test_it_fails_what_a_scan_fails(conn: Connection) -> None:
    def make() -> list[int]:
        tasks = [
            new(conn, deadline=100),
            new(conn),
            started(conn, max_count=1, interval=50),
            started(conn, max_count=2, interval=50),
            started(conn, max_count=1, interval=500),
            started(conn, "OTHER", deadline=100, interval=500),
            new(conn, "OTHER", deadline=101),
            new(conn, "NAMED", namespace="other", deadline=100),
        ]
        age(conn, 100, *tasks)
        return tasks

    tasks = make()
    assert calls.expire(conn) == 4
    assert [tasks.index(task_id) for task_id in failed(conn)] == [0, 2, 5, 7]
    empty(conn)
    tasks = make()
    calls.scan(conn, "r")
    assert [tasks.index(task_id) for task_id in failed(conn)] == [0, 2, 5, 7]


def test_at_most_the_limit_and_those_that_are_due_are_not_in_the_way(conn: Connection) -> None:
    new(conn)
    calls.create_many(conn, [NewTask("job", {}, 60, f"Q{n % 3}", 0, deadline=5) for n in range(7)])
    age(conn, 100)
    due = [new(conn, f"Q{n}") for n in range(3)]
    assert [calls.expire(conn, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert len(failed(conn)) == 7
    assert {row(conn, task_id)["status"] for task_id in due} == {Status.WAITING}
    assert count(conn, "batch") == 0


def test_one_that_somebody_has_locked_is_passed_over(conn: Connection, connect: Connect) -> None:
    tasks = [started(conn, interval=100, max_count=1) for _ in range(3)]
    age(conn, 100)
    own = connect(autocommit=False)
    calls.finish(own, tasks[0], 1)
    assert calls.expire(conn, 2) == 2
    assert failed(conn) == tasks[1:]
    own.commit()
    assert calls.expire(conn) == 0
    assert row(conn, tasks[0])["status"] == Status.FINISHED


def test_who_was_at_work_is_told(conn: Connection) -> None:
    task_id = started(conn, deadline=100)
    age(conn, 100)
    calls.expire(conn)
    with refused(conn, TaskNotActive):
        calls.finish(conn, task_id, 1)


def test_its_order_number_is_free_again_and_it_is_purged_in_time(conn: Connection) -> None:
    first = new(conn, deadline=100, order_no="1")
    age(conn, 100)
    calls.expire(conn)
    assert new(conn, order_no="1") != first
    age(conn, DEFAULT["keep_unfinished"] - 10, first)
    assert calls.purge(conn) == 0
    age(conn, 10, first)
    assert calls.purge(conn) == 1


@pytest.mark.parametrize("limit", [None, 0, -1, LIMIT["rows"] + 1, 2**40, 2**63, "many", ""])
def test_a_bad_limit_is_refused(conn: Connection, limit: Any) -> None:
    new(conn, deadline=100)
    age(conn, 100)
    allowed = f"1 to {LIMIT['rows']}" if limit not in (2**63, "many", "") else ""
    with refused(conn, InvalidArgument, "in_limit", allowed):
        calls.expire(conn, limit)


def test_in_plain_sql(conn: Connection) -> None:
    assert call(conn, "expire_tasks", 10) == (0,)
    new(conn, deadline=100)
    age(conn, 100)
    assert call(conn, "expire_tasks", 10) == (1,)
