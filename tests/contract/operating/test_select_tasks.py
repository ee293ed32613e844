"""select_tasks: tasks by a filter, step by step along their ids."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testing import age, call, ended, execute, new, refused, started

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument, UnknownOption


def ids(conn: Connection, **where: Any) -> list[int]:
    """Of all steps."""
    found, after_id = [], 0
    while True:
        step = calls.select_tasks(conn, after_id=after_id, limit=3, **where)
        found += [task.task_id for task in step.tasks]
        if step.next_id is None:
            return found
        after_id = step.next_id


def test_each_key_and_all_together(conn: Connection) -> None:
    first = new(conn, "A", name="a")
    other = new(conn, "B", name="a")
    third = new(conn, "A", name="b", namespace="n")
    assert ids(conn) == [first, other, third]
    assert ids(conn, queue="A") == [first, third]
    assert ids(conn, name="a") == [first, other]
    assert ids(conn, namespace="n") == [third]
    assert ids(conn, queue="A", name="a", namespace="default") == [first]
    assert ids(conn, queue="a") == ids(conn, name="none") == ids(conn, namespace="N") == []


def test_by_status(conn: Connection) -> None:
    tasks = {
        Status.WAITING: new(conn),
        Status.PROCESSING: started(conn),
        **{s: ended(conn, s) for s in (Status.FINISHED, Status.CANCELLED, Status.FAILED)},
    }
    for status, task_id in tasks.items():
        assert ids(conn, status=[status]) == [task_id]
    both = [Status.FAILED, Status.CANCELLED]
    assert ids(conn, status=both) == sorted(tasks[status] for status in both)
    assert ids(conn, status=list(Status)) == sorted(tasks.values())


def test_by_age(conn: Connection) -> None:
    active, failed = new(conn), ended(conn, Status.FAILED)
    age(conn, 1000)
    young = new(conn)
    assert ids(conn, age=999) == [active, failed]
    assert ids(conn, age=1100) == []
    assert ids(conn, age=0) == [active, failed, young]
    calls.retry(conn, failed)
    calls.cancel(conn, failed)  # it has ended again
    assert ids(conn, age=999) == [active]


def test_by_a_part_of_the_error(conn: Connection) -> None:
    task_id = started(conn)
    new(conn)
    calls.fail(conn, task_id, 1, "100 % of 'it' timed_out\nat the bank \N{GRINNING FACE}")
    for part in ("100 %", "'it'", "timed_out\nat", "\N{GRINNING FACE}", "t"):
        assert ids(conn, error=part) == [task_id], part
    for part in ("TIMED", "%bank", "timed.out", "of  'it'", "x" * 200, "\N{GRINNING FACE}" * 200):
        assert ids(conn, error=part) == [], part
    (found,) = calls.select_tasks(conn, error="bank").tasks
    assert found.last_error is not None
    assert found.last_error.startswith("100 %")


def test_a_row_says_what_it_is(conn: Connection) -> None:
    task_id = started(conn, "Q", name="send", namespace="n")
    calls.fail(conn, task_id, 1, "e" * 2000)
    (found,) = calls.select_tasks(conn).tasks
    assert (found.task_id, found.namespace, found.queue, found.name) == (task_id, "n", "Q", "send")
    assert (found.status, found.last_error) == (Status.WAITING, "e" * LIMIT["excerpt"])


def test_a_step_looks_at_so_many_and_says_where_to_go_on(conn: Connection) -> None:
    tasks = [new(conn, "A" if n % 2 else "B") for n in range(5)]
    step = calls.select_tasks(conn, queue="A", limit=2)
    assert ([task.task_id for task in step.tasks], step.next_id) == ([tasks[1]], tasks[1])
    step = calls.select_tasks(conn, queue="A", after_id=tasks[1], limit=2)
    assert ([task.task_id for task in step.tasks], step.next_id) == ([tasks[3]], tasks[3])
    step = calls.select_tasks(conn, queue="A", after_id=tasks[3], limit=2)
    assert (step.tasks, step.next_id) == ([], None)
    assert calls.select_tasks(conn, after_id=tasks[4]).next_id is None
    execute(conn, f"DELETE FROM {conn.prefix}task")
    assert calls.select_tasks(conn).tasks == []


def test_null_is_any(conn: Connection) -> None:
    task_id = new(conn)
    nulls = dict.fromkeys(["queue", "namespace", "name", "status", "age", "error"])
    _, rows = call(conn, "select_tasks", json.dumps(nulls), 0, 10)
    assert [row[0] for row in rows] == [task_id]


@pytest.mark.parametrize("given", [None, "", "x", "[]", '"Q"', "17", "{", '{"queue": "Q"} x'])
def test_a_filter_that_is_no_object_is_refused(conn: Connection, given: Any) -> None:
    with refused(conn, InvalidArgument, "in_filter", "JSON object"):
        call(conn, "select_tasks", given, 0, 10)


def test_a_key_that_there_is_not_is_refused(conn: Connection) -> None:
    with refused(conn, UnknownOption, "order", "queue, namespace, name, status, age, error"):
        call(conn, "select_tasks", '{"queue": "Q", "order": "1"}', 0, 10)


@pytest.mark.parametrize("key", ["queue", "namespace", "name", "error"])
@pytest.mark.parametrize(
    "value", ["", 5, True, [], {}, ["Q"], "x" * 201, "\N{GRINNING FACE}" * 201]
)
def test_a_bad_text_is_refused(conn: Connection, key: str, value: Any) -> None:
    with refused(conn, InvalidArgument, "in_filter", key, "a text of 1 to 200"):
        call(conn, "select_tasks", json.dumps({key: value}), 0, 10)


@pytest.mark.parametrize("value", [90, "90", [], ["90"], [1], [90, 91], [90.5], {}, [[90]], "x"])
def test_a_bad_status_is_refused(conn: Connection, value: Any) -> None:
    with refused(conn, InvalidArgument, "in_filter", "status", "0, 20, 30, 80, 90"):
        call(conn, "select_tasks", json.dumps({"status": value}), 0, 10)


@pytest.mark.parametrize("value", [-1, LIMIT["seconds"] + 1, 1.5, "x", "", [], True, 10**30])
def test_a_bad_age_is_refused(conn: Connection, value: Any) -> None:
    with refused(conn, InvalidArgument, "in_filter", "age", f"0 to {LIMIT['seconds']}"):
        call(conn, "select_tasks", json.dumps({"age": value}), 0, 10)


def test_a_long_filter_is_refused(conn: Connection) -> None:
    with refused(conn, InvalidArgument, "in_filter", f"{LIMIT['filter']} bytes"):
        call(conn, "select_tasks", json.dumps({"error": "x" * LIMIT["filter"]}), 0, 10)


@pytest.mark.parametrize("after_id", [None, -1])
def test_a_bad_begin_is_refused(conn: Connection, after_id: Any) -> None:
    with refused(conn, InvalidArgument, "in_after_id", "0 or the id"):
        call(conn, "select_tasks", "{}", after_id, 10)


@pytest.mark.parametrize("limit", [None, -1, 0, LIMIT["rows"] + 1])
def test_a_bad_limit_is_refused(conn: Connection, limit: Any) -> None:
    with refused(conn, InvalidArgument, "in_limit", f"1 to {LIMIT['rows']}"):
        call(conn, "select_tasks", "{}", 0, limit)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED, name="send")
    (next_id,), rows = call(conn, "select_tasks", '{"status": [ 80,90 ], "age": 0}', 0, 10)
    assert next_id is None
    assert [tuple(row) for row in rows] == [(task_id, "default", "Q", "send", 90, "broken")]
