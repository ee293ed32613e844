"""The arguments of calls, before the database sees them."""

from __future__ import annotations

import json
from collections import UserDict
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

import pytest

from qtask_db import NewTask
from qtask_db.calls.arguments import new_tasks, payload_text
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, InvalidPayload


class Colour(str, Enum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


def task(**more: Any) -> NewTask:
    return NewTask(**{"name": "job", "payload": {}, "interval": 60, "queue": "Q", **more})


def sent(tasks: list[NewTask]) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    text, common = new_tasks(tasks, [payload_text(each.payload) for each in tasks])
    return json.loads(text), None if common is None else json.loads(common)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"a": [1, 2.5, None, True, "\u00e9\u4e2d\U0001f600", '"\\\n\x7f']},
        {2: 2, None: 3, True: 4, 1.5: 5},
        {"a": {"b": {"c": (1, 2)}}, "e": Colour.RED, "n": Number.ONE},
        UserDict(a=1),
    ],
)
def test_a_payload_is_written_as_the_json_module_does(payload: Any) -> None:
    written = json.dumps(dict(payload), ensure_ascii=False, allow_nan=False)
    assert payload_text(payload) == written


def test_the_text_of_a_payload_stays() -> None:
    assert payload_text(' {"a":1.00}') == ' {"a":1.00}'


def test_what_is_no_json_is_refused_and_does_no_harm_to_the_next() -> None:
    around: dict[str, Any] = {}
    around["again"] = around
    for bad in (around, {"a": float("nan")}, {"a": object()}, {(1, 2): 3}, {"a": Decimal(1)}):
        with pytest.raises(InvalidPayload, match="cannot be written as JSON"):
            payload_text(bad)
        assert payload_text({"a": 1}) == '{"a": 1}'


def test_what_all_tasks_have_is_sent_once() -> None:
    given = [
        task(payload='{"n": 1.0}', order_no="\u00e9"),
        task(payload={"n": 2}),
        task(name="".join(["j", "ob"])),
    ]
    assert sent(given) == (
        [
            {"order_no": "\u00e9", "payload": '{"n": 1.0}'},
            {"payload": '{"n": 2}'},
            {"payload": "{}"},
        ],
        {"name": "job", "interval": 60, "queue": "Q"},
    )
    options = {"delay": 0, "namespace": "n", "deadline": 1, "delete_deadline": 2, "max_count": 3}
    assert sent([task(**options)])[1] == {"name": "job", "interval": 60, "queue": "Q", **options}


@pytest.mark.parametrize(
    "other",
    [{"name": "x"}, {"delay": 0}, {"interval": 60.0}, {"max_count": True}],
)
def test_tasks_that_differ_are_sent_whole(other: dict[str, Any]) -> None:
    given = [task(max_count=1) if "max_count" in other else task(), task(**other)]
    elements, common = sent(given)
    assert common is None
    assert elements[1] == {"name": "job", "payload": "{}", "interval": 60, "queue": "Q", **other}
    assert [type(v) for k, v in elements[1].items() if k in other] == [*map(type, other.values())]


def test_what_would_be_too_long_is_sent_whole() -> None:
    assert sent([task(name="x" * LIMIT["common"])])[1] is None
    assert sent([task(payload="{" + " " * 4_000_000 + "}")])[1] is None


@pytest.mark.parametrize("wrong", [{"order_no": object()}, {"delay": object()}, {"name": b"job"}])
def test_what_cannot_be_written_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="an element cannot be written as JSON"):
        sent([task(**wrong)])


def test_an_order_number_of_another_type_is_left_to_the_database() -> None:
    assert sent([task(order_no=5)])[0] == [{"order_no": 5, "payload": "{}"}]


def test_no_tasks() -> None:
    assert sent([]) == ([], None)
