"""Bytes that are no text: refused by the server or by the procedure, never stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testing import content, started

from qtask_db import Connection
from qtask_db.errors import InvalidArgument, InvalidPayload

# MariaDB takes half of a surrogate pair for a character.
BROKEN = [
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"x\xed\xbf\xbfx",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
]
HANGUL = "\ud7a3 \ud3ed"  # begin with ED in UTF-8, too
JOB = ("job", "{}", 60, "Q")


def element(**changes: Any) -> str:
    return json.dumps([{"name": "job", "payload": {}, "interval": 60, "queue": "Q", **changes}])


PLACES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "name": ("create_task", ("?", "{}", 60, "Q", None)),
    "queue": ("create_task", ("job", "{}", 60, "?", None)),
    "payload": ("create_task", ("job", '{"a": "?"}', 60, "Q", None)),
    "order_no": ("create_task", (*JOB, '{"order_no": "?"}')),
    "namespace": ("create_task", (*JOB, '{"namespace": "?"}')),
    "name of a delayed one": ("delay_task", ("?", "{}", 0, 60, "Q", None)),
    "name of many": ("create_tasks", (element(name="?"),)),
    "queue of many": ("create_tasks", (element(queue="?"),)),
    "payload of many": ("create_tasks", (element(payload={"a": "?"}),)),
    "payload as a text": ("create_tasks", (element(payload='{"a": "?"}'),)),
    "order_no of many": ("create_tasks", (element(order_no="?"),)),
    "queue to pause": ("pause_queue", ("?", None)),
    "namespace to resume": ("resume_queue", ("Q", "?")),
    "error": ("fail_task", ("task", 1, "?", 0)),
    "relay": ("scan_tasks", ("?", 1, 30, None, None)),
}  # fmt: skip


def send(conn: Connection, place: str, text: bytes, task_id: int) -> None:
    verb, arguments = PLACES[place]
    given = [task_id if a == "task" else a for a in arguments]
    sent = [a.encode().replace(b"?", text) if isinstance(a, str) else a for a in given]
    conn.call(verb, *sent)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", BROKEN)
def test_it_is_refused(conn: Connection, place: str, text: bytes) -> None:
    task_id = started(conn, "OTHER")
    before = content(conn)
    with pytest.raises((InvalidArgument, InvalidPayload)):
        send(conn, place, text, task_id)
    assert content(conn) == before


@pytest.mark.parametrize("place", PLACES)
def test_what_looks_like_it_is_a_text(conn: Connection, place: str) -> None:
    send(conn, place, HANGUL.encode(), started(conn, "OTHER"))
    if place != "relay":
        assert HANGUL in str(content(conn))
