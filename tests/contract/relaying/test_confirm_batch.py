"""confirm_batch: the messages are in Redis."""

from __future__ import annotations

from typing import Any

import pytest
from testing import age_batches, call, count, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.errors import BatchNotFound, InvalidArgument

VERBS = ("confirm", "release")


def test_the_journal_entry_is_deleted(conn: Connection) -> None:
    task_id = new(conn)
    batch = calls.scan(conn, "r")
    before = row(conn, task_id)
    calls.confirm(conn, batch.batch_id, "r")
    assert row(conn, task_id) == before
    assert count(conn, "batch") == 0
    age_batches(conn, 100)
    assert calls.scan(conn, "r").messages == []


def test_a_late_confirmation_of_a_batch_that_nobody_claimed_again(conn: Connection) -> None:
    new(conn)
    batch = calls.scan(conn, "r", lease=1)
    age_batches(conn, 100)
    calls.confirm(conn, batch.batch_id, "r")
    assert calls.scan(conn, "r").messages == []


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("before", VERBS)
def test_a_batch_ends_once(conn: Connection, verb: str, before: str) -> None:
    new(conn)
    batch = calls.scan(conn, "r")
    getattr(calls, before)(conn, batch.batch_id, "r")
    with refused(conn, BatchNotFound, "in_relay"):
        getattr(calls, verb)(conn, batch.batch_id, "r")


@pytest.mark.parametrize("verb", VERBS)
def test_another_relays_batch_is_refused(conn: Connection, verb: str) -> None:
    new(conn)
    batch = calls.scan(conn, "r")
    for other in ("R", "other", "", "r\x00"):
        with refused(conn, BatchNotFound):
            getattr(calls, verb)(conn, batch.batch_id, other)
    getattr(calls, verb)(conn, batch.batch_id, "r")


@pytest.mark.parametrize("verb", VERBS)
def test_a_batch_that_lapsed_and_was_claimed_again_is_refused(conn: Connection, verb: str) -> None:
    new(conn)
    first = calls.scan(conn, "slow")
    age_batches(conn, 100)
    second = calls.scan(conn, "r")
    assert len(second.messages) == 1
    with refused(conn, BatchNotFound):
        getattr(calls, verb)(conn, first.batch_id, "slow")
    getattr(calls, verb)(conn, second.batch_id, "r")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("batch_id", [0, 1, -1, 2**63 - 1])
def test_no_such_batch(conn: Connection, verb: str, batch_id: int) -> None:
    started(conn)
    new(conn)
    calls.scan(conn, "r")
    with refused(conn, BatchNotFound):
        getattr(calls, verb)(conn, batch_id, "r")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("batch_id", "relay", "argument"),
    [
        (None, "r", "in_batch_id"),
        (1, None, "in_relay"),
        ("x", "r", "in_batch_id"),
        (2**70, "r", "in_batch_id"),
    ],
)
def test_bad_input_is_refused(
    conn: Connection, verb: str, batch_id: Any, relay: Any, argument: str
) -> None:
    with refused(conn, InvalidArgument, argument):
        getattr(calls, verb)(conn, batch_id, relay)


def test_in_plain_sql(conn: Connection) -> None:
    new(conn)
    (batch_id, _), _ = call(conn, "scan_tasks", "r", 10, 30, None, None)
    assert call(conn, "confirm_batch", batch_id, "r") == []
    assert count(conn, "batch") == 0
