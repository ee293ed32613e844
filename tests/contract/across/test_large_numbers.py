"""Numbers as large as they may be: ids, attempts, what is in a payload."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testing import count, count_ids_anew, empty, execute, new, row

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.models import Message
from qtask_db.transport.message import decode, encode

FIRST_INEXACT = 2**53 + 1
"""The first integer that a JSON number of JavaScript, a double, does not hold."""


@pytest.fixture
def renumbered(conn: Connection) -> Iterator[Callable[[int, int], int]]:
    """Gives a task another id."""

    def renumber(task_id: int, number: int) -> int:
        execute(conn, f"UPDATE {conn.prefix}task SET task_id = {number} WHERE task_id = {task_id}")
        return number

    yield renumber
    empty(conn)
    count_ids_anew(conn)


@pytest.mark.parametrize("number", [FIRST_INEXACT, 10**18 - 1])
def test_a_large_id_keeps_every_digit(
    conn: Connection, renumbered: Callable[[int, int], int], number: int
) -> None:
    first, second = new(conn, order_no="1"), new(conn)
    renumbered(first, number)
    neighbour = renumbered(second, number - 1)
    assert calls.delay(conn, "job", {}, 0, 60, "Q", order_no="1").task_id == number
    many = calls.create_many(conn, [NewTask("job", {}, 60, "Q", 0, order_no="1")])
    assert [(task.task_id, task.created) for task in many] == [(number, False)]
    batch = calls.scan(conn, "r")
    assert {m.task_id for m in batch.messages} == {number, neighbour}
    for message in batch.messages:
        text = encode(message)
        assert json.loads(text)["task_id"] == message.task_id
        assert decode(text).task_id == message.task_id
    calls.release(conn, batch.batch_id, "r")
    assert len(calls.scan(conn, "r").messages) == 2, "the journal names them, too"
    assert calls.processing(conn, number, 1) == 1
    assert row(conn, neighbour)["attempts"] == 0
    calls.extend(conn, number, 1)
    assert calls.fail(conn, number, 1) is Status.WAITING
    (only,) = calls.processing_many(conn, [(number, 2)])
    assert (only.task_id, only.attempt) == (number, 2)
    (refused,) = calls.finish_many(conn, [(number, 2), (neighbour, 1)])
    assert refused.task_id == neighbour
    assert calls.explain(conn, number).status is Status.FINISHED
    assert {info.task_id for info in calls.list_tasks(conn)} == {number, neighbour}
    calls.cancel(conn, neighbour)
    calls.retry(conn, neighbour)
    assert calls.purge(conn) == 1
    assert count(conn) == 1


def test_a_billion_attempts(conn: Connection) -> None:
    """A life has at most a million of them, so this is after a thousand lives."""
    last = 10**9 - 1
    task_id = new(conn, max_count=LIMIT["max_count"])
    execute(
        conn,
        f"UPDATE {conn.prefix}task SET attempts = {last - 1}, attempts_before = {last - 10}",
    )
    (message,) = calls.scan(conn, "r").messages
    assert message.attempt == last
    assert decode(encode(message)).attempt == last
    assert calls.processing(conn, task_id, last) == last
    assert calls.finish_many(conn, [(task_id, last)]) == []


def test_the_most_attempts_of_a_life(conn: Connection) -> None:
    most = LIMIT["max_count"]
    task_id = new(conn, max_count=most)
    execute(conn, f"UPDATE {conn.prefix}task SET attempts = {most - 1}")
    assert calls.processing(conn, task_id, most) == most
    assert calls.fail(conn, task_id, most) is Status.FAILED


@pytest.mark.parametrize("payload", ['{"n": 9007199254740993}', '{"n": 18446744073709551617}'])
def test_a_large_number_in_a_payload_keeps_every_digit(conn: Connection, payload: str) -> None:
    calls.delay(conn, "job", payload, 0, 60, "Q")
    calls.create_many(conn, [NewTask("job", payload, 60, "Q", 0)])
    found: list[Any] = [decode(encode(m)).payload for m in calls.scan(conn, "r").messages]
    assert found == [json.loads(payload)] * 2


def test_a_message_of_the_largest_id() -> None:
    text = encode(Message(10**18 - 1, 2**31 - 1, "Q", "{}"))
    found = decode(text)
    assert (found.task_id, found.attempt) == (10**18 - 1, 2**31 - 1)
