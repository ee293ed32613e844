"""finish_task_once: the transaction that holds the work is told if it was committed before."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from testing import age, call, count, ended, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import (
    AlreadyFinished,
    Conflict,
    InvalidArgument,
    QtaskError,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
    TaskNotProcessing,
)

Connect = Callable[..., Connection]


@pytest.mark.parametrize("delete_deadline", [0, 86400])
def test_a_task_is_finished(conn: Connection, delete_deadline: int) -> None:
    task_id = started(conn, delete_deadline=delete_deadline)
    calls.finish_once(conn, task_id, 1)
    found = row(conn, task_id)
    assert (found["status"], found["attempts"], found["lane"]) == (Status.FINISHED, 1, 0)
    assert lasting(found, "ended_at", "due_at") == delete_deadline
    age(conn, 10_000_000)
    assert calls.scan(conn, "r").messages == []


@pytest.mark.parametrize("before", [calls.finish, calls.finish_once])
def test_the_same_attempt_is_told_that_it_has_finished(
    conn: Connection, before: Callable[..., None]
) -> None:
    task_id = started(conn)
    before(conn, task_id, 1)
    with refused(conn, AlreadyFinished, "roll back"):
        calls.finish_once(conn, task_id, 1)
    calls.finish(conn, task_id, 1)


def test_it_is_told_in_a_transaction_that_began_before(conn: Connection, connect: Connect) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    calls.list_tasks(own)
    calls.finish(conn, task_id, 1)
    with pytest.raises(QtaskError) as caught:  # a conflict if a server looks at the snapshot
        calls.finish_once(own, task_id, 1)
    own.rollback()
    if not isinstance(caught.value, AlreadyFinished):
        with pytest.raises(AlreadyFinished):
            calls.finish_once(own, task_id, 1)
        own.rollback()


class TestTheAnswerToTheCommitIsLost:
    """The whole transaction is repeated: its work is done once."""

    def work(self, conn: Connection, task_id: int) -> None:
        """The work is a task of its own: it is in the same database."""
        new(conn, "WORK")
        calls.finish_once(conn, task_id, 1)

    def done(self, conn: Connection) -> int:
        return len(calls.list_tasks(conn, queue="WORK"))

    @pytest.fixture
    def own(self, connect: Connect) -> Connection:
        return connect(autocommit=False)

    def test_after_it_was_committed(self, conn: Connection, own: Connection) -> None:
        task_id = started(conn)
        self.work(own, task_id)
        own.commit()
        with pytest.raises(AlreadyFinished):
            self.work(own, task_id)
        own.rollback()
        assert self.done(conn) == 1

    def test_after_it_was_rolled_back(self, conn: Connection, own: Connection) -> None:
        task_id = started(conn)
        self.work(own, task_id)
        own.rollback()
        self.work(own, task_id)
        own.commit()
        assert self.done(conn) == 1
        assert row(conn, task_id)["status"] == Status.FINISHED

    def test_after_it_was_committed_and_purged(self, conn: Connection, own: Connection) -> None:
        task_id = started(conn)
        self.work(own, task_id)
        own.commit()
        assert calls.purge(conn) == 1
        with pytest.raises(TaskNotFound):
            self.work(own, task_id)
        own.rollback()
        assert self.done(conn) == 1

    @pytest.mark.parametrize("committed", [True, False])
    def test_while_the_server_has_not_ended_the_first(
        self, conn: Connection, own: Connection, connect: Connect, committed: bool
    ) -> None:
        task_id = started(conn)
        again = connect(autocommit=False)
        told: list[QtaskError | None] = []

        def repeat() -> None:
            """As after each conflict, too, which a server may make of a row that has changed."""
            try:
                self.work(again, task_id)
                again.commit()
                told.append(None)
            except Conflict:
                again.rollback()
                repeat()
            except QtaskError as error:
                again.rollback()
                told.append(error)

        self.work(own, task_id)
        repeating = Thread(target=repeat)
        repeating.start()
        repeating.join(0.3)
        assert told == [], "it waits for the first"
        (own.commit if committed else own.rollback)()
        repeating.join(25)
        assert [type(error) for error in told] == [AlreadyFinished if committed else type(None)]
        assert self.done(conn) == 1


def test_a_zombie_is_refused(conn: Connection) -> None:
    task_id = started(conn)
    assert calls.processing(conn, task_id, 2) == 2
    with refused(conn, StaleAttempt, "in_attempt"):
        calls.finish_once(conn, task_id, 1)
    calls.finish(conn, task_id, 2)
    with refused(conn, TaskNotActive):
        calls.finish_once(conn, task_id, 1)


def test_a_waiting_task_is_refused(conn: Connection) -> None:
    task_id = new(conn)
    with refused(conn, StaleAttempt):
        calls.finish_once(conn, task_id, 1)
    calls.processing(conn, task_id)
    calls.fail(conn, task_id, 1)
    with refused(conn, TaskNotProcessing, "start it first"):
        calls.finish_once(conn, task_id, 1)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FAILED])
def test_a_task_that_has_ended_otherwise_is_refused(conn: Connection, status: Status) -> None:
    task_id = ended(conn, status)
    with refused(conn, TaskNotActive, "finished, cancelled or failed"):
        calls.finish_once(conn, task_id, 1)


def test_no_such_task(conn: Connection) -> None:
    task_id = started(conn)
    with refused(conn, TaskNotFound, "in_task_id"):
        calls.finish_once(conn, task_id + 1, 1)


@pytest.mark.parametrize("arguments", [(None, 1), ("task", None), (None, None)])
def test_both_arguments_are_needed(conn: Connection, arguments: tuple[Any, Any]) -> None:
    task_id = started(conn)
    given = [task_id if argument == "task" else argument for argument in arguments]
    with refused(conn, InvalidArgument, "in_task_id and in_attempt"):
        call(conn, "finish_task_once", *given)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = started(conn)
    assert call(conn, "finish_task_once", task_id, 1) == []
    assert row(conn, task_id)["status"] == Status.FINISHED
    assert count(conn) == 1
