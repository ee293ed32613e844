"""change_tasks: many tasks are retried, cancelled or rejected at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inputs import SECONDS
from testing import age, call, ended, lasting, new, refused, row, stale, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, ERROR, LIMIT, Status
from qtask_db.errors import InvalidArgument, TransactionOpen

ACTIONS = ("retry", "cancel", "reject")


def skipped(changes: Any) -> dict[int, str]:
    names = {number: name for name, number in ERROR.items()}
    return {one.task_id: names[one.number] for one in changes.skipped}


def status(conn: Connection, *task_ids: int) -> list[Status]:
    return [Status(row(conn, task_id)["status"]) for task_id in task_ids]


def test_retry_does_to_each_what_retry_task_does(conn: Connection) -> None:
    single, failed, cancelled = (
        ended(conn, s) for s in (Status.FAILED, Status.FAILED, Status.CANCELLED)
    )
    age(conn, 1000)
    calls.retry(conn, single, 60)
    found = calls.change_tasks(conn, "retry", [cancelled, failed], deadline=60)
    assert (found.changed, found.skipped) == (2, [])
    for task_id in (failed, cancelled):
        one, other = row(conn, task_id), row(conn, single)
        assert lasting(one, "due_at", "deadline_at") == 60
        own = ("created_at", "started_at", "due_at", "deadline_at", "last_error")
        assert {k: v for k, v in one.items() if k not in own} == {
            k: v for k, v in other.items() if k not in own
        }
    assert {m.task_id for m in calls.scan(conn, "r").messages} == {single, failed, cancelled}


def test_retry_without_a_deadline(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED)
    calls.change_tasks(conn, "retry", [task_id])
    assert lasting(row(conn, task_id), "due_at", "deadline_at") == DEFAULT["deadline"]


def test_cancel_does_to_each_what_cancel_task_does(conn: Connection) -> None:
    single, waiting, processing = new(conn), new(conn), started(conn)
    calls.cancel(conn, single)
    found = calls.change_tasks(conn, "cancel", [processing, waiting])
    assert (found.changed, found.skipped) == (2, [])
    for task_id in (single, waiting, processing):
        one = row(conn, task_id)
        assert (one["status"], one["lane"], one["last_error"]) == (Status.CANCELLED, 0, None)
        assert lasting(one, "ended_at", "due_at") == DEFAULT["keep_unfinished"]


def test_reject_fails_active_tasks_whatever_attempts_are_left(conn: Connection) -> None:
    waiting, processing = new(conn), started(conn)
    found = calls.change_tasks(conn, "reject", [waiting, processing], error="gone")
    assert (found.changed, found.skipped) == (2, [])
    for task_id in (waiting, processing):
        one = row(conn, task_id)
        assert (one["status"], one["lane"], one["last_error"]) == (Status.FAILED, 0, "gone")
        assert lasting(one, "ended_at", "due_at") == DEFAULT["keep_unfinished"]
    age(conn, 10)
    assert calls.scan(conn, "r").messages == []


def test_reject_says_who_and_cuts_what_is_too_long(conn: Connection) -> None:
    silent, long = new(conn), new(conn)
    calls.change_tasks(conn, "reject", [silent])
    calls.change_tasks(conn, "reject", [long], error="x" * (LIMIT["error"] + 5))
    assert "operator" in row(conn, silent)["last_error"]
    assert row(conn, long)["last_error"] == "x" * LIMIT["error"]


def test_what_cannot_be_changed_is_left_and_hinders_no_other(conn: Connection) -> None:
    tasks = {s: ended(conn, s) for s in (Status.FINISHED, Status.CANCELLED, Status.FAILED)}
    waiting, processing, none = new(conn), started(conn), 10**17
    given = [*tasks.values(), waiting, processing, none]
    before = [row(conn, task_id) for task_id in given[:-1]]
    found = calls.change_tasks(conn, "retry", given)
    assert found.changed == 2
    kept = (tasks[Status.FINISHED], waiting, processing)
    assert skipped(found) == {
        **dict.fromkeys(kept, "task_not_retryable"),
        none: "task_not_found",
    }
    assert [row(conn, t) for t in kept] == [before[given.index(t)] for t in kept]
    for action in ("cancel", "reject"):
        found = calls.change_tasks(conn, action, [tasks[Status.FINISHED], new(conn), none])
        assert found.changed == 1
        assert skipped(found) == {
            tasks[Status.FINISHED]: "task_not_active",
            none: "task_not_found",
        }


def test_of_one_order_number_one_is_active(conn: Connection) -> None:
    first, second, third = (ended(conn, Status.FAILED, order_no="1") for _ in range(3))
    elsewhere = ended(conn, Status.FAILED, order_no="1", queue="OTHER")
    taken = ended(conn, Status.FAILED, order_no="2")
    active = new(conn, order_no="2")
    without = ended(conn, Status.FAILED)
    found = calls.change_tasks(
        conn, "retry", [third, second, first, elsewhere, taken, without, active]
    )
    assert found.changed == 3
    assert skipped(found) == {
        second: "duplicate_order",
        third: "duplicate_order",
        taken: "duplicate_order",
        active: "task_not_retryable",
    }
    assert status(conn, first, elsewhere, without) == [Status.WAITING] * 3


def test_an_attempt_is_a_fence(conn: Connection) -> None:
    first, second = stale(conn), stale(conn)
    given = json.dumps([{"task_id": first, "attempt": 1}, {"task_id": second, "attempt": 2}])
    (changed,), rows = call(conn, "change_tasks", "cancel", given, None, None)
    assert changed == 1
    assert [tuple(map(int, one)) for one in rows] == [(first, 1, ERROR["stale_attempt"])]
    assert status(conn, first, second) == [Status.PROCESSING, Status.CANCELLED]


@pytest.mark.parametrize("action", ACTIONS)
def test_one_that_is_locked_is_not_waited_for(conn: Connection, connect: Any, action: str) -> None:
    make = (lambda: ended(conn, Status.FAILED)) if action == "retry" else (lambda: new(conn))
    first, locked, last = make(), make(), make()
    own = connect(autocommit=False)
    verb = calls.retry if action == "retry" else calls.cancel
    verb(own, locked)
    found = calls.change_tasks(conn, action, [first, locked, last])
    assert (found.changed, skipped(found)) == (2, {locked: "task_busy"})
    own.rollback()
    found = calls.change_tasks(conn, action, [locked])
    assert (found.changed, found.skipped) == (1, [])


def test_a_task_that_is_named_twice_is_changed_once(conn: Connection) -> None:
    task_id = new(conn)
    found = calls.change_tasks(conn, "cancel", [task_id, task_id])
    assert (found.changed, found.skipped) == (1, [])


@pytest.mark.parametrize("action", ACTIONS)
def test_none(conn: Connection, action: str) -> None:
    found = calls.change_tasks(conn, action, [])
    assert (found.changed, found.skipped) == (0, [])


def test_the_largest_call(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(3)]
    ids = [*tasks, *range(10**17, 10**17 + LIMIT["rows"] - 3)]
    found = calls.change_tasks(conn, "cancel", ids)
    assert (found.changed, len(found.skipped)) == (3, LIMIT["rows"] - 3)
    with refused(conn, InvalidArgument, "in_tasks", f"{LIMIT['rows']} elements"):
        calls.change_tasks(conn, "cancel", [*ids, 1])


def test_it_commits_by_itself(conn: Connection, connect: Any) -> None:
    task_id = new(conn)
    own = connect(autocommit=False)
    new(own)
    with pytest.raises(TransactionOpen):
        calls.change_tasks(own, "cancel", [task_id])
    own.rollback()
    calls.change_tasks(own, "cancel", [task_id])
    own.rollback()
    assert status(conn, task_id) == [Status.CANCELLED]


@pytest.mark.parametrize("action", [None, "", "Retry", "retry ", "fail", "x" * 5000])
def test_a_bad_action_is_refused(conn: Connection, action: Any) -> None:
    new(conn)
    with refused(conn, InvalidArgument, "in_action", "retry, cancel or reject"):
        call(conn, "change_tasks", action, "[]", None, None)


@pytest.mark.parametrize("given", [None, "", "x", "{}", "17", '[{"task_id": 17'])
def test_what_is_no_list_is_refused(conn: Connection, given: Any) -> None:
    with refused(conn, InvalidArgument, "in_tasks", "JSON array"):
        call(conn, "change_tasks", "cancel", given, None, None)


@pytest.mark.parametrize(
    "element",
    [17, "17", None, {}, {"task_id": "x"}, {"task_id": 1.5}, {"task_id": 1, "attempt": ""}],
)
def test_a_bad_element_is_refused(conn: Connection, element: Any) -> None:
    task_id = new(conn)
    given = json.dumps([{"task_id": task_id}, element])
    with refused(conn, InvalidArgument, "in_tasks", "integers"):
        call(conn, "change_tasks", "cancel", given, None, None)


@pytest.mark.parametrize("deadline", [0, -1, SECONDS + 1])
def test_a_bad_deadline_is_refused(conn: Connection, deadline: int) -> None:
    task_id = ended(conn, Status.FAILED)
    with refused(conn, InvalidArgument, "in_deadline", f"1 to {SECONDS}"):
        calls.change_tasks(conn, "retry", [task_id], deadline=deadline)


@pytest.mark.parametrize("action", ["cancel", "reject"])
def test_a_deadline_is_for_retry_alone(conn: Connection, action: str) -> None:
    task_id = new(conn)
    with refused(conn, InvalidArgument, "in_deadline", "retry"):
        calls.change_tasks(conn, action, [task_id], deadline=60)


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_an_error_is_for_reject_alone(conn: Connection, action: str) -> None:
    task_id = new(conn)
    with refused(conn, InvalidArgument, "in_error", "reject"):
        calls.change_tasks(conn, action, [task_id], error="why")


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn)
    (changed,), rows = call(
        conn, "change_tasks", "reject", f'[{{"task_id": {task_id}}}]', None, "gone"
    )
    assert (changed, list(rows)) == (1, [])
    assert status(conn, task_id) == [Status.FAILED]
