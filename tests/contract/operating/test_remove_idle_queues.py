"""remove_idle_queues: what nobody uses goes, in steps."""

from __future__ import annotations

from typing import Any

import pytest
from testing import call, ended, kept_queues, new, refused, rest_queues

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument, TransactionOpen

DAY = DEFAULT["queue_rest"]


def test_what_has_no_active_task_goes(conn: Connection) -> None:
    new(conn, "ACTIVE")
    ended(conn, Status.CANCELLED, queue="ENDED")
    calls.pause(conn, "PAUSED")
    calls.resume(conn, "UNUSED")
    assert calls.remove_idle_queues(conn, DAY) == (2, 0)
    assert calls.remove_idle_queues(conn, DAY) == (0, 0)
    rest_queues(conn, DAY)
    assert calls.remove_idle_queues(conn, 2 * DAY) == (0, 0)
    assert calls.remove_idle_queues(conn, DAY) == (0, 1)
    assert kept_queues(conn) == [("ACTIVE", True), ("ENDED", False), ("PAUSED", True)]


def test_a_use_begins_the_time_anew(conn: Connection) -> None:
    calls.resume(conn, "Q")
    calls.remove_idle_queues(conn, DAY)
    rest_queues(conn, DAY)
    calls.resume(conn, "Q")
    assert calls.remove_idle_queues(conn, DAY) == (1, 0)
    rest_queues(conn, DAY - 60)
    assert calls.remove_idle_queues(conn, DAY) == (0, 0)


def test_in_steps(conn: Connection) -> None:
    for n in range(5):
        calls.resume(conn, f"Q{n}")
    assert [calls.remove_idle_queues(conn, DAY, 2) for _ in range(4)] == [
        (2, 0),
        (2, 0),
        (1, 0),
        (0, 0),
    ]
    rest_queues(conn, DAY)
    assert [calls.remove_idle_queues(conn, DAY, 2)[1] for _ in range(4)] == [2, 2, 1, 0]
    assert kept_queues(conn) == []


def test_what_was_retried_since_is_registered_again(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED)
    calls.remove_queue(conn, "Q")
    rest_queues(conn, DAY)
    calls.retry(conn, task_id)
    assert calls.remove_idle_queues(conn, DAY) == (0, 0)
    assert kept_queues(conn) == [("Q", True)]


def test_it_commits_by_itself(conn: Connection, connect: Any) -> None:
    own = connect(autocommit=False)
    new(own)
    with pytest.raises(TransactionOpen):
        calls.remove_idle_queues(own, DAY)
    own.rollback()
    calls.resume(conn, "Q")
    calls.remove_idle_queues(own, DAY)
    own.rollback()
    assert kept_queues(conn) == [("Q", False)]


@pytest.mark.parametrize("idle", [None, -1, 0, DAY - 1, LIMIT["seconds"] + 1])
def test_a_bad_time_is_refused(conn: Connection, idle: Any) -> None:
    with refused(conn, InvalidArgument, "in_idle", f"{DAY} to"):
        call(conn, "remove_idle_queues", idle, 1)


@pytest.mark.parametrize("limit", [None, -1, 0, LIMIT["rows"] + 1])
def test_a_bad_limit_is_refused(conn: Connection, limit: Any) -> None:
    with refused(conn, InvalidArgument, "in_limit", f"1 to {LIMIT['rows']}"):
        call(conn, "remove_idle_queues", DAY, limit)


def test_in_plain_sql(conn: Connection) -> None:
    calls.resume(conn, "Q")
    assert call(conn, "remove_idle_queues", DAY, 10) == (1, 0)
