"""redrive_tasks: what a relay has queued and nobody has started is due again, and nothing
else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testing import age, age_batches, call, content, ended, new, refused, row, started

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument, StaleAttempt

Connect = Callable[..., Connection]


def handed_out(conn: Connection, queue: str = "Q", **options: Any) -> int:
    """A task whose message a relay has put on the queue."""
    task_id = new(conn, queue, **options)
    hand_out(conn)
    return task_id


def hand_out(conn: Connection, relay: str = "r") -> list[int]:
    batch = calls.scan(conn, relay)
    assert batch.batch_id is not None
    calls.confirm(conn, batch.batch_id, relay)
    return [message.task_id for message in batch.messages]


def test_a_message_that_redis_has_lost_comes_again(conn: Connection) -> None:
    task_id = handed_out(conn)
    assert calls.scan(conn, "r").messages == []
    assert calls.redrive(conn) == 1
    assert calls.redrive(conn) == 0
    assert hand_out(conn) == [task_id]
    assert calls.processing(conn, task_id, 1) == 1


def test_a_message_that_was_not_lost_is_a_duplicate(conn: Connection) -> None:
    task_id = handed_out(conn)
    calls.redrive(conn)
    assert calls.processing(conn, task_id, 1) == 1
    assert calls.scan(conn, "r").messages == []
    with refused(conn, StaleAttempt):
        calls.processing(conn, task_id, 1)


def test_its_times_stay_but_for_the_next_one(conn: Connection) -> None:
    task_id = handed_out(conn, deadline=1000)
    age(conn, 100)
    before = row(conn, task_id)
    calls.redrive(conn)
    after = row(conn, task_id)
    assert after["batch_id"] is None
    assert before["due_at"] > after["due_at"] >= before["created_at"]
    assert {**after, "due_at": 0, "batch_id": 0} == {**before, "due_at": 0, "batch_id": 0}
    age(conn, 900)
    assert calls.expire(conn) == 1


def test_all_others_are_left_as_they_are(conn: Connection) -> None:
    overdue = handed_out(conn, "OVERDUE", interval=600)
    new(conn, delay=1000)
    calls.create(conn, "job", {}, 60, "Q")
    calls.create_many(conn, [NewTask("job", {}, 60, "Q"), NewTask("job", {}, 60, "Q", delay=9)])
    started(conn)
    again = started(conn, "AGAIN", interval=5)
    age(conn, 5, again)
    assert [m.task_id for m in calls.scan(conn, "r", held=["Q"]).messages] == [again]
    for delay in (0, 1000):
        calls.fail(conn, started(conn), 1, "broken", delay)
    calls.retry(conn, ended(conn, Status.FAILED))
    for status in (Status.FINISHED, Status.CANCELLED):
        ended(conn, status)
    calls.pause(conn, "PARKED")
    new(conn, "PARKED")
    assert calls.scan(conn, "r", held=["Q"]).messages == []
    age(conn, 600, overdue)
    before = content(conn)
    assert calls.redrive(conn, limit=LIMIT["rows"]) == 0
    assert content(conn) == before


def test_a_failed_attempt_keeps_its_delay_until_it_is_handed_out(conn: Connection) -> None:
    task_id = started(conn)
    calls.fail(conn, task_id, 1, "broken", 50)
    assert calls.redrive(conn) == 0
    age(conn, 50)
    assert hand_out(conn) == [task_id]
    assert calls.redrive(conn) == 1
    assert calls.scan(conn, "r").messages[0].attempt == 2


def test_an_old_one_by_its_deadline_is_told_by_its_age_too(conn: Connection) -> None:
    """Its next time is the deadline, which says nothing about when it was queued."""
    task_id = handed_out(conn, interval=3600, deadline=1000)
    assert calls.redrive(conn, age=60) == 0
    age(conn, 60)
    assert calls.redrive(conn, age=60) == 1
    assert hand_out(conn) == [task_id]
    assert calls.redrive(conn, age=60) == 0


def test_who_repeats_the_call_redrives_each_task_once(conn: Connection) -> None:
    """A relay claims between the steps what was redriven; the age keeps it out of the next."""
    intervals = (100, 200, 500, 5000)
    for n in range(20):
        new(conn, interval=intervals[n % 4], deadline=600)
    hand_out(conn)
    age(conn, 60)
    steps = []
    for _ in range(8):
        steps.append(calls.redrive(conn, age=30, limit=3))
        if steps[-1]:
            hand_out(conn)
    assert steps == [3, 3, 3, 3, 3, 3, 2, 0]


def test_only_that_queue_of_that_namespace(conn: Connection) -> None:
    for namespace in ("default", "n"):
        for queue in ("Q", "q"):
            new(conn, queue, namespace=namespace)
    hand_out(conn)
    assert calls.redrive(conn, "none") == 0
    assert calls.redrive(conn, "Q", namespace="none") == 0
    assert calls.redrive(conn, "Q", namespace="n") == 1
    assert calls.redrive(conn, "Q") == 1
    assert calls.redrive(conn, namespace="n") == 1
    assert calls.redrive(conn) == 1


def test_at_most_the_limit_the_next_ones_first(conn: Connection) -> None:
    tasks = [new(conn, interval=100 - n) for n in range(5)]
    hand_out(conn)
    assert calls.redrive(conn, limit=2) == 2
    assert sorted(hand_out(conn)) == tasks[3:]
    assert [calls.redrive(conn, limit=2, age=age_) for age_ in (0, 1)] == [2, 0]


def test_those_of_a_paused_queue_wait_for_it(conn: Connection) -> None:
    task_id = handed_out(conn)
    calls.pause(conn, "Q")
    assert calls.redrive(conn) == 1
    assert calls.scan(conn, "r").messages == []
    calls.resume(conn, "Q")
    assert hand_out(conn) == [task_id]


def test_a_batch_that_is_not_confirmed_loses_its_tasks(conn: Connection) -> None:
    new(conn)
    batch = calls.scan(conn, "slow")
    assert calls.redrive(conn) == 1
    assert len(calls.scan(conn, "quick").messages) == 1
    assert batch.batch_id is not None
    calls.release(conn, batch.batch_id, "slow")
    assert calls.scan(conn, "quick").messages == []
    age_batches(conn, 100)
    assert len(calls.scan(conn, "other").messages) == 1


def test_one_that_is_being_started_is_passed_over(conn: Connection, connect: Connect) -> None:
    tasks = [new(conn) for _ in range(3)]
    hand_out(conn)
    own = connect(autocommit=False)
    calls.processing(own, tasks[0], 1)
    assert calls.redrive(conn) == 2
    own.commit()
    assert calls.redrive(conn) == 0
    assert sorted(hand_out(conn)) == tasks[1:]


@pytest.mark.parametrize("limit", [None, 0, -1, LIMIT["rows"] + 1, 2**40, 2**63, "many", ""])
def test_a_bad_limit_is_refused(conn: Connection, limit: Any) -> None:
    handed_out(conn)
    allowed = f"1 to {LIMIT['rows']}" if limit not in (2**63, "many", "") else ""
    with refused(conn, InvalidArgument, "in_limit", allowed):
        calls.redrive(conn, limit=limit)


@pytest.mark.parametrize("bad", [-1, LIMIT["seconds"] + 1, 2**40, 2**63, "old", ""])
def test_a_bad_age_is_refused(conn: Connection, bad: Any) -> None:
    handed_out(conn)
    allowed = f"0 to {LIMIT['seconds']}" if bad not in (2**63, "old", "") else ""
    with refused(conn, InvalidArgument, "in_age", allowed):
        calls.redrive(conn, age=bad)


def test_the_largest_age(conn: Connection) -> None:
    handed_out(conn)
    assert calls.redrive(conn, age=LIMIT["seconds"]) == 0


def test_in_plain_sql(conn: Connection) -> None:
    assert call(conn, "redrive_tasks", None, None, None, 10) == (0,)
    handed_out(conn)
    assert call(conn, "redrive_tasks", "Q", "default", 0, 10) == (1,)


def test_the_audit_tells_where_each_task_is(conn: Connection) -> None:
    assert calls.audit(conn) == []
    handed_out(conn)
    handed_out(conn)
    again = started(conn, interval=5)
    age(conn, 5, again)
    hand_out(conn)
    started(conn)
    calls.create(conn, "job", {}, 60, "Q")
    new(conn, delay=1000)
    calls.fail(conn, started(conn), 1, "broken", 1000)
    for status in (Status.FINISHED, Status.CANCELLED, Status.FAILED):
        ended(conn, status)
    new(conn)
    calls.pause(conn, "P")
    calls.pause(conn, "P", "n")
    new(conn, "P", namespace="n")
    new(conn, "A")
    calls.scan(conn, "r", limit=3)
    new(conn, "A")
    a, p, pn, q = calls.audit(conn)
    places = ("waiting", "requeued", "unconfirmed", "fresh", "due", "parked", "later", "running")
    assert (a.queue, [getattr(a, n) for n in places]) == ("A", [1, 0, 1, 0, 1, 0, 0, 0])
    assert (p.namespace, p.queue, p.paused) == ("default", "P", True)
    assert [getattr(p, n) for n in places] == [0] * 8
    assert (pn.namespace, [getattr(pn, n) for n in places]) == ("n", [0, 0, 0, 0, 0, 1, 0, 0])
    assert (q.queue, [getattr(q, n) for n in places]) == ("Q", [3, 1, 1, 1, 0, 0, 2, 1])


def test_the_audit_of_many_is_right(conn: Connection) -> None:
    calls.create_many(conn, [NewTask("job", {}, 60, f"Q{n % 3}", 0) for n in range(300)])
    tasks = hand_out(conn)
    calls.processing_many(conn, [(task_id, 1) for task_id in tasks[:100]])
    found = calls.audit(conn)
    assert sum(a.waiting for a in found) == 200
    assert sum(a.running for a in found) == 100
