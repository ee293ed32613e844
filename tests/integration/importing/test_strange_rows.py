"""Rows of the Go library that are strange: none hinders the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from go_library import GoTables
from old_rows import outcomes
from testing import row

from qtask_db import Connection, Status
from qtask_db.constants import LIMIT
from qtask_db.importing.run import Pass

Run = Callable[..., Pass]


HOSTILE: dict[str, dict[str, Any]] = {
    "no JSON": {"msg_content": "no JSON"},
    "cut off": {"msg_content": '{"task_id": 17, "text": "' + "x" * 200},
    "an array": {"msg_content": "[1]"},
    "a text": {"msg_content": '"text"'},
    "blank": {"msg_content": " "},
    "not a number": {"msg_content": '{"n": NaN}'},
    "nested": {"msg_content": "[" * 128 + "]" * 128},
    "nested objects": {"msg_content": '{"task_id":1,"a":' + "[" * 110 + "]" * 110 + "}"},
    "a key of messages": {"msg_content": '{"task_attempt": 1}'},
    "a blank name": {"name": " "},
    "a queue with a blank": {"queue_name": "Q "},
    "an order number with a blank": {"order_no": " 1"},
    "an unknown status": {"status": 17},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_cannot_be_imported_is_reported(
    conn: Connection, go: GoTables, run: Run, what: str
) -> None:
    hostile, sound = go.add(**HOSTILE[what]), go.add()
    # A status that the library does not know is no active one.
    done = run(history=what == "an unknown status")
    assert outcomes(done) == {"refused": 1, "imported": 1}
    ((task_id, reason),) = done.refused
    assert task_id == hostile
    assert reason
    assert row(conn, sound)["status"] == Status.WAITING


STRANGE = (
    '{"task_id": 5, "price": 0.10, "big": 123456789012345678901234567890, "e": 1.0E+2}',
    ' { "a" : {"task_id" : 9 , "b" : [ 1 , "}" ] } , "task_id" : "5" , "c" : "it\'s \\" \\\\" } ',
    '{"task_id": 1}',
    '{"x": "\u4e2d\u6587 \\u4e2d", "task_id": 1, "task_id": 2}',
    "{}",
)


@pytest.mark.parametrize("content", STRANGE)
def test_a_payload_keeps_each_digit(conn: Connection, go: GoTables, run: Run, content: str) -> None:
    task_id = go.add(msg_content=content)
    assert outcomes(run()) == {"imported": 1}
    wanted = json.loads(content, parse_float=str, parse_int=str)
    wanted.pop("task_id", None)
    assert json.loads(row(conn, task_id)["payload"], parse_float=str, parse_int=str) == wanted


def test_values_beyond_what_a_task_can_have(conn: Connection, go: GoTables, run: Run) -> None:
    task_id = go.add(
        next_interval=0, count=-1, max_count=LIMIT["max_count"] + 1, next_execute_time=10**9
    )
    assert outcomes(run()) == {"imported": 1}
    found = row(conn, task_id)
    assert (found["interval_seconds"], found["attempts"]) == (1, 0)
    assert found["due_at"] == found["deadline_at"]
