"""The calls whose cost must grow as their input does, and the input of each for a size."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Text = Callable[[int], str]
INTERVAL = 3600
QUEUE = "CURVE"
FIRST = 1_000_000_000
"""An id that no task has."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One verb with one kind of input. `{p}` is the schema's prefix, `@text` the input."""

    name: str
    call: str
    text: Text = lambda _: ""
    before: str = ""
    """A call with the same input that goes before."""
    count: int = 0
    """So many tasks, of the queue CURVE and with the ids FIRST and on, for each of the size."""
    status: int = 20
    queues: bool = False
    """Whether so many queues are there, too."""
    transaction: bool = False
    """Whether the call is made in a transaction with an older snapshot."""
    made: str = ""
    """An SQL expression of {n} bytes instead of a text: nothing need be sent."""


def task(number: int, **more: Any) -> dict[str, Any]:
    return {"name": "bind", "payload": {"n": number}, "interval": INTERVAL, "queue": QUEUE} | more


def tasks(**more: Any) -> Text:
    """Elements of create_tasks; a callable value is given the number of the element."""

    def text(size: int) -> str:
        return json.dumps([task(n, **_filled(more, n, size)) for n in range(size)])

    return text


def ids(pairs: Callable[[int], Iterable[tuple[int, int | None]]]) -> Text:
    """Elements of start_tasks, finish_tasks and return_tasks."""

    def text(size: int) -> str:
        return json.dumps(
            [{"task_id": one, "attempt": attempt, "queue": QUEUE} for one, attempt in pairs(size)]
        )

    return text


def keys(size: int) -> str:
    """An object of so many keys."""
    return json.dumps({f"k{n}": n for n in range(size)})


def _filled(more: dict[str, Any], number: int, size: int) -> dict[str, Any]:
    return {name: value(number, size) if callable(value) else value for name, value in more.items()}


def _bad(*places: int) -> Text:
    def text(size: int) -> str:
        given = [task(n) for n in range(size)]
        for place in places:
            given[place]["interval"] = -1
        return json.dumps(given)

    return text


CREATE = "CALL {p}create_tasks(@text)"
RANGES = (
    "CALL {p}create_task_ranges(@text, "
    """'{{"name": "n", "interval": 60, "queue": "CURVE"}}')"""
)
NEW_ORDER = "CALL {p}create_task({name}, {payload}, 60, {queue}, {options}, @a, @b, @c)"
SCAN = "CALL {p}scan_tasks('curve', 10000, 30, NULL, @text, @a, @b)"


def create_one(**more: str) -> str:
    given = {"p": "{p}", "name": "'n'", "payload": "'{{}}'", "queue": "'CURVE'", "options": "NULL"}
    return NEW_ORDER.format(**(given | more))


def _order(number: int, _size: int) -> str:
    return f"o{number * 7919 % 100_003}"


def _own(size: int) -> str:
    return json.dumps([{"payload": "{}", "order_no": _order(n, size)} for n in range(size)])


def _bulk(verb: str) -> list[Shape]:
    outs = ", @a" if verb in ("receive", "return") else ""
    call = f"CALL {{p}}{verb}_tasks(@text{outs})"
    before = verb in ("start", "receive")
    status, attempt = (20, 1) if before else (30, 0)
    kinds: dict[str, tuple[Text, int]] = {
        "all": (ids(lambda size: ((FIRST + n, attempt) for n in range(size))), status),
        "finished": (ids(lambda size: ((FIRST + n, attempt) for n in range(size))), 0),
        "stale": (ids(lambda size: ((FIRST + n, 9) for n in range(size))), status),
        "unknown": (ids(lambda size: ((7 + n, 1) for n in range(size))), status),
        "one id": (ids(lambda size: ((FIRST, n) for n in range(size))), status),
        "one pair": (ids(lambda size: [(FIRST, attempt)] * size), status),
        "keys in each": (
            lambda size: json.dumps([{"task_id": n, "a": [1]} for n in range(size)]),
            20,
        ),
    }
    return [
        Shape(f"{verb}_tasks: {kind}", call, text, count=1, status=state)
        for kind, (text, state) in kinds.items()
    ]


def _in_a_transaction(shapes: Sequence[Shape]) -> list[Shape]:
    return [replace(one, name=f"{one.name}, in a transaction", transaction=True) for one in shapes]


CREATIONS = [
    Shape("create_tasks: new", CREATE, tasks()),
    Shape("create_tasks: new, with order numbers", CREATE, tasks(order_no=_order)),
    Shape("create_tasks: duplicates", CREATE, tasks(order_no=_order), before=CREATE),
    Shape("create_tasks: one order number", CREATE, tasks(order_no="one")),
    Shape(
        "create_tasks: each order number twice",
        CREATE,
        tasks(order_no=lambda n, size: f"o{n % (size // 2)}"),
    ),
    Shape("create_tasks: queues", CREATE, tasks(queue=lambda n, _: f"q{n}"), queues=True),
    Shape(
        "create_tasks: queues, duplicates",
        CREATE,
        tasks(queue=lambda n, _: f"q{n}", order_no="one"),
        before=CREATE,
        queues=True,
    ),
    Shape("create_task_ranges: new", RANGES, _own),
    Shape("create_task_ranges: duplicates", RANGES, _own, before=RANGES),
    Shape("create_tasks: first is bad", CREATE, _bad(0)),
    Shape("create_tasks: last is bad", CREATE, _bad(-1)),
    Shape("create_tasks: all are bad", CREATE, tasks(interval=-1)),
    Shape("create_tasks: unknown key in each", CREATE, tasks(other=1)),
    Shape("create_tasks: payload is not JSON", CREATE, tasks(payload="{")),
    Shape("create_tasks: escapes in each payload", CREATE, tasks(payload={"\n\u1234": "\u1234"})),
]
BULK = [
    *CREATIONS,
    *_in_a_transaction(CREATIONS),
    *_bulk("start"),
    *_in_a_transaction(_bulk("start")),
    *_bulk("receive"),
    *_in_a_transaction(_bulk("receive")),
    *_bulk("finish"),
    *_in_a_transaction(_bulk("finish")),
    *_bulk("return"),
]
"""The size is a number of elements."""

NAMES: Text = lambda size: json.dumps([f"q{n}" for n in range(size)])  # noqa: E731
CALLS = [
    Shape("scan_tasks: held names, no queue", SCAN, NAMES),
    Shape("scan_tasks: held names, so many queues", SCAN, NAMES, queues=True),
    Shape("scan_tasks: one name held", SCAN, lambda size: json.dumps(["q1"] * size), queues=True),
    Shape("next_due: held names", "CALL {p}next_due(NULL, @text, @a)", NAMES, queues=True),
    Shape("scan_tasks: a task in each queue", SCAN, lambda _: "[]", queues=True, count=1),
    Shape(
        "release_batch: all",
        "CALL {p}release_batch((SELECT MAX(batch_id) FROM {p}batch), 'curve')",
        lambda _: "[]",
        before=SCAN,
        count=1,
    ),
    Shape(
        "confirm_batch: all",
        "CALL {p}confirm_batch((SELECT MAX(batch_id) FROM {p}batch), 'curve')",
        lambda _: "[]",
        before=SCAN,
        count=1,
    ),
    Shape("redrive_tasks: all", "CALL {p}redrive_tasks(NULL, NULL, 0, 10000, @a)", lambda _: "[]",
          before=SCAN, count=1),
    Shape("expire_tasks: queues", "CALL {p}expire_tasks(10000, @a)", lambda _: "", queues=True),
    Shape("purge_tasks: all", "CALL {p}purge_tasks(10000, @a)", lambda _: "", count=1, status=0),
    Shape("list_tasks: all", "CALL {p}list_tasks(NULL, NULL, NULL, NULL, 10000)", lambda _: "",
          count=1),
]  # fmt: skip

KEYS = "create_tasks: keys"
TEXTS = [
    Shape("create_task: options of keys", create_one(options="@text"), keys),
    Shape("create_task: payload of keys", create_one(payload="@text"), keys),
    Shape("create_task: payload of keys with an escape", create_one(payload="@text"),
          lambda size: json.dumps({f"\x01{n}": "task_id" for n in range(size)})),
    Shape("create_task: payload of one key", create_one(payload="@text"),
          lambda size: "{" + ", ".join(['"a": 1'] * size) + "}"),
    Shape(f"{KEYS} in an element", CREATE, lambda size: f"[{keys(size)}]"),
    Shape(f"{KEYS} in a payload", CREATE, lambda size: json.dumps(
        [task(0, payload={f"\x01{n}": "task_id" for n in range(size)})])),
    Shape("start_tasks: keys in an element", "CALL {p}start_tasks(@text)",
          lambda size: f"[{keys(size)}]"),
    Shape("scan_tasks: keys held", SCAN, lambda size: f"[{keys(size)}]", queues=True),
]  # fmt: skip
"""The size is a number of keys."""

ARGUMENTS = {
    "name": create_one(name="@text"),
    "queue": create_one(queue="@text"),
    "payload": create_one(payload="@text"),
    "options": create_one(options="@text"),
    "tasks": CREATE,
    "start": "CALL {p}start_tasks(@text)",
    "error": "CALL {p}fail_task(1000000000, NULL, @text, NULL, @a)",
    "queue of pause": "CALL {p}pause_queue(@text, NULL)",
    "namespace of pause": "CALL {p}pause_queue('q', @text)",
    "queue of redrive": "CALL {p}redrive_tasks(@text, NULL, 0, 1, @a)",
    "namespace of redrive": "CALL {p}redrive_tasks(NULL, @text, 0, 1, @a)",
    "queue of list": "CALL {p}list_tasks(@text, NULL, NULL, NULL, 1)",
    "order_no of list": "CALL {p}list_tasks(NULL, NULL, @text, NULL, 1)",
    "namespace of list": "CALL {p}list_tasks(NULL, NULL, NULL, @text, 1)",
    "relay of scan": "CALL {p}scan_tasks(@text, 1, 1, NULL, NULL, @a, @b)",
    "namespace of scan": "CALL {p}scan_tasks('r', 1, 1, @text, NULL, @a, @b)",
    "held of scan": "CALL {p}scan_tasks('r', 1, 1, NULL, @text, @a, @b)",
    "namespace of next_due": "CALL {p}next_due(@text, NULL, @a)",
    "held of next_due": "CALL {p}next_due(NULL, @text, @a)",
    "relay of confirm": "CALL {p}confirm_batch(1, @text)",
    "relay of release": "CALL {p}release_batch(1, @text)",
}
"""Each argument that is a text."""
FILLINGS: dict[str, str] = {
    "letters": "REPEAT('x', {n})",
    "blanks": "REPEAT(' ', {n})",
    "ED": "REPEAT(CONVERT(X'ED959C' USING utf8mb4), {n} DIV 3)",
    "a string": """CONCAT('"', REPEAT('x', {n}), '"')""",
    "array of numbers": "CONCAT('[1', REPEAT(',1', {n} DIV 2), ']')",
    "array of objects": "CONCAT('[{{}}', REPEAT(',{{}}', {n} DIV 3), ']')",
    "array and blanks": "CONCAT('[', REPEAT(' ', {n}), ']')",
    "a long name": """CONCAT('[{{"name":"', REPEAT('x', {n}), '"}}]')""",
    "a long id": """CONCAT('[{{"task_id":"1.', REPEAT('0', {n}), 'x"}}]')""",
    "a long number": """CONCAT('[{{"task_id":', REPEAT('1', {n}), '}}]')""",
    "a long key": """CONCAT('{{"', REPEAT('x', {n}), '":1}}')""",
    "escapes": """CONCAT('{{"', REPEAT('\\\\u0041', {n} DIV 6), '":1}}')""",
    "backslashes": """CONCAT('{{"', REPEAT('\\\\\\\\', {n} DIV 2), '":1}}')""",
    "brackets": "REPEAT('[', {n})",
    "braces": """REPEAT('{{"a":', {n} DIV 5)""",
}
"""SQL expressions of n bytes."""
