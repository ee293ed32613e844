"""The views that a DBA reads."""

from __future__ import annotations

from testing import age, age_batches, ended, new, query, row, started

from qtask_db import Connection, calls
from qtask_db.constants import Status


def rows(conn: Connection, view: str, columns: str) -> list[tuple]:
    return query(conn, f"SELECT {columns} FROM {conn.prefix}{view} ORDER BY 1")


def test_queue_statistics(conn: Connection) -> None:
    new(conn, "A", delay=100)
    started(conn, "A")
    due = new(conn, "A")
    age(conn, 50, due)
    for status, n in ((Status.FINISHED, 1), (Status.CANCELLED, 2), (Status.FAILED, 3)):
        for _ in range(n):
            ended(conn, status, queue="A")
    new(conn, "B", namespace="n")
    calls.pause(conn, "C")
    a, c, b = calls.stats(conn)
    assert (a.namespace, a.queue, a.paused) == ("default", "A", False)
    assert (a.waiting, a.processing, a.due, a.finished, a.cancelled, a.failed) == (2, 1, 1, 1, 2, 3)
    assert 50 <= a.lag < 80
    assert (b.namespace, b.queue, b.waiting, b.due) == ("n", "B", 1, 1)
    assert (c.queue, c.paused, c.waiting, c.due, c.lag) == ("C", True, 0, 0, 0)
    assert [(s.namespace, s.queue) for s in calls.stats(conn, "n")] == [("n", "B")]
    assert calls.stats(conn, "none") == []


def test_queue_depth_says_the_same_of_what_is_active(conn: Connection) -> None:
    calls.pause(conn, "A")
    new(conn, "A")
    calls.scan(conn, "r")
    started(conn, "B")
    started(conn, "B", namespace="n")
    age(conn, 50, new(conn, "B"))
    for status in (Status.FINISHED, Status.CANCELLED, Status.FAILED):
        ended(conn, status, queue="B")
        ended(conn, status, queue="C")
    found = calls.depth(conn)
    assert [(d.namespace, d.queue, d.paused, d.waiting, d.processing, d.due) for d in found] == [
        (s.namespace, s.queue, s.paused, s.waiting, s.processing, s.due) for s in calls.stats(conn)
    ]
    assert (found[1].waiting, found[1].processing, found[1].due) == (1, 1, 1)
    assert 50 <= found[1].lag < 80
    assert [d.queue for d in calls.depth(conn, "n")] == ["B"]


def test_parked_tasks_are_not_due(conn: Connection) -> None:
    new(conn)
    calls.pause(conn, "Q")
    calls.scan(conn, "r")
    age(conn, 100)
    (found,) = calls.stats(conn)
    assert (found.waiting, found.due, found.lag) == (1, 0, 0)


def test_an_empty_schema_has_no_statistics(conn: Connection) -> None:
    assert calls.stats(conn) == []


def test_due_backlog(conn: Connection) -> None:
    new(conn, delay=100)
    ended(conn, Status.FINISHED)
    first, second = new(conn, order_no="1"), started(conn)
    age(conn, 4000, second)
    age(conn, 50, first)
    columns = "task_id, namespace, queue, name, order_no, status, overdue_seconds"
    found = rows(conn, "due_backlog", columns)
    assert [r[:6] for r in found] == [
        (first, "default", "Q", "job", "1", 20),
        (second, "default", "Q", "job", None, 30),
    ]
    assert [50 <= found[0][6] < 80, 400 <= found[1][6] < 430] == [True, True]
    calls.scan(conn, "r")
    assert rows(conn, "due_backlog", columns) == []


def test_failed_tasks(conn: Connection) -> None:
    used_up = ended(conn, Status.FAILED, order_no="1")
    late = new(conn, deadline=10)
    age(conn, 10, late)
    calls.scan(conn, "r")
    ended(conn, Status.CANCELLED)
    retried = ended(conn, Status.FAILED)
    calls.retry(conn, retried)
    found = rows(conn, "failed_tasks", "task_id, order_no, attempts, purged_at, reason, last_error")
    assert found == [
        (used_up, "1", 1, row(conn, used_up)["due_at"], "attempts used up", "broken"),
        (late, None, 0, row(conn, late)["due_at"], "deadline passed", None),
    ]


def test_unconfirmed_batches(conn: Connection) -> None:
    columns = "batch_id, relay, lapsed, tasks"
    assert rows(conn, "unconfirmed_batches", columns) == []
    for _ in range(3):
        new(conn)
    batch = calls.scan(conn, "relay 7")
    assert rows(conn, "unconfirmed_batches", columns) == [(batch.batch_id, "relay 7", 0, 3)]
    age_batches(conn, 100)
    assert rows(conn, "unconfirmed_batches", columns) == [(batch.batch_id, "relay 7", 1, 3)]
    calls.confirm(conn, batch.batch_id, "relay 7")
    assert rows(conn, "unconfirmed_batches", columns) == []


def test_task_list(conn: Connection) -> None:
    task_id = new(conn, namespace="n", order_no="1")
    columns = "task_id, namespace, queue, name, order_no, status, attempts, max_count, last_error"
    assert rows(conn, "task_list", columns) == [(task_id, "n", "Q", "job", "1", 20, 0, 100, None)]
