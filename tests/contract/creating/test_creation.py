"""The common behaviour of create_task, delay_task and create_tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inputs import HOSTILE, REFUSED, SECONDS, SMILE, WAYS, make
from testing import call, count, lasting, query, refused, row

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument, PayloadTooLarge, QtaskError

pytestmark = pytest.mark.parametrize("way", WAYS)


@pytest.mark.parametrize(
    ("argument", "value", "error", "allowed"),
    REFUSED,
    ids=[f"{argument}={str(value)[:20]!a}" for argument, value, _, _ in REFUSED],
)
def test_bad_input_is_named_and_changes_nothing(
    conn: Connection, way: str, argument: str, value: Any, error: type[QtaskError], allowed: str
) -> None:
    if value is None and way == "create_many" and argument == "payload":
        value = "null"
    with refused(conn, error, argument, allowed):
        make(conn, way, **{argument: value})


def test_defaults(conn: Connection, way: str) -> None:
    task = make(conn, way)
    found = row(conn, task.task_id)
    assert (task.created, task.queue, task.payload) == (True, "Q", "{}")
    assert found["status"] == Status.WAITING
    assert found["attempts"] == found["attempts_before"] == 0
    assert (
        found["started_at"] is found["ended_at"] is found["order_no"] is found["last_error"] is None
    )
    assert lasting(found, "created_at", "deadline_at") == DEFAULT["deadline"]
    assert (found["delete_deadline"], found["max_count"]) == (0, DEFAULT["max_count"])
    assert query(conn, f"SELECT namespace FROM {conn.prefix}queue") == [("default",)]


def test_smallest_values(conn: Connection, way: str) -> None:
    options = {
        "deadline": 1,
        "delete_deadline": 0,
        "max_count": 1,
        "order_no": "o",
        "namespace": "n",
    }
    task = make(conn, way, name="x", queue="q", interval=1, **options)
    found = row(conn, task.task_id)
    assert (found["name"], found["interval_seconds"], found["max_count"]) == ("x", 1, 1)
    assert lasting(found, "created_at", "deadline_at") == 1


def test_largest_values(conn: Connection, way: str) -> None:
    options = {
        "deadline": SECONDS,
        "delete_deadline": SECONDS,
        "max_count": LIMIT["max_count"],
        "order_no": SMILE * LIMIT["order_no"],
        "namespace": SMILE * LIMIT["namespace"],
    }
    names = {"name": SMILE * LIMIT["name"], "queue": SMILE * LIMIT["queue"]}
    task = make(conn, way, interval=SECONDS, **names, **options)
    found = row(conn, task.task_id)
    assert lasting(found, "created_at", "deadline_at") == SECONDS
    assert (found["interval_seconds"], found["delete_deadline"]) == (SECONDS, SECONDS)
    assert (found["max_count"], found["order_no"]) == (LIMIT["max_count"], options["order_no"])
    stored = query(conn, f"SELECT namespace, queue FROM {conn.prefix}queue")
    assert stored == [(options["namespace"], names["queue"])]
    assert found["name"] == names["name"]


@pytest.mark.parametrize("option", ["deadline", "delete_deadline", "max_count"])
def test_numbers_with_a_fraction(conn: Connection, way: str, option: str) -> None:
    """They are no number of seconds or attempts, but some languages write 10 as 10.0."""
    if way != "create_many":
        verb = way if way.endswith("_quiet") else f"{way}_task"
        given = ("job", "{}", 60, "Q") if verb.startswith("create") else ("job", "{}", 0, 60, "Q")
        with refused(conn, InvalidArgument, option, "whole number"):
            call(conn, verb, *given, options={option: 10.5})
        return
    element = {"name": "job", "payload": {}, "interval": 60.0, "queue": "Q"}
    with refused(conn, InvalidArgument, option, "whole number"):
        call(conn, "create_tasks", json.dumps([{**element, option: 10.5}]))
    ((task_id, _, _),) = call(conn, "create_tasks", json.dumps([{**element, option: 10.0}]))
    found = row(conn, task_id)
    assert 10 in (found.get(option), lasting(found, "created_at", "deadline_at"))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_any_text_is_kept(conn: Connection, way: str, text: str) -> None:
    names = dict.fromkeys(("name", "queue", "namespace", "order_no"), text)
    task = make(conn, way, payload={"a": text, text: 1}, **names)
    (info,) = calls.list_tasks(conn, queue=text, namespace=text, order_no=text)
    assert (info.task_id, info.name, info.queue) == (task.task_id, text, text)
    assert (info.namespace, info.order_no) == (text, text)
    assert json.loads(row(conn, task.task_id)["payload"]) == {"a": text, text: 1}
    assert make(conn, way, **names).task_id == task.task_id


def test_a_text_that_is_no_unicode(conn: Connection, way: str) -> None:
    with refused(conn, InvalidArgument):
        make(conn, way, name="half \ud83d")


@pytest.mark.parametrize(
    "payload",
    [
        "{}",
        ' \n{ "a" : 1 }\t\r\n',
        '{"n": 123456789012345678901234567890.1234567890123456789, "m": -0.0, "e": 1E+2}',
        '{"a": 1, "a": 2, "": 3, " ": 4}',
        '{"nested": {"task_id": 1}, "TASK_ID": 2, "task_id ": 3}',
        '{"a": "\\u00e9\\n\\"\\\\/\\/"}',
        '{"a": ' * 20 + "1" + "}" * 20,
        json.dumps({"a": SMILE}, ensure_ascii=False),
    ],
)
def test_a_payload_is_kept_as_it_was_given(conn: Connection, way: str, payload: str) -> None:
    task = make(conn, way, payload=payload)
    assert task.payload == payload
    assert row(conn, task.task_id)["payload"] == payload


def test_a_payload_of_just_the_limit(conn: Connection, way: str) -> None:
    payload = '{"a": "' + SMILE * ((DEFAULT["payload_limit"] - 10) // 4)
    payload += "x" * (DEFAULT["payload_limit"] - len(payload.encode()) - 2) + '"}'
    assert len(payload.encode()) == DEFAULT["payload_limit"]
    assert row(conn, make(conn, way, payload=payload).task_id)["payload"] == payload
    with refused(conn, PayloadTooLarge):
        make(conn, way, payload=payload + " ")


def test_a_duplicate_is_the_active_task(conn: Connection, way: str) -> None:
    first = make(conn, way, order_no="1", payload={"first": 1})
    second = make(conn, way, order_no="1", payload={"second": 2}, interval=9, max_count=9)
    assert (second.task_id, second.created, second.pushable) == (first.task_id, False, False)
    found = row(conn, first.task_id)
    assert (found["payload"], found["interval_seconds"]) == ('{"first": 1}', 60)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Job"},
        {"queue": "q"},
        {"namespace": "Default"},
        {"order_no": "a"},
        {"order_no": "\xc5"},
        {"order_no": "A\x00"},
        {"order_no": None},
    ],
    ids=str,
)
def test_a_task_that_differs_is_no_duplicate(
    conn: Connection, way: str, change: dict[str, Any]
) -> None:
    first = make(conn, way, order_no="A")
    other = make(conn, way, **{"order_no": "A", **change})
    assert other.created
    assert other.task_id != first.task_id


def test_without_an_order_number_there_are_no_duplicates(conn: Connection, way: str) -> None:
    assert make(conn, way).task_id != make(conn, way).task_id


@pytest.mark.parametrize("end", ["finish", "cancel", "fail"])
def test_an_order_number_is_free_again_when_its_task_has_ended(
    conn: Connection, way: str, end: str
) -> None:
    first = make(conn, way, order_no="1", max_count=1)
    calls.processing(conn, first.task_id)
    assert not make(conn, way, order_no="1").created
    getattr(calls, end)(conn, first.task_id)
    second = make(conn, way, order_no="1")
    assert second.created
    assert second.task_id != first.task_id
    assert count(conn) == 2


def test_a_duplicate_inside_an_open_transaction(conn: Connection, connect: Any, way: str) -> None:
    own = connect(autocommit=False)
    first = make(own, way, order_no="1")
    second = make(own, way, order_no="1")
    assert (second.task_id, second.created) == (first.task_id, False)
    own.rollback()
    assert count(conn) == 0
    assert make(conn, way, order_no="1").created
