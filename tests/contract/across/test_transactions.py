"""Whose transaction it is: calls join the caller's; a relay's and maintenance are their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testing import age, content, count, ended, execute, new, query, refused, row, started

from qtask_db import AttemptEnd, Connection, NewTask, calls
from qtask_db.constants import Status
from qtask_db.errors import InvalidArgument, ProcedureError, StaleAttempt, TransactionOpen

Connect = Callable[..., Connection]
JOB = ("job", {}, 3600, "Q")

JOINING: dict[str, Callable[[Connection, int], Any]] = {
    "create": lambda c, _: calls.create(c, *JOB, order_no="1"),
    "delay": lambda c, _: calls.delay(c, "job", {}, 0, 3600, "NEW", order_no="1"),
    "create_many": lambda c, _: calls.create_many(
        c, [NewTask(*JOB), NewTask("job", {}, 60, "NEW")]
    ),
    "processing": lambda c, t: calls.processing(c, t),
    "processing_many": lambda c, t: calls.processing_many(c, [(t, 2)]),
    "receive": lambda c, t: calls.receive(c, t, 2, "Q"),
    "receive_many": lambda c, t: calls.receive_many(c, [(t, 2, "Q")]),
    "finish": lambda c, t: calls.finish(c, t, 1),
    "finish_once": lambda c, t: calls.finish_once(c, t, 1),
    "finish_many": lambda c, t: calls.finish_many(c, [(t, 1)]),
    "return_many": lambda c, t: calls.return_many(c, [(t, 1)]),
    "fail": lambda c, t: calls.fail(c, t, 1, "broken", 5),
    "reject": lambda c, t: calls.reject(c, t, 1, "broken"),
    "snooze": lambda c, t: calls.snooze(c, t, 1, 5),
    "end_many": lambda c, t: calls.end_many(c, "w", [AttemptEnd(t, 1, "fail")]),
    "extend": lambda c, t: calls.extend(c, t, 1, 5),
    "cancel": lambda c, t: calls.cancel(c, t),
    "pause": lambda c, _: calls.pause(c, "Q"),
}
READING: dict[str, Callable[[Connection, int], Any]] = {
    "explain": lambda c, t: calls.explain(c, t),
    "read_task": lambda c, t: calls.read_task(c, t),
    "list_tasks": lambda c, _: calls.list_tasks(c),
    "stats": lambda c, _: calls.stats(c),
    "audit": lambda c, _: calls.audit(c),
    "next_due": lambda c, _: calls.next_due(c),
}
OWN: dict[str, Callable[[Connection], Any]] = {
    "scan": lambda c: calls.scan(c, "r"),
    "confirm": lambda c: calls.confirm(c, batch_of(c), "r"),
    "release": lambda c: calls.release(c, batch_of(c), "r"),
    "redrive": lambda c: calls.redrive(c),
    "expire": lambda c: calls.expire(c),
    "purge": lambda c: calls.purge(c),
}


def batch_of(conn: Connection) -> int:
    return query(conn, f"SELECT MAX(batch_id) FROM {conn.prefix}batch")[0][0]


@pytest.mark.parametrize("verb", JOINING)
def test_a_rollback_leaves_nothing(
    conn: Connection, connect: Connect, verb: str, business: str
) -> None:
    task_id = started(conn)
    before = content(conn)
    own = connect(autocommit=False)
    execute(own, f"INSERT INTO {business} VALUES (1)")
    JOINING[verb](own, task_id)
    assert content(own) != before
    assert content(conn) == before, "it was committed"
    own.rollback()
    assert content(conn) == before
    assert query(conn, f"SELECT n FROM {business}") == []


@pytest.mark.parametrize("verb", JOINING)
def test_a_commit_keeps_everything(
    conn: Connection, connect: Connect, verb: str, business: str
) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    JOINING[verb](own, task_id)
    execute(own, f"INSERT INTO {business} VALUES (1)")
    expected = content(own)
    own.commit()
    assert content(conn) == expected
    assert query(conn, f"SELECT n FROM {business}") == [(1,)]


@pytest.mark.parametrize("verb", JOINING)
def test_a_savepoint_of_the_caller_is_kept(conn: Connection, connect: Connect, verb: str) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    made = new(own)
    execute(own, "SAVEPOINT mine")
    JOINING[verb](own, task_id)
    execute(own, "ROLLBACK TO SAVEPOINT mine")
    own.commit()
    assert [r[0] for r in content(conn)[0]] == [task_id, made]
    assert row(conn, task_id)["status"] == Status.PROCESSING


@pytest.mark.parametrize("verb", READING)
def test_reading_changes_nothing(conn: Connection, connect: Connect, verb: str) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    made = new(own)
    READING[verb](own, task_id)
    own.rollback()
    assert [r[0] for r in content(conn)[0]] == [task_id]
    assert made != task_id


def test_with_autocommit_each_call_is_kept(conn: Connection, connect: Connect) -> None:
    task_id = started(conn)
    calls.finish(connect(), task_id, 1)
    assert row(conn, task_id)["status"] == Status.FINISHED
    calls.create_many(connect(), [NewTask(*JOB, delay=0)] * 3)
    assert count(conn) == 4


@pytest.mark.parametrize("verb", OWN)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_inside_an_open_transaction_it_is_refused_and_does_no_harm(
    conn: Connection, connect: Connect, verb: str, end: str, business: str
) -> None:
    new(conn)
    calls.scan(conn, "r")
    ended(conn, Status.FINISHED)
    age(conn, 100, new(conn, "LATE", deadline=100))
    due = new(conn, "DUE")
    before = content(conn)
    own = connect(autocommit=False)
    execute(own, f"INSERT INTO {business} VALUES (1)")
    made = calls.create(own, *JOB)
    with pytest.raises(TransactionOpen, match="commits by itself"):
        OWN[verb](own)
    assert content(conn) == before
    assert query(own, f"SELECT n FROM {business}") == [(1,)]
    getattr(own, end)()
    kept = end == "commit"
    assert query(conn, f"SELECT n FROM {business}") == ([(1,)] if kept else [])
    assert (made.task_id in [r[0] for r in content(conn)[0]]) is kept
    assert row(conn, due)["batch_id"] is None


@pytest.mark.parametrize("verb", OWN)
def test_without_autocommit_it_commits_and_leaves_no_transaction_open(
    conn: Connection, connect: Connect, verb: str
) -> None:
    new(conn)
    calls.scan(conn, "r")
    new(conn)
    ended(conn, Status.FINISHED)
    age(conn, 100, new(conn, "LATE", deadline=100))
    before = content(conn)
    batch_id = batch_of(conn)
    own = connect(autocommit=False)
    if verb in ("confirm", "release"):
        getattr(calls, verb)(own, batch_id, "r")
    else:
        OWN[verb](own)
    assert content(conn) != before
    calls.purge(own)
    calls.scan(own, "r")
    new(own)
    own.rollback()
    assert count(conn) in (3, 4)


@pytest.mark.parametrize("verb", OWN)
def test_after_a_refusal_the_connection_is_as_good_as_new(conn: Connection, verb: str) -> None:
    bad = {
        "scan": lambda: calls.scan(conn, "r", limit=0),
        "confirm": lambda: calls.confirm(conn, None, "r"),
        "release": lambda: calls.release(conn, None, "r"),
        "redrive": lambda: calls.redrive(conn, limit=0),
        "expire": lambda: calls.expire(conn, 0),
        "purge": lambda: calls.purge(conn, 0),
    }
    with pytest.raises(InvalidArgument):
        bad[verb]()
    task_id = new(conn)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]
    calls.confirm(conn, batch_of(conn), "r")


@pytest.mark.parametrize("verb", sorted(JOINING.keys() - {"pause", "delay"}))
def test_with_autocommit_a_refusal_leaves_no_transaction(conn: Connection, verb: str) -> None:
    gone = 17
    bad = {
        "create": lambda: calls.create(conn, "", {}, 60, "Q"),
        "create_many": lambda: calls.create_many(conn, [NewTask(*JOB), NewTask("", {}, 60, "Q")]),
        "processing_many": lambda: calls.processing_many(conn, [(gone, 10**18)]),
        "receive_many": lambda: calls.receive_many(conn, [(gone, 10**18, "Q")]),
        "finish_many": lambda: calls.finish_many(conn, [(gone, 10**18)]),
        "return_many": lambda: calls.return_many(conn, [(gone, 10**18)]),
        "end_many": lambda: calls.end_many(conn, "", []),
    }
    with pytest.raises(ProcedureError):
        bad.get(verb, lambda: JOINING[verb](conn, gone))()
    assert conn.dialect.own_transaction(conn.raw)
    calls.scan(conn, "r")


@pytest.mark.parametrize("attempt", [-(2**63), -1, 0])
def test_no_attempt_is_too_small_to_be_refused(
    conn: Connection, connect: Callable[..., Connection], attempt: int
) -> None:
    task_id = new(conn, "Q")
    own = connect(autocommit=False)
    for start in (
        lambda: calls.processing(own, task_id, attempt),
        lambda: calls.receive(own, task_id, attempt, "Q"),
    ):
        with refused(own, StaleAttempt):
            start()
