"""next_due: how long a relay may sleep."""

from __future__ import annotations

import pytest
from testing import age, age_batches, call, ended, new, refused, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import InvalidArgument


def test_no_task_is_active(conn: Connection) -> None:
    assert calls.next_due(conn) is None
    for status in (Status.FINISHED, Status.CANCELLED, Status.FAILED):
        ended(conn, status)
    assert calls.next_due(conn) is None


def test_one_is_due(conn: Connection) -> None:
    new(conn, delay=100)
    new(conn, "Q2")
    assert calls.next_due(conn) == 0


@pytest.mark.parametrize("make", [lambda c: new(c, delay=100), lambda c: started(c, interval=100)])
def test_one_will_be_due(conn: Connection, make: type) -> None:
    new(conn, delay=500)
    make(conn)
    assert 70 < calls.next_due(conn) <= 100
    age(conn, 100)
    assert calls.next_due(conn) == 0


def test_of_one_namespace(conn: Connection) -> None:
    new(conn, namespace="a")
    new(conn, delay=100, namespace="b")
    assert calls.next_due(conn, "a") == 0
    assert 70 < calls.next_due(conn, "b") <= 100
    assert calls.next_due(conn, "c") is None


def test_a_batch_that_will_lapse_is_everybodys_business(conn: Connection) -> None:
    new(conn, namespace="a")
    calls.scan(conn, "r", lease=50)
    assert 20 < calls.next_due(conn, "namespace without a queue") <= 50


def test_a_lapsing_batch_counts(conn: Connection) -> None:
    new(conn)
    calls.scan(conn, "r", lease=60)
    assert 30 < calls.next_due(conn) <= 60
    age_batches(conn, 60)
    assert calls.next_due(conn) == 0


def test_a_closed_queue_counts_by_its_deadlines(conn: Connection) -> None:
    new(conn, deadline=100)
    calls.scan(conn, "r", held=["Q"])
    assert 70 < calls.next_due(conn, held=["Q"]) <= 100
    assert calls.next_due(conn) == 0
    calls.pause(conn, "Q")
    assert 70 < calls.next_due(conn) <= 100


def test_a_paused_queue_whose_tasks_are_not_parked_yet_wants_a_scan(conn: Connection) -> None:
    new(conn)
    calls.pause(conn, "Q")
    assert calls.next_due(conn) == 0
    calls.scan(conn, "r")
    assert calls.next_due(conn) > 60


@pytest.mark.parametrize("held", ["", "{}", "1", "null", "x", '"Q"', "["])
def test_held_that_is_no_array_is_refused(conn: Connection, held: str) -> None:
    with refused(conn, InvalidArgument, "in_held", "JSON array of queue names"):
        call(conn, "next_due", None, held)


def test_in_plain_sql(conn: Connection) -> None:
    assert call(conn, "next_due", None, None) == (None,)
    new(conn, delay=100)
    (wait_ms,) = call(conn, "next_due", None, "[]")
    assert 70_000 < wait_ms <= 100_000
    new(conn)
    assert call(conn, "next_due", "default", '["x"]') == (0,)
