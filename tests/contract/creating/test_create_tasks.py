"""create_tasks: many tasks of both kinds in one call, all or none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inputs import REFUSED
from testing import call, content, count, lasting, query, refused, row

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import InvalidArgument, InvalidPayload, ReservedKey, UnknownOption


def task(queue: str = "Q", **options: Any) -> NewTask:
    return NewTask("job", options.pop("payload", {}), 60, queue, **options)


def test_ids_come_in_the_order_of_the_input(conn: Connection) -> None:
    given = [
        task(f"Q{n % 3}", payload={"n": n}, order_no=None if n % 4 else str(n)) for n in range(100)
    ]
    made = calls.create_many(conn, given)
    for n, made_task in enumerate(made):
        found = row(conn, made_task.task_id)
        assert json.loads(found["payload"]) == json.loads(made_task.payload) == {"n": n}
        assert (made_task.created, made_task.pushable, made_task.queue) == (True, True, f"Q{n % 3}")
    assert count(conn) == 100


def test_both_kinds_in_one_call(conn: Connection) -> None:
    real_time, delayed, at_once = calls.create_many(
        conn, [task(), task(delay=30, deadline=90, max_count=7), task(delay=0)]
    )
    assert [t.pushable for t in (real_time, delayed, at_once)] == [True, False, False]
    assert lasting(row(conn, real_time.task_id), "created_at", "due_at") == DEFAULT["push_grace"]
    found = row(conn, delayed.task_id)
    assert lasting(found, "created_at", "due_at") == 30
    assert lasting(found, "created_at", "deadline_at") == 90
    assert found["max_count"] == 7
    assert lasting(row(conn, at_once.task_id), "created_at", "due_at") == 0


def test_duplicates_of_earlier_tasks_and_within_the_call(conn: Connection) -> None:
    before = calls.create(conn, "job", {}, 60, "Q", order_no="old")
    made = calls.create_many(
        conn,
        [
            task(order_no="new"),
            task(order_no="old"),
            task(),
            task(order_no="new"),
            task(order_no="NEW"),
            task("q", order_no="new"),
            task(order_no="new", namespace="n"),
            task(),
        ],
    )
    assert [t.created for t in made] == [True, False, True, False, True, True, True, True]
    assert [t.pushable for t in made] == [t.created for t in made]
    assert made[1].task_id == before.task_id
    assert made[3].task_id == made[0].task_id
    assert len({t.task_id for t in made}) == 7
    assert count(conn) == 7


def test_all_duplicates(conn: Connection) -> None:
    first = calls.create_many(conn, [task(order_no="1"), task(order_no="2")])
    again = calls.create_many(conn, [task(order_no="2"), task(order_no="1")])
    assert [t.task_id for t in again] == [first[1].task_id, first[0].task_id]
    assert not any(t.created or t.pushable for t in again)


def test_none_is_created_of_a_paused_queue_as_pushable(conn: Connection) -> None:
    calls.pause(conn, "P")
    assert [t.pushable for t in calls.create_many(conn, [task("P"), task("Q")])] == [False, True]


def test_nothing_to_create(conn: Connection) -> None:
    assert calls.create_many(conn, []) == []
    assert count(conn) == 0


def test_the_largest_call(conn: Connection) -> None:
    made = calls.create_many(conn, [task()] * LIMIT["rows"])
    assert len({t.task_id for t in made}) == count(conn) == LIMIT["rows"]
    with pytest.raises(InvalidArgument, match=f"in_tasks must have at most {LIMIT['rows']}"):
        calls.create_many(conn, [task()] * (LIMIT["rows"] + 1))
    assert count(conn) == LIMIT["rows"]


@pytest.mark.parametrize(
    "index",
    [REFUSED.index(bad) for bad in REFUSED if bad[0] != "payload" or isinstance(bad[1], str)][::9],
)
def test_one_bad_element_refuses_all_and_is_named(conn: Connection, index: int) -> None:
    argument, value, error, _ = REFUSED[index]
    element = {"name": "job", "payload": "{}", "interval": 60, "queue": "Q"}
    array = [element, element, {**element, argument: value}, {**element, "interval": 0}]
    with refused(conn, error, "in_tasks, element 3", argument):
        call(conn, "create_tasks", json.dumps(array))


@pytest.mark.parametrize(
    "tasks", [None, "", "{}", "1", "null", "[", "[}", '"[]"', "[" * 300 + "]" * 300]
)
def test_what_is_no_array_is_refused(conn: Connection, tasks: str | None) -> None:
    with refused(conn, InvalidArgument, "in_tasks"):
        call(conn, "create_tasks", tasks)


@pytest.mark.parametrize("element", [1, None, "x", [], [{}], True])
def test_an_element_that_is_no_object_is_refused(conn: Connection, element: Any) -> None:
    with refused(conn, InvalidArgument, "in_tasks, element 1", "object"):
        call(conn, "create_tasks", json.dumps([element]))


@pytest.mark.parametrize("key", ["name", "payload", "interval", "queue"])
def test_a_missing_key_is_named(conn: Connection, key: str) -> None:
    element = {"name": "job", "payload": {}, "interval": 60, "queue": "Q"}
    del element[key]
    with refused(conn, InvalidPayload if key == "payload" else InvalidArgument, "element 1", key):
        call(conn, "create_tasks", json.dumps([element]))


@pytest.mark.parametrize("key", ["priority", "Delay", "", "task_id", "%s"])
def test_an_unknown_key_is_refused(conn: Connection, key: str) -> None:
    element = {"name": "job", "payload": {}, "interval": 60, "queue": "Q", key: 1}
    with refused(conn, UnknownOption, "in_tasks, element 1", f'"{key}"'):
        call(conn, "create_tasks", json.dumps([element]))


@pytest.mark.parametrize("key", ["interval", "delay", "deadline", "delete_deadline", "max_count"])
@pytest.mark.parametrize(
    "value", ["1e30", "-1e-30", "5.5", "99999999999999999999", "true", '"x"', "[5]", "{}"]
)
def test_what_is_no_number_in_range_is_refused(conn: Connection, key: str, value: str) -> None:
    element = {"name": "job", "payload": {}, "interval": 60, "queue": "Q", key: "VALUE"}
    with refused(conn, InvalidArgument, "in_tasks, element 2", key):
        call(
            conn,
            "create_tasks",
            json.dumps([{**element, key: 60}, element]).replace('"VALUE"', value),
        )


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ('{"a": "\\\\ and \\u0074ask_id", "b": {"task_id": 1}, "task_name": "task_id"}', None),
        (' {"a": 1}', None),
        ('{"\\u0074ask_id": 1}', ReservedKey),
        ('{"a": 1, "task_attempt": 1}', ReservedKey),
    ],
)
def test_reserved_keys_are_those_of_the_payload_itself(
    conn: Connection, payload: str, error: type[Exception] | None
) -> None:
    element = {"name": "job", "payload": payload, "interval": 60, "queue": "Q"}
    if error:
        with refused(conn, error, "in_tasks, element 1"):
            call(conn, "create_tasks", json.dumps([element]))
    else:
        ((task_id, *_),) = call(conn, "create_tasks", json.dumps([element]))
        assert row(conn, task_id)["payload"] == payload


def test_in_plain_sql(conn: Connection) -> None:
    text = """[
      {"name": "job", "payload": {"a": [1, "\u00e9"]}, "interval": 60, "queue": "Q"},
      {"name": "job", "payload": "{\\"n\\": 1.000000000000000000001}", "interval": 60, "queue": "Q",
       "delay": null, "order_no": null, "namespace": null, "deadline": null, "max_count": null}
    ]"""
    (first, created, pushable), (second, _, _) = call(conn, "create_tasks", text)
    assert (created, pushable) == (1, 1)
    assert json.loads(row(conn, first)["payload"]) == {"a": [1, "\u00e9"]}
    assert row(conn, second)["payload"] == '{"n": 1.000000000000000000001}'
    assert query(conn, f"SELECT namespace, queue FROM {conn.prefix}queue") == [("default", "Q")]


def test_inside_a_transaction_it_sees_its_own_tasks(conn: Connection, connect: Any) -> None:
    own = connect(autocommit=False)
    (first,) = calls.create_many(own, [task(order_no="1")])
    second = calls.create_many(own, [task(order_no="1"), task()])
    assert (second[0].task_id, second[0].created, second[1].created) == (first.task_id, False, True)
    before = content(conn)
    own.rollback()
    assert content(conn) == before
    assert count(conn) == 0
