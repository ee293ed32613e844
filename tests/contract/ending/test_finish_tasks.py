"""finish_tasks: many at once; what is refused comes back with finish_task's own error number."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from testing import call, content, ended, lasting, new, row, stale, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import ProcedureError
from qtask_db.models import Refused


def test_they_finish(conn: Connection) -> None:
    tasks = [started(conn, delete_deadline=n) for n in range(3)]
    assert calls.finish_many(conn, [(tasks[2], 1), (tasks[0], None), (tasks[1], 1)]) == []
    for n, task_id in enumerate(tasks):
        found = row(conn, task_id)
        assert found["status"] == Status.FINISHED
        assert lasting(found, "ended_at", "due_at") == n


def test_to_finish_them_again_changes_nothing(conn: Connection) -> None:
    tasks = [ended(conn, Status.FINISHED) for _ in range(2)]
    before = content(conn)
    assert calls.finish_many(conn, [(tasks[0], 1), (tasks[1], None), (tasks[0], 1)]) == []
    assert content(conn) == before


def stale_and_finished(conn: Connection) -> int:
    task_id = stale(conn)
    calls.finish(conn, task_id, 2)
    return task_id


def stale_and_waiting(conn: Connection) -> int:
    task_id = stale(conn)
    calls.fail(conn, task_id, 2)
    return task_id


def waiting(conn: Connection) -> int:
    task_id = started(conn)
    calls.fail(conn, task_id, 1)
    return task_id


SITUATIONS: list[Callable[[Connection], int]] = [
    stale,
    stale_and_finished,
    stale_and_waiting,
    waiting,
    new,
    lambda conn: ended(conn, Status.CANCELLED),
    lambda conn: ended(conn, Status.FAILED),
    lambda _: 10**17,
    lambda _: -1,
]


@pytest.mark.parametrize(
    ("situation", "attempt"),
    # Without an attempt, stale ones finish: whichever is under way.
    [(s, 1) for s in SITUATIONS] + [(s, None) for s in SITUATIONS[2:]],
)
def test_one_is_refused_as_finish_task_refuses_it(
    conn: Connection, situation: Callable[[Connection], int], attempt: int | None
) -> None:
    task_id, good = situation(conn), started(conn)
    before = [r for r in content(conn)[0] if r[0] != good]
    with pytest.raises(ProcedureError) as caught:
        calls.finish(conn, task_id, attempt)
    expected = [Refused(task_id, attempt, caught.value.number)]
    assert calls.finish_many(conn, [(task_id, attempt), (good, 1)]) == expected
    assert [r for r in content(conn)[0] if r[0] != good] == before
    assert row(conn, good)["status"] == Status.FINISHED


def test_nothing_to_finish(conn: Connection) -> None:
    assert calls.finish_many(conn, []) == []


def test_in_plain_sql(conn: Connection) -> None:
    good, bad = started(conn), new(conn)
    given = json.dumps([{"task_id": bad}, {"task_id": good}, {"task_id": bad, "attempt": 7}])
    rows = call(conn, "finish_tasks", given)
    assert sorted(rows, key=str) == sorted([(bad, None, 20108), (bad, 7, 20109)], key=str)
