"""The options of create_task, delay_task and set_schedule: on MySQL they are one JSON object."""

from __future__ import annotations

from typing import Any

import pytest
from testing import lasting, refused, row

from qtask_db import Connection
from qtask_db.constants import DEFAULT
from qtask_db.errors import InvalidArgument, UnknownOption


def create(conn: Connection, options: str) -> Any:
    return conn.call("create_task", "job", "{}", 60, "Q", options)[0]


@pytest.mark.parametrize(
    "options",
    [
        "{}",
        '{"order_no": null, "namespace": null, "deadline": null, "delete_deadline": null, '
        '"max_count": null, "on_failure": null}',
    ],
)
def test_options_that_are_null_have_their_defaults(conn: Connection, options: str) -> None:
    task_id, _, _ = create(conn, options)
    found = row(conn, task_id)
    assert lasting(found, "created_at", "deadline_at") == DEFAULT["deadline"]
    assert (found["order_no"], found["max_count"]) == (None, DEFAULT["max_count"])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ('{"priority": 1}', "priority"),
        ('{"max_count": 3, "Deadline": 1}', "Deadline"),
        ('{"interval": null}', "interval"),
        ('{"": 1}', '""'),
        ('{"%s": 1}', "%s"),
        ('{"' + "k" * 300 + '": 1}', "kkk"),
    ],
)
def test_an_unknown_option_is_refused(conn: Connection, options: str, name: str) -> None:
    with refused(
        conn,
        UnknownOption,
        name,
        "namespace, order_no, deadline, delete_deadline, max_count, on_failure",
    ):
        create(conn, options)


@pytest.mark.parametrize(
    "options", ["", "[]", "1", "null", '"x"', "{", '{"a": ' * 200 + "1" + "}" * 200]
)
def test_options_that_are_no_object_are_refused(conn: Connection, options: str) -> None:
    with refused(conn, InvalidArgument, "in_options"):
        create(conn, options)


def test_an_unknown_option_of_a_delayed_task_is_refused(conn: Connection) -> None:
    with refused(conn, UnknownOption, "delay"):
        conn.call("delay_task", "job", "{}", 9, 60, "Q", '{"delay": 1}')


@pytest.mark.parametrize("name", ["order_no", "k" * 300])
def test_an_unknown_option_of_a_schedule_is_refused(conn: Connection, name: str) -> None:
    with refused(conn, UnknownOption, name[:20], "set_schedule"):
        conn.call("set_schedule", "S", 60, None, None, "job", "{}", 60, "Q", f'{{"{name}": "1"}}')


@pytest.mark.parametrize("number", ["10.0", "10.00", "10"])
def test_whole_numbers_in_all_forms(conn: Connection, number: str) -> None:
    options = f'{{"deadline": {number}, "delete_deadline": {number}, "max_count": {number}}}'
    found = row(conn, create(conn, options)[0])
    assert lasting(found, "created_at", "deadline_at") == 10
    assert (found["delete_deadline"], found["max_count"]) == (10, 10)
