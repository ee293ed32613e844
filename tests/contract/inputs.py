"""Calls and refusals that the verbs that create tasks have in common."""

from __future__ import annotations

from typing import Any

from testing import call

from qtask_db import Connection, NewTask, Task, calls
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import InvalidArgument, InvalidPayload, PayloadTooLarge, ReservedKey

WAYS = ("create", "delay", "create_many", "create_task_quiet", "delay_task_quiet")
SECONDS = LIMIT["seconds"]
SMILE = "\N{GRINNING FACE}"  # 4 bytes in UTF-8


def _quiet(conn: Connection) -> Connection:
    """The same connection, but it calls the verb without a result set in place of the usual one."""

    class Quiet(type(conn)):  # type: ignore[misc]
        def call(self, verb: str, *arguments: Any, **others: Any) -> Any:
            return call(conn, f"{verb}_quiet", *arguments, options=others["options"]), []

    return Quiet(conn.raw, conn.dialect, conn.prefix)


def make(conn: Connection, way: str, **changes: Any) -> Task:
    """Creates one task in the given way."""
    given = {"name": "job", "payload": {}, "interval": 60, "queue": "Q", **changes}
    if way == "create_many":
        return calls.create_many(conn, [NewTask(**given)])[0]
    if way.endswith("_quiet"):
        conn, way = _quiet(conn), way.partition("_")[0]
    if way == "delay":
        given.setdefault("delay", 0)
    return getattr(calls, way)(conn, **given)


def _names(argument: str, longest: int) -> list[tuple[str, Any, type, str]]:
    allowed = f"1 to {longest}"
    bad = ["", " ", " x", "x ", "x" * (longest + 1), SMILE * (longest + 1)]
    return [(argument, value, InvalidArgument, allowed) for value in bad]


def _numbers(argument: str, low: int, high: int) -> list[tuple[str, Any, type, str]]:
    bad = [low - 1, -(2**70), high + 1, 2**63, 2**70, "many", "", "1;"]
    # A value that does not fit the parameter's type is refused in the server's own words.
    return [
        (argument, value, InvalidArgument, f"{low} to {high}" if value in bad[::2][:2] else "")
        for value in bad
    ]


# Argument, value, error, what its text says is allowed.
REFUSED: list[tuple[str, Any, type, str]] = [
    *_names("name", LIMIT["name"]),
    ("name", None, InvalidArgument, "1 to 128"),
    *_names("queue", LIMIT["queue"]),
    ("queue", None, InvalidArgument, "1 to 128"),
    *_names("namespace", LIMIT["namespace"]),
    *_names("order_no", LIMIT["order_no"]),
    *_names("on_failure", LIMIT["queue"]),
    *(
        (name, value, InvalidArgument, "")
        for name in ("namespace", "order_no", "on_failure")
        for value in (5, [], {}, True)
    ),
    *_numbers("interval", 1, SECONDS),
    ("interval", None, InvalidArgument, f"1 to {SECONDS}"),
    *_numbers("deadline", 1, SECONDS),
    *_numbers("delete_deadline", 0, SECONDS),
    *_numbers("max_count", 1, LIMIT["max_count"]),
    *(
        (name, value, InvalidArgument, "")
        for name in ("deadline", "max_count")
        for value in (1.5, [], {}, True)
    ),
    *(
        ("payload", text, InvalidPayload, "JSON object")
        for text in (
            "",
            " ",
            "{",
            "[]",
            "[{}]",
            "null",
            "true",
            "1",
            '"x"',
            '"{}"',
            "{} x",
            "{}{}",
            "{a: 1}",
            "{'a': 1}",
            '{"a": 1,}',
            '{"a"}',
            '{"a" 1}',
            '{"a": }',
            '{"a": tru}',
            '{"a": NaN}',
            '{"a": 01}',
            '{"a": "b}',
            '{"a": "line\nfeed"}',
            '{"a": "\x00"}',
            "{}\x00",
            "\ufeff{}",
            "\xa0{}",
            '{"a": [1 2]}',
            '{"a": "\\ud800"}',
        )
    ),
    ("payload", '{"a": ' * 200 + "1" + "}" * 200, InvalidPayload, "payload"),
    ("payload", '{"a": ' + "[" * 5000 + "]" * 5000 + "}", InvalidPayload, "payload"),
    *(
        ("payload", value, InvalidPayload, "payload")
        for value in (None, [], 5, {"a": object()}, {"a": float("nan")}, b"{}")
    ),
    *(
        ("payload", text, ReservedKey, "task_id and task_attempt")
        for text in (
            '{"task_id": 1}',
            '{"a": 1, "task_attempt": null}',
            '{"task_id": 1, "task_attempt": 1}',
            '{"a": 1, "task\\u005fid": 2}',
            '{"\\u0074ask_attempt": 2}',
        )
    ),
    (
        "payload",
        {"a": "x" * DEFAULT["payload_limit"]},
        PayloadTooLarge,
        f"{DEFAULT['payload_limit']} bytes",
    ),
    # Not more characters than the limit has bytes, but more bytes.
    ("payload", {"a": SMILE * (DEFAULT["payload_limit"] // 2)}, PayloadTooLarge, "bytes"),
]

HOSTILE = [
    "quote ' double \" back ` slash \\ end\\",
    "'; DROP TABLE qtask_task; --",
    "/* comment */ -- # x",
    "100 % %s %(name)s %d %%",
    "\x00 nul \x1a",
    "line\nfeed\ttab\rreturn",
    "{{ p }} {% raise %} ${x} $.task_id $[0]",
    "\\u0041 \\n \\' %5C",
    "null",
    "\u202e\u0301\ufffd\uffff\u2028",
    SMILE + "\N{WAVING WHITE FLAG}\N{VARIATION SELECTOR-16}",
]
