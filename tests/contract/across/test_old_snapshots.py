"""Transactions that read before others committed: each verb sees what is so, or tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testing import content, count, despite_snapshot, new, row, started

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import Status
from qtask_db.errors import StaleAttempt, WrongQueue

Connect = Callable[..., Connection]
JOB = ("job", {}, 3600, "Q")


class TestOldSnapshot:
    """A transaction that began before others committed still does what is right now."""

    @pytest.fixture
    def old(self, connect: Connect) -> Connection:
        own = connect(autocommit=False)
        content(own)
        return own

    @pytest.mark.parametrize("many", [False, True])
    def test_a_queue_that_was_registered_since(
        self, conn: Connection, old: Connection, many: bool
    ) -> None:
        new(conn)
        tasks = [NewTask(*JOB), NewTask("job", {}, 60, "OTHER"), NewTask(*JOB, order_no="1")]
        if many:
            made = despite_snapshot(old, lambda: calls.create_many(old, tasks))
        else:
            made = [calls.create(old, *JOB), calls.create(old, *JOB, order_no="1")]
        old.commit()
        assert all(t.created for t in made)
        assert count(conn, "queue") == (2 if many else 1)
        assert len({row(conn, t.task_id)["queue_id"] for t in made}) == (2 if many else 1)

    @pytest.mark.parametrize("many", [False, True])
    def test_a_duplicate_that_was_created_since(
        self, conn: Connection, old: Connection, many: bool
    ) -> None:
        first = new(conn, order_no="1")
        if many:
            tasks = [NewTask(*JOB, order_no="1"), NewTask(*JOB)]
            found, other = despite_snapshot(old, lambda: calls.create_many(old, tasks))
            assert other.created
        else:
            found = calls.create(old, *JOB, order_no="1")
        old.commit()
        assert (found.task_id, found.created, found.pushable) == (first, False, False)

    @pytest.mark.parametrize("many", [False, True])
    def test_a_duplicate_that_ended_since(
        self, conn: Connection, connect: Connect, many: bool
    ) -> None:
        first = started(conn, order_no="1")
        own = connect(autocommit=False)
        content(own)
        calls.finish(conn, first, 1)
        if many:
            (found,) = calls.create_many(own, [NewTask(*JOB, order_no="1")])
        else:
            found = calls.create(own, *JOB, order_no="1")
        own.commit()
        assert found.created
        assert row(conn, found.task_id)["status"] == Status.WAITING

    def test_a_task_that_was_created_since(self, conn: Connection, old: Connection) -> None:
        task_id = new(conn)
        assert despite_snapshot(old, lambda: calls.processing(old, task_id, 1)) == 1
        calls.finish(old, task_id, 1)
        old.commit()
        assert row(conn, task_id)["status"] == Status.FINISHED

    def test_a_message_that_came_since(self, conn: Connection, connect: Connect) -> None:
        for queue in ("Q", "MAIL", "PAY"):
            new(conn, queue)
        old = connect(autocommit=False)
        content(old)
        tasks = [new(conn, queue) for queue in ("Q", "MAIL", "PAY")]
        given = [(t, 1, queue) for t, queue in zip(tasks, ("Q", "MAIL", "MAIL"), strict=True)]
        one = despite_snapshot(old, lambda: calls.receive(old, *given[0]))
        assert (one.attempt, one.payload) == (1, "{}")
        with pytest.raises(WrongQueue):
            calls.receive(old, *given[2])
        many = calls.receive_many(old, given)
        assert [(m.task_id, m.queue) for m in many.started] == [(tasks[1], "MAIL")]
        old.commit()
        assert [row(conn, t)["attempts"] for t in tasks] == [1, 1, 0]

    def test_a_task_that_was_started_since(self, conn: Connection, connect: Connect) -> None:
        task_id = new(conn)
        own = connect(autocommit=False)
        content(own)
        calls.processing(conn, task_id, 1)
        again = despite_snapshot(own, lambda: calls.processing_many(own, [(task_id, 1)]))
        assert again == []
        with pytest.raises(StaleAttempt):
            calls.processing(own, task_id, 1)
        own.rollback()
