"""The life of tasks with names and payloads full of quotes, in whatever session."""

from __future__ import annotations

from typing import Any

import pytest
from testing import count, row

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import Status
from qtask_db.errors import BatchNotFound, StaleAttempt, TaskNotActive, TaskNotFound

NAME = 'it\'s "ünüsual" \\ %s -- \N{GRINNING FACE}'
JOB = (NAME, {"a": NAME}, 3600, "Q'\\\"")


def live(conn: Any, watcher: Connection) -> None:
    """A task's whole life through one connection, and what it must leave behind."""
    task = calls.create(conn, *JOB, order_no=NAME, namespace=NAME, deadline=5000)
    again = calls.create(conn, *JOB, order_no=NAME, namespace=NAME)
    delayed = calls.delay(conn, NAME, {}, 100, 60, "Q2", max_count=1)
    many = calls.create_many(
        conn, [NewTask("job", {"n": n}, 60, "Q2", delay=0, order_no=f"{n % 4}") for n in range(5)]
    )
    assert (task.created, again.created, again.task_id) == (True, False, task.task_id)
    assert [t.created for t in many] == [True, True, True, True, False]
    assert many[4].task_id == many[0].task_id
    assert calls.processing(conn, task.task_id, 1) == 1
    assert len(calls.processing_many(conn, [(t.task_id, 1) for t in many[:3]])) == 3
    with pytest.raises(StaleAttempt):
        calls.processing(conn, task.task_id, 1)
    calls.extend(conn, task.task_id, 1)
    calls.extend(conn, task.task_id, 1)
    assert calls.fail(conn, task.task_id, 1, NAME, 0) is Status.WAITING
    assert calls.processing(conn, task.task_id, 2) == 2
    calls.finish(conn, task.task_id, 2)
    calls.finish(conn, task.task_id, 2)
    assert calls.finish_many(conn, [(t.task_id, 1) for t in many[:2]]) == []
    calls.processing(conn, delayed.task_id)
    assert calls.fail(conn, delayed.task_id, 1, "broken") is Status.FAILED
    calls.retry(conn, delayed.task_id, 50)
    calls.cancel(conn, delayed.task_id)
    with pytest.raises(TaskNotActive):
        calls.cancel(conn, delayed.task_id)
    with pytest.raises(TaskNotFound):
        calls.finish(conn, -1)
    assert len(calls.list_tasks(conn, order_no=NAME)) == 1
    assert {s.queue for s in calls.stats(conn)} == {JOB[3], "Q2"}
    told = calls.explain(conn, task.task_id).text
    assert NAME in told

    # These want no open transaction.
    conn.commit()
    calls.set_delivery(conn, NAME, "direct")
    taken = calls.create_many(conn, [NewTask("job", {"n": n}, 60, NAME) for n in range(3)])
    conn.commit()
    found = calls.take(conn, NAME, ["none", NAME], 2, 1)
    assert [one.task_id for one in found.started] == [one.task_id for one in taken[:2]]
    found = calls.take(conn, NAME, [NAME, NAME], 10, 1)
    assert [(one.task_id, one.queue) for one in found.started] == [(taken[2].task_id, NAME)]
    assert calls.take(conn, NAME, [NAME, NAME], 10, 0.01).started == []
    assert calls.finish_many(conn, [(one.task_id, 1) for one in taken]) == []
    conn.commit()
    batch = calls.scan(conn, "r")
    assert [m.task_id for m in batch.messages] == [many[3].task_id]
    calls.release(conn, batch.batch_id, "r")
    batch = calls.scan(conn, "r")
    calls.confirm(conn, batch.batch_id, "r")
    with pytest.raises(BatchNotFound):
        calls.confirm(conn, batch.batch_id, "r")
    assert calls.purge(conn) == 6
    assert 0 < calls.next_due(conn) <= 60
    conn.commit()

    assert [row(watcher, t.task_id)["status"] for t in (many[2], many[3], delayed)] == [30, 20, 80]
    assert count(watcher) == 3
