"""return_tasks: started, not begun; the attempt does not count."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from testing import age, call, content, ended, new, row, stale, started

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import AttemptsExhausted, InvalidArgument, StaleAttempt


def announced(conn: Connection) -> list[tuple[int, int]]:
    return [(m.task_id, m.attempt) for m in calls.scan(conn, "r").messages]


def test_they_are_due_at_once_and_the_attempt_does_not_count(conn: Connection) -> None:
    first, second = (started(conn, max_count=1) for _ in range(2))
    assert calls.return_many(conn, [(second, 1), (first, None)]) == 2
    for task_id in (first, second):
        found = row(conn, task_id)
        assert found["status"] == Status.WAITING
        assert found["attempts"] - found["attempts_before"] == 0
    assert sorted(announced(conn)) == [(first, 2), (second, 2)]
    assert calls.processing(conn, first, 2) == 2
    assert calls.fail(conn, first, 2) is Status.FAILED, "that was its one attempt"


def test_its_number_is_not_used_again(conn: Connection) -> None:
    task_id = started(conn)
    calls.return_many(conn, [(task_id, 1)])
    with pytest.raises(StaleAttempt):
        calls.processing(conn, task_id, 1)
    assert calls.processing(conn, task_id, 2) == 2
    with pytest.raises(StaleAttempt):
        calls.finish(conn, task_id, 1)


def test_those_that_count_are_as_many_as_before(conn: Connection) -> None:
    task_id = started(conn, max_count=2)
    calls.fail(conn, task_id, 1, delay=0)
    for attempt in (2, 3, 4):
        calls.processing(conn, task_id, attempt)
        assert calls.return_many(conn, [(task_id, attempt)]) == 1
    calls.processing(conn, task_id, 5)
    with pytest.raises(AttemptsExhausted):
        calls.processing(conn, task_id)
    assert calls.fail(conn, task_id, 5) is Status.FAILED


def test_to_return_them_again_changes_nothing(conn: Connection) -> None:
    task_id = started(conn)
    assert calls.return_many(conn, [(task_id, 1), (task_id, 1)]) == 1
    before = content(conn)
    assert calls.return_many(conn, [(task_id, 1), (task_id, None)]) == 0
    assert content(conn) == before


@pytest.mark.parametrize(
    "situation",
    [
        new,
        stale,
        lambda conn: ended(conn, Status.FINISHED),
        lambda conn: ended(conn, Status.CANCELLED),
        lambda conn: ended(conn, Status.FAILED),
        lambda _: 10**17,
    ],
)
def test_others_are_left_as_they_are(
    conn: Connection, situation: Callable[[Connection], int]
) -> None:
    task_id, good = situation(conn), started(conn)
    before = [r for r in content(conn)[0] if r[0] != good]
    assert calls.return_many(conn, [(task_id, 1), (good, 1)]) == 1
    assert [r for r in content(conn)[0] if r[0] != good] == before
    assert row(conn, good)["status"] == Status.WAITING


def test_in_a_paused_queue_it_waits(conn: Connection) -> None:
    task_id = started(conn)
    calls.pause(conn, "Q")
    calls.return_many(conn, [(task_id, 1)])
    assert announced(conn) == []
    calls.resume(conn, "Q")
    assert announced(conn) == [(task_id, 2)]


def test_after_its_deadline_it_fails(conn: Connection) -> None:
    task_id = started(conn, deadline=60)
    age(conn, 61, task_id)
    assert calls.return_many(conn, [(task_id, 1)]) == 1
    assert announced(conn) == []
    assert row(conn, task_id)["status"] == Status.FAILED


def test_nothing_to_return(conn: Connection) -> None:
    assert calls.return_many(conn, []) == 0


@pytest.mark.parametrize("given", [None, "", "{}", "[1]", '[{"task_id": "x"}]', "[" * 200])
def test_what_is_no_array_of_tasks(conn: Connection, given: str | None) -> None:
    with pytest.raises(InvalidArgument, match="in_tasks"):
        call(conn, "return_tasks", given)


def test_too_many(conn: Connection) -> None:
    given = json.dumps([{"task_id": n} for n in range(LIMIT["rows"] + 1)])
    with pytest.raises(InvalidArgument, match=f"at most {LIMIT['rows']}"):
        call(conn, "return_tasks", given)


def test_in_plain_sql(conn: Connection) -> None:
    tasks = [started(conn), started(conn), new(conn)]
    given = json.dumps([{"task_id": tasks[2]}, {"attempt": 1, "task_id": tasks[0]}])
    assert call(conn, "return_tasks", given) == (1,)
    assert row(conn, tasks[1])["status"] == Status.PROCESSING
