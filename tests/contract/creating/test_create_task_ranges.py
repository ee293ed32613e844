"""create_task_ranges: what tasks have in common is given once, and ranges of them are returned."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inputs import REFUSED
from testing import call, content, count, lasting, query, refused, row

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, InvalidPayload, ReservedKey, UnknownOption

COMMON = {"name": "job", "interval": 60, "queue": "Q"}
Range = tuple[int, ...]


def make(conn: Connection, tasks: Any, common: Any = COMMON) -> list[Range]:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in (tasks, common)]
    rows = call(conn, "create_task_ranges", texts[0], texts[1] if common is not None else None)
    return [tuple(map(int, row)) for row in rows]


def new(**more: Any) -> dict[str, Any]:
    return {"payload": "{}", **more}


def _flat(payload: object) -> bool:
    """Whether it can be sent, and is not nested too deeply, of which no element is named."""
    return isinstance(payload, str) and len(payload) < 500


@pytest.fixture
def known(conn: Connection) -> int:
    """Registers the queue; the next task's number, if no other is created."""
    (task,) = calls.create_many(conn, [NewTask("job", {}, 60, "Q", order_no="known")])
    return task.task_id + 1


@pytest.mark.parametrize("common", [COMMON, None])
def test_one_range_of_tasks_of_one_kind(conn: Connection, known: int, common: Any) -> None:
    tasks = [new(payload=json.dumps({"n": n}), **({} if common else COMMON)) for n in range(100)]
    assert make(conn, tasks, common) == [(known, 1, 100, 1, 1)]
    for n in range(100):
        found = row(conn, known + n)
        assert found["payload"] == json.dumps({"n": n})
        assert (found["name"], found["interval_seconds"], found["order_no"]) == ("job", 60, None)


@pytest.mark.usefixtures("known")
def test_what_the_tasks_have_in_common(conn: Connection) -> None:
    common = {"namespace": "n", "delay": 30, "deadline": 90, "delete_deadline": 7, "max_count": 5}
    for _ in range(2):  # the first one registers the queue
        ((task_id, _, tasks, created, pushable),) = make(
            conn, [new(order_no=None), new()], {**COMMON, **common, "queue": "other"}
        )
        assert (tasks, created, pushable) == (2, 1, 0)
        found = row(conn, task_id)
        assert lasting(found, "created_at", "due_at") == 30
        assert lasting(found, "created_at", "deadline_at") == 90
        assert (found["delete_deadline"], found["max_count"]) == (7, 5)
        where = f"SELECT namespace, queue FROM {conn.prefix}queue WHERE queue_id = :1"
        text = where.replace(":1", str(found["queue_id"]))
        assert query(conn, text) == [("n", "other")]


@pytest.mark.usefixtures("known")
def test_an_elements_own_key_comes_first(conn: Connection) -> None:
    common = {**COMMON, "delay": 30, "payload": {"common": None}, "order_no": "same"}
    made = make(
        conn,
        [
            {"name": "own", "order_no": "1"},
            {"delay": None, "order_no": None, "payload": {"own": None}},
            {"queue": "R", "payload": '{"own": 1.000000000000000000001}'},
            {"interval": 5},
        ],
        common,
    )
    assert [range_[2:] for range_ in made] == [(1, 1, 0), (1, 1, 1), (2, 1, 0)]
    found = [row(conn, made[0][0] + n) for n in range(4)]
    assert [each["name"] for each in found] == ["own", "job", "job", "job"]
    assert [each["order_no"] for each in found] == ["1", None, "same", "same"]
    assert [each["interval_seconds"] for each in found] == [60, 60, 60, 5]
    assert [json.loads(each["payload"]) for each in found[:2]] == [{"common": None}, {"own": None}]
    assert found[2]["payload"] == '{"own": 1.000000000000000000001}'


def test_a_range_ends_where_something_else_begins(conn: Connection, known: int) -> None:
    orders: list[tuple[str | None, bool]] = [
        ("a", False), ("b", False), (None, True), ("d", False), ("known", False), ("a", False),
        ("b", False), (None, False),
    ]  # fmt: skip
    made = make(conn, [new(order_no=no, **({"delay": 9} if late else {})) for no, late in orders])
    first = made[0][0]
    assert made[-1][2:] == (1, 1, 1)
    assert made[:-1] == [
        (first, 1, 2, 1, 1),
        (first + 2, 1, 1, 1, 0),
        (first + 3, 1, 1, 1, 1),
        (known - 1, 1, 1 if first > known else 3, 0, 0),
        *([(first, 1, 2, 0, 0)] if first > known else []),  # else their numbers follow
    ]
    again = make(conn, [new(order_no=no) for no in ("a", "b", "d", "b")])
    assert again == [(first, 1, 2, 0, 0), (first + 3, 1, 1, 0, 0), (first + 1, 1, 1, 0, 0)]


def test_create_tasks_returns_a_row_for_each_instead(conn: Connection, known: int) -> None:
    tasks = [new(**COMMON, order_no=no) for no in ("a", "known", "a")] + [new(**COMMON, delay=1)]
    rows = call(conn, "create_tasks", json.dumps(tasks))
    found = [tuple(map(int, row)) for row in rows]
    first = found[0][0]
    assert found[:3] == [(first, 1, 1), (known - 1, 0, 0), (first, 0, 0)]
    assert found[3][1:] == (1, 0)
    expanded = [
        (task_id + n * step, created, pushable)
        for task_id, step, tasks, created, pushable in make(conn, tasks[:3], None)
        for n in range(tasks)
    ]
    assert expanded == [(first, 0, 0), (known - 1, 0, 0), (first, 0, 0)]


def test_a_paused_queue(conn: Connection, known: int) -> None:
    calls.pause(conn, "Q")
    assert make(conn, [new(), new()]) == [(known, 1, 2, 1, 0)]
    made = make(conn, [new(queue="R"), new(queue="R"), new()])
    assert [range_[2:] for range_ in made] == [(2, 1, 1), (1, 1, 0)]
    assert made[1][0] == made[0][0] + 2


def test_nothing_to_create(conn: Connection) -> None:
    assert make(conn, []) == make(conn, [], None) == []
    assert count(conn) == 0


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.usefixtures("known")
def test_the_largest_call_keeps_the_order(conn: Connection, alike: bool) -> None:
    """The numbers are those of the payloads, though an INSERT that sorts nothing stores them."""
    long = "x" * 300
    tasks = [NewTask("job", {"n": n, "long": long}, 60, "Q") for n in range(LIMIT["rows"])]
    if not alike:
        tasks[0].name = "other"
    made = calls.create_many(conn, tasks)
    found = dict(query(conn, f"SELECT task_id, payload FROM {conn.prefix}task"))
    assert all(found[task.task_id] == task.payload for task in made)
    assert len({task.task_id for task in made}) == LIMIT["rows"]
    with pytest.raises(InvalidArgument, match=f"in_tasks must have at most {LIMIT['rows']}"):
        calls.create_many(conn, [*tasks, tasks[0]])
    assert count(conn) == LIMIT["rows"] + 1


@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize(
    "index",
    [REFUSED.index(bad) for bad in REFUSED if bad[0] != "payload" or _flat(bad[1])][::5],
)
def test_one_bad_element_refuses_all_and_is_named(
    conn: Connection, index: int, registered: bool
) -> None:
    if registered:
        calls.create(conn, "job", {}, 60, "Q", order_no="known")
    before = content(conn)
    argument, value, error, _ = REFUSED[index]
    tasks = [new(), new(order_no="1"), new(**{argument: value}), new(payload="[]")]
    with refused(conn, error, "in_tasks, element 3", argument):
        make(conn, tasks)
    if argument not in ("payload", "order_no"):
        with refused(conn, error, "in_tasks, element 1", argument):
            make(conn, tasks[:2], {**COMMON, argument: value})
    assert content(conn) == before


@pytest.mark.parametrize("tasks", ["", "{}", "null", "[", "[}", '"[]"', "[" * 300 + "]" * 300])
def test_what_is_no_array_is_refused(conn: Connection, tasks: str) -> None:
    with refused(conn, InvalidArgument, "in_tasks"):
        make(conn, tasks)


@pytest.mark.parametrize("common", ["", "[]", "null", "1", "{", "{}x", '"{}"'])
def test_what_is_no_object_is_refused(conn: Connection, common: str) -> None:
    with refused(conn, InvalidArgument, "in_common"):
        make(conn, [new()], common)


def test_too_long_an_object_is_refused(conn: Connection) -> None:
    common = {**COMMON, "name": "x" * LIMIT["common"]}
    with refused(conn, InvalidArgument, f"in_common must have at most {LIMIT['common']} bytes"):
        make(conn, [new()], common)


@pytest.mark.parametrize("element", [1, None, "x", [], [{}], True])
@pytest.mark.usefixtures("known")
def test_an_element_that_is_no_object_is_refused(conn: Connection, element: Any) -> None:
    with refused(conn, InvalidArgument, "in_tasks, element 2", "object"):
        make(conn, [new(), element])


@pytest.mark.usefixtures("known")
def test_unknown_and_missing_keys_are_named(conn: Connection) -> None:
    with refused(conn, UnknownOption, "in_tasks, element 2", '"priority"'):
        make(conn, [new(), new(priority=1)])
    with refused(conn, UnknownOption, "in_tasks, element 1", '"priority"'):
        make(conn, [new(), new()], {**COMMON, "priority": 1})
    with refused(conn, InvalidPayload, "in_tasks, element 2"):
        make(conn, [new(), {}])
    for key in COMMON:
        with refused(conn, InvalidArgument, "in_tasks, element 1", key):
            make(conn, [new()], {k: v for k, v in COMMON.items() if k != key})


@pytest.mark.usefixtures("known")
def test_reserved_keys_are_refused(conn: Connection) -> None:
    for payload in ('{"task_id": 1}', '{"\\u0074ask_id": 1}', {"task_attempt": 1}):
        with refused(conn, ReservedKey, "in_tasks, element 2"):
            make(conn, [new(), new(payload=payload)])


def test_an_object_as_payload(conn: Connection, known: int) -> None:
    make(conn, [new(payload={"a": [1, None]}), new(payload={})])
    assert json.loads(row(conn, known)["payload"]) == {"a": [1, None]}
    assert json.loads(row(conn, known + 1)["payload"]) == {}


def test_inside_a_transaction_it_sees_its_own_tasks(conn: Connection, connect: Any) -> None:
    own = connect(autocommit=False)
    ((first, *_),) = make(own, [new(order_no="1")])
    assert make(own, [new(order_no="1"), new(), new()])[0] == (first, 1, 1, 0, 0)
    before = content(conn)
    own.rollback()
    assert content(conn) == before
    assert count(conn) == 0
