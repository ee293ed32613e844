"""list_tasks: tasks for people to look at."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from inputs import HOSTILE, SMILE
from testing import call, ended, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument


def ids(conn: Connection, **filters: Any) -> list[int]:
    return [info.task_id for info in calls.list_tasks(conn, **filters)]


def test_newest_first_at_most_the_limit(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(5)]
    assert ids(conn) == tasks[::-1]
    assert ids(conn, limit=2) == tasks[:2:-1]
    assert ids(conn, limit=LIMIT["rows"]) == tasks[::-1]


def test_nothing_is_there(conn: Connection) -> None:
    assert ids(conn) == ids(conn, order_no="1") == []


def test_each_filter_and_all_of_them(conn: Connection) -> None:
    plain = new(conn)
    queue = new(conn, "q")
    order = new(conn, order_no="1")
    space = new(conn, namespace="n")
    running = started(conn)
    every = started(conn, "q", order_no="1", namespace="n")
    assert ids(conn, queue="q") == [every, queue]
    assert ids(conn, order_no="1") == [every, order]
    assert ids(conn, namespace="n") == [every, space]
    assert ids(conn, status=Status.PROCESSING) == [every, running]
    assert ids(conn, status=Status.WAITING, namespace="default") == [order, queue, plain]
    everything = {"queue": "q", "order_no": "1", "namespace": "n", "status": Status.PROCESSING}
    assert ids(conn, **everything) == [every]
    for filter_, other in {
        "queue": "Q",
        "order_no": "2",
        "namespace": "N",
        "status": Status.FAILED,
    }.items():
        assert ids(conn, **{**everything, filter_: other}) == []


@pytest.mark.parametrize("status", list(Status))
def test_each_status(conn: Connection, status: Status) -> None:
    tasks = {
        Status.WAITING: new(conn),
        Status.PROCESSING: started(conn),
        **{s: ended(conn, s) for s in (Status.FINISHED, Status.CANCELLED, Status.FAILED)},
    }
    assert ids(conn, status=status) == [tasks[status]]
    assert calls.list_tasks(conn, status=status)[0].status is status


def test_an_order_number_has_a_history(conn: Connection) -> None:
    tasks = [
        ended(conn, s, order_no="1") for s in (Status.FAILED, Status.CANCELLED, Status.FINISHED)
    ]
    tasks.append(new(conn, order_no="1"))
    assert ids(conn, order_no="1") == tasks[::-1]
    assert ids(conn, order_no="1", limit=1) == tasks[:-2:-1]


def test_what_is_told_of_a_task(conn: Connection) -> None:
    task_id = started(conn, "q", name="bind", order_no="1", namespace="n", max_count=7)
    calls.fail(conn, task_id, 1, "broken")
    (info,) = calls.list_tasks(conn)
    found = row(conn, task_id)
    assert (info.task_id, info.namespace, info.queue, info.name) == (task_id, "n", "q", "bind")
    assert (info.order_no, info.status, info.attempts, info.max_count) == (
        "1",
        Status.WAITING,
        1,
        7,
    )
    for time in ("created_at", "started_at", "ended_at", "due_at", "deadline_at"):
        told = getattr(info, time)
        assert told is None or told.tzinfo is datetime.timezone.utc
        assert (told and told.replace(tzinfo=None)) == found[time]
    assert info.last_error == "broken"


@pytest.mark.parametrize(
    "text", [*HOSTILE, "", " ", "x" * 5000, SMILE], ids=lambda t: ascii(t)[:20]
)
def test_any_text_may_be_looked_for(conn: Connection, text: str) -> None:
    new(conn)
    assert ids(conn, queue=text) == ids(conn, order_no=text) == ids(conn, namespace=text) == []


@pytest.mark.parametrize("limit", [None, 0, -1, LIMIT["rows"] + 1, 2**63, "many", ""])
def test_a_bad_limit_is_refused(conn: Connection, limit: Any) -> None:
    allowed = f"1 to {LIMIT['rows']}" if limit in (None, 0, -1, LIMIT["rows"] + 1) else ""
    with refused(conn, InvalidArgument, "in_limit", allowed):
        calls.list_tasks(conn, limit=limit)


@pytest.mark.parametrize("status", [1, -1, 21, 2**31, 2**63, "waiting"])
def test_a_bad_status_is_refused(conn: Connection, status: Any) -> None:
    with refused(conn, InvalidArgument, "in_status"):
        call(conn, "list_tasks", None, status, None, None, 10)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn, order_no="1")
    (found,) = call(conn, "list_tasks", "Q", 20, "1", "default", 10)
    assert found[:8] == (task_id, "default", "Q", "job", "1", 20, 0, 100)
