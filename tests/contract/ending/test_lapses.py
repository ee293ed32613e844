"""Attempts that are started and never end, as those of a task that kills its worker: it is slowed,
and ended.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testing import age, ended, lasting, new, query, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, Status
from qtask_db.errors import AttemptsExhausted

Start = Callable[[Connection, int], object]
MOST = DEFAULT["max_lapses"]
DAY = 86400
HOUR = 3600


def lapse(conn: Connection, task_id: int) -> None:
    """Its worker has died: it is queued when its time has come, and started."""
    age(conn, DAY, task_id)
    (message,) = (m for m in calls.scan(conn, "r").messages if m.task_id == task_id)
    assert calls.processing(conn, task_id, message.attempt) == message.attempt


def lapsed(conn: Connection, times: int, **options: object) -> int:
    """A task that so many attempts never ended of, and the next one is under way."""
    task_id = started(conn, **{"interval": 60, "deadline": 400 * DAY, **options})
    for _ in range(times):
        lapse(conn, task_id)
    assert row(conn, task_id)["lapses"] == times
    return task_id


def end(conn: Connection, task_id: int) -> None:
    """Lets a scan fail it."""
    age(conn, DAY, task_id)
    assert calls.scan(conn, "r").messages == []
    assert row(conn, task_id)["status"] == Status.FAILED


def test_who_never_ends_is_ended(conn: Connection) -> None:
    task_id = lapsed(conn, MOST - 1)
    assert calls.expire(conn) == 0
    end(conn, task_id)
    found = row(conn, task_id)
    text = f"attempts in a row that never ended: {MOST} (the task may kill its worker)"
    assert (found["lane"], found["lapses"], found["last_error"]) == (0, MOST, text)
    assert lasting(found, "ended_at", "due_at") == DEFAULT["keep_unfinished"]
    reasons = query(conn, f"SELECT task_id, reason, last_error FROM {conn.prefix}failed_tasks")
    assert reasons == [(task_id, "attempts never ended", text)]
    told = calls.explain(conn, task_id).text
    assert "too many attempts in a row never ended" in told
    assert f"Last error: {text}" in told


def test_where_no_relay_runs_it_is_ended_too(conn: Connection) -> None:
    task_id = lapsed(conn, MOST - 1)
    age(conn, DAY, task_id)
    assert calls.expire(conn) == 1
    assert row(conn, task_id)["lapses"] == MOST


def test_in_a_paused_queue_too(conn: Connection) -> None:
    task_id = lapsed(conn, MOST - 1)
    calls.pause(conn, "Q")
    end(conn, task_id)


def test_the_last_one_may_take_its_time_and_end_well(conn: Connection) -> None:
    task_id = lapsed(conn, MOST - 1)
    assert "this was its last attempt" in calls.explain(conn, task_id).text
    calls.extend(conn, task_id, MOST, 3 * DAY)
    assert row(conn, task_id)["lapses"] == MOST - 1
    age(conn, 2 * DAY, task_id)
    assert calls.scan(conn, "r").messages == []
    calls.finish(conn, task_id, MOST)
    assert row(conn, task_id)["status"] == Status.FINISHED


@pytest.mark.parametrize("attempt", [None, MOST + 1])
def test_no_copy_of_a_message_starts_it_again(conn: Connection, attempt: int | None) -> None:
    task_id = lapsed(conn, MOST - 1)
    with refused(conn, AttemptsExhausted, f"last {MOST} attempts", "never ended"):
        calls.processing(conn, task_id, attempt)
    with refused(conn, AttemptsExhausted, "never ended"):
        calls.receive(conn, task_id, attempt, "Q")
    assert calls.processing_many(conn, [(task_id, attempt)]) == []
    assert calls.receive_many(conn, [(task_id, attempt, "Q")]).started == []


def test_started_again_and_again_without_a_relay(conn: Connection) -> None:
    task_id = new(conn)
    for _ in range(MOST):
        calls.processing_many(conn, [(task_id, None)])
    assert row(conn, task_id)["attempts"] == MOST
    with refused(conn, AttemptsExhausted):
        calls.processing(conn, task_id)


def start_many(conn: Connection, task_id: int) -> None:
    calls.processing_many(conn, [(task_id, None)])


def receive(conn: Connection, task_id: int) -> None:
    calls.receive(conn, task_id, None, "Q")


def receive_many(conn: Connection, task_id: int) -> None:
    (one,) = calls.receive_many(conn, [(task_id, None, "Q")]).started
    assert one.lapses == row(conn, task_id)["lapses"]


@pytest.mark.parametrize("start", [calls.processing, start_many, receive, receive_many])
def test_each_lapse_doubles_the_time_until_the_next(conn: Connection, start: Start) -> None:
    task_id = new(conn, interval=60)
    for lapses in range(MOST):
        start(conn, task_id)
        found = row(conn, task_id)
        assert found["lapses"] == lapses
        wait = lasting(found, "started_at", "due_at")
        base = min(60 * 2 ** (lapses - 1), HOUR / 2)
        assert base <= wait < 2 * base or (lapses == 0 and wait == 60)


def test_a_long_interval_is_not_shortened(conn: Connection) -> None:
    task_id = lapsed(conn, 3, interval=2 * HOUR)
    assert 2 * HOUR <= lasting(row(conn, task_id), "started_at", "due_at") < 4 * HOUR


def test_it_never_waits_beyond_the_deadline(conn: Connection) -> None:
    task_id = started(conn, interval=60, deadline=70)
    calls.processing(conn, task_id)
    calls.processing(conn, task_id)
    found = row(conn, task_id)
    assert found["due_at"] == found["deadline_at"]


def test_those_that_lapse_together_do_not_come_back_together(conn: Connection) -> None:
    """Or who stands beside a task that kills its worker would always die with it."""
    tasks = [new(conn, interval=1000) for _ in range(16)]
    for _ in range(3):
        calls.processing_many(conn, [(task_id, None) for task_id in tasks])
    waits = {lasting(row(conn, each), "started_at", "due_at") for each in tasks}
    assert len(waits) > 12
    assert max(waits) - min(waits) > 600


def test_an_attempt_that_lives_long_is_no_lapse(conn: Connection) -> None:
    """Or who works for an hour beside tasks that kill their worker would be ended as they are."""
    task_id = lapsed(conn, 5)
    alive_after = DEFAULT["alive_after"]
    for seconds, lapses in ((alive_after - 60, 5), (120, 0)):
        age(conn, seconds, task_id)
        calls.extend(conn, task_id, 6)
        assert row(conn, task_id)["lapses"] == lapses
    calls.processing(conn, task_id, 7)
    assert row(conn, task_id)["lapses"] == 1


def test_an_attempt_that_failed_has_ended(conn: Connection) -> None:
    task_id = lapsed(conn, 5)
    calls.fail(conn, task_id, 6, "broken", 0)
    assert row(conn, task_id)["lapses"] == 0
    calls.processing(conn, task_id, 7)
    found = row(conn, task_id)
    assert (found["lapses"], found["last_error"]) == (0, "broken")
    assert lasting(found, "started_at", "due_at") == 60


def test_one_that_was_given_back_has_ended(conn: Connection) -> None:
    task_id = lapsed(conn, 5)
    assert calls.return_many(conn, [(task_id, 6)]) == 1
    assert row(conn, task_id)["lapses"] == 0
    assert calls.processing(conn, task_id) == 7
    assert row(conn, task_id)["lapses"] == 0


def test_a_retry_begins_anew(conn: Connection) -> None:
    task_id = lapsed(conn, MOST - 1)
    end(conn, task_id)
    calls.retry(conn, task_id)
    assert row(conn, task_id)["lapses"] == 0
    for lapses in range(MOST):
        calls.processing(conn, task_id)
        assert row(conn, task_id)["lapses"] == lapses


def test_a_finished_task_says_nothing_of_it(conn: Connection) -> None:
    task_id = lapsed(conn, 2, delete_deadline=60)
    calls.finish(conn, task_id, 3)
    assert "without an end" not in calls.explain(conn, task_id).text


def test_what_a_handler_said_before_stays(conn: Connection) -> None:
    """The last of the attempts that count did not end; the error is that of one before it."""
    task_id = started(conn, interval=60, max_count=2)
    calls.fail(conn, task_id, 1, "broken", 0)
    calls.processing(conn, task_id, 2)
    end(conn, task_id)
    assert row(conn, task_id)["last_error"] == "broken"


def test_used_up_attempts_that_never_ended_leave_an_error(conn: Connection) -> None:
    only, two = started(conn, max_count=1), started(conn, max_count=2)
    calls.processing(conn, two)
    age(conn, DAY)
    assert calls.expire(conn) == 2
    assert row(conn, only)["last_error"].startswith("attempts in a row that never ended: 1 ")
    assert row(conn, two)["last_error"].startswith("attempts in a row that never ended: 2 ")
    reasons = query(conn, f"SELECT reason FROM {conn.prefix}failed_tasks")
    assert reasons == [("attempts used up",)] * 2


def test_a_deadline_is_no_such_error(conn: Connection) -> None:
    task_id = started(conn, deadline=100)
    age(conn, 100)
    assert calls.expire(conn) == 1
    assert row(conn, task_id)["last_error"] is None
    assert "its deadline passed" in calls.explain(conn, task_id).text


def test_it_is_said_while_it_lasts(conn: Connection) -> None:
    started(conn)
    new(conn)
    task_id = lapsed(conn, 2, queue="KILLS", order_no="1")
    calls.finish(conn, lapsed(conn, 1, queue="OTHER", delete_deadline=60), 2)
    ended(conn, Status.FAILED)
    found = row(conn, task_id)
    told = calls.explain(conn, task_id).text
    assert "Started 3 times in a row without an end: it may kill its worker." in told
    columns = "task_id, namespace, queue, name, order_no, attempts, lapses, started_at, due_at"
    assert query(conn, f"SELECT {columns} FROM {conn.prefix}lapsed_tasks") == [
        (task_id, "default", "KILLS", "job", "1", 3, 2, found["started_at"], found["due_at"])
    ]
    listed = query(conn, f"SELECT task_id FROM {conn.prefix}task_list WHERE lapses = 2")
    assert listed == [(task_id,)]
