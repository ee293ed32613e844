"""Time: decades, zones, a clock that is set."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator

import pytest
from testing import age, age_batches, ended, lasting, new, query, row, set_zone, started

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import BatchNotFound, DeadlinePassed, StaleAttempt

LONGEST = LIMIT["seconds"]
DAY = 86_400.0


# -- decades ---------------------------------------------------------------------------------------


def test_the_longest_times_of_one_task(conn: Connection) -> None:
    given = {"interval": LONGEST, "deadline": LONGEST, "delete_deadline": LONGEST}
    tasks = [
        calls.create(conn, "job", {}, queue="Q", **given).task_id,
        calls.delay(conn, "job", {}, LONGEST, queue="Q", **given).task_id,
        *(
            task.task_id
            for task in calls.create_many(
                conn,
                [
                    NewTask("job", {}, queue="Q", **given),
                    NewTask("job", {}, queue="Q", delay=LONGEST, **given),
                ],
            )
        ),
    ]
    for task_id in tasks:
        assert lasting(row(conn, task_id), "created_at", "deadline_at") == LONGEST
    for task_id in tasks[1::2]:
        assert lasting(row(conn, task_id), "created_at", "due_at") == LONGEST
    for task_id in tasks[::2]:
        # Half way to the deadline, so that the times of the attempt are what comes first.
        age(conn, -LONGEST / 2, task_id)
        age(conn, LONGEST / 2, task_id)
        calls.processing(conn, task_id, 1)
        found = row(conn, task_id)
        assert found["due_at"] == found["deadline_at"], "an interval later is after the deadline"
        calls.finish(conn, task_id, 1)
        assert lasting(row(conn, task_id), "ended_at", "due_at") == LONGEST
    age(conn, LONGEST - 100)
    assert calls.purge(conn) == 0
    age(conn, 100)
    assert calls.purge(conn) == 2
    assert calls.expire(conn) == 2


def far(conn: Connection) -> int:
    """A started task whose deadline does not come before anything else."""
    return started(conn, deadline=LONGEST, interval=LONGEST - 1000)


@pytest.mark.parametrize(
    "act",
    [
        lambda c, t: calls.extend(c, t, 1, LONGEST - 1000),
        lambda c, t: calls.extend(c, t, 1),
        lambda c, t: calls.fail(c, t, 1, None, LONGEST - 1000),
        lambda c, t: calls.fail(c, t, 1),
        lambda c, t: (calls.fail(c, t, 1), calls.processing_many(c, [(t, 2)])),
    ],
    ids=["extend", "extend by the interval", "fail", "fail for the interval", "start_tasks"],
)
def test_an_attempt_may_be_decades_away(
    conn: Connection, act: Callable[[Connection, int], object]
) -> None:
    task_id = far(conn)
    act(conn, task_id)
    found = row(conn, task_id)
    assert LONGEST - 1000 <= lasting(found, "started_at", "due_at") < LONGEST - 900
    assert found["due_at"] < found["deadline_at"]
    assert LONGEST - 1100 < calls.next_due(conn) <= LONGEST - 900
    assert str(found["due_at"])[:16] in calls.explain(conn, task_id).text


def test_the_longest_times_of_the_other_calls(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED)
    calls.retry(conn, task_id, LONGEST)
    (batch,) = [calls.scan(conn, "r", lease=LONGEST)]
    ((claimed_at, lapses_at),) = query(
        conn, f"SELECT claimed_at, lapses_at FROM {conn.prefix}batch"
    )
    assert (lapses_at - claimed_at).total_seconds() == LONGEST
    assert lasting(row(conn, task_id), "started_at", "deadline_at") >= LONGEST
    assert calls.redrive(conn, age=LONGEST) == 0
    age(conn, LONGEST - 1000)
    assert calls.redrive(conn, age=LONGEST - 1000) == 0, "its interval has passed: it is due"
    calls.confirm(conn, batch.batch_id, "r")


def test_a_task_that_was_created_decades_ago(conn: Connection) -> None:
    task_id = started(conn, deadline=LONGEST)
    age(conn, LONGEST - 60)
    assert "Created" in calls.explain(conn, task_id).text
    (found,) = calls.stats(conn)
    assert found.lag > LONGEST - 5000
    (batch,) = [calls.scan(conn, "r")]
    assert [m.attempt for m in batch.messages] == [2]
    assert calls.processing(conn, task_id, 2) == 2


def test_time_over_leap_days_is_counted_in_seconds(conn: Connection) -> None:
    """Fifty years have twelve or thirteen of them; no call goes by the calendar."""
    found = row(conn, new(conn, deadline=LONGEST))
    since, until = found["created_at"], found["deadline_at"]
    leap_days = sum(
        since < datetime.datetime(year, 2, 29) <= until
        for year in range(since.year, until.year + 1)
        if year % 4 == 0
    )
    assert leap_days >= 12
    assert until == since + datetime.timedelta(seconds=LONGEST)


# -- zones -----------------------------------------------------------------------------------------


@pytest.fixture(params=["Pacific/Kiritimati", "America/St_Johns", "Europe/Berlin"])
def process_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The zone of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_the_zone_of_the_process_changes_nothing(conn: Connection, process_zone: str) -> None:
    before = time.time()
    task_id = started(conn)
    (info,) = calls.list_tasks(conn)
    assert info.task_id == task_id
    for at in (info.created_at, info.started_at):
        assert at is not None
        assert before - 5 < at.timestamp() < time.time() + 5, process_zone
    assert (info.deadline_at - info.created_at).total_seconds() == DEFAULT["deadline"]


@pytest.mark.parametrize("zone", ["+13:00", "-12:00", "+05:30", "+00:00"])
def test_the_zone_of_the_session_changes_nothing(
    conn: Connection, connect: Callable[..., Connection], zone: str
) -> None:
    own = connect()
    set_zone(own, zone)
    before = time.time()
    task_id = calls.delay(own, "job", {}, 100, 3600, "Q").task_id
    found = row(conn, task_id)
    assert lasting(found, "created_at", "due_at") == 100
    (info,) = calls.list_tasks(own)
    assert before - 5 < info.created_at.timestamp() < time.time() + 5
    assert 70 < calls.next_due(own) <= 100
    age(conn, 100)
    assert calls.next_due(own) == 0
    assert len(calls.scan(own, "r").messages) == 1
    assert calls.processing(own, task_id, 1) == 1
    found = row(conn, task_id)
    assert lasting(found, "started_at", "due_at") == 3600
    assert found["created_at"] <= found["started_at"] - datetime.timedelta(seconds=100)
    age(conn, 3600)
    (other,) = calls.scan(conn, "r").messages
    with pytest.raises(StaleAttempt):
        calls.processing(own, task_id, 1)
    assert calls.processing(own, task_id, other.attempt) == 2


# -- a clock that is set ---------------------------------------------------------------------------


def step(conn: Connection, seconds: float) -> None:
    """Sets the database's clock forward, or back: all that is stored is so much older, or newer."""
    age(conn, seconds)
    age_batches(conn, seconds)


def test_forward_what_waits_comes_earlier_by_as_much(conn: Connection) -> None:
    delayed, running = new(conn, delay=1800), started(conn)
    step(conn, 3600)
    found = {m.task_id: m.attempt for m in calls.scan(conn, "r").messages}
    assert found == {delayed: 1, running: 2}
    calls.finish(conn, running, 1)
    assert calls.processing(conn, delayed, 1) == 1


def test_forward_a_batch_is_claimed_again_and_one_consumer_starts_each_task(
    conn: Connection,
) -> None:
    task_id = new(conn)
    first = calls.scan(conn, "r1")
    step(conn, DAY)
    second = calls.scan(conn, "r2")
    assert [m.attempt for m in (*first.messages, *second.messages)] == [1, 1]
    with pytest.raises(BatchNotFound):
        calls.confirm(conn, first.batch_id, "r1")
    calls.confirm(conn, second.batch_id, "r2")
    assert calls.processing(conn, task_id, 1) == 1
    with pytest.raises(StaleAttempt):
        calls.processing(conn, task_id, 1)


def test_forward_over_a_deadline_the_task_fails_and_who_runs_may_finish(conn: Connection) -> None:
    waiting, running = new(conn), started(conn)
    step(conn, DEFAULT["deadline"] + 1)
    with pytest.raises(DeadlinePassed):
        calls.processing(conn, waiting, 1)
    calls.finish(conn, running, 1)
    assert calls.expire(conn) == 1
    assert row(conn, waiting)["status"] == Status.FAILED
    calls.retry(conn, waiting)
    assert calls.processing(conn, waiting, 1) == 1


def test_back_what_waits_comes_later_by_as_much(conn: Connection) -> None:
    delayed, running = new(conn, delay=60, interval=60), started(conn, interval=60)
    step(conn, -DAY)
    assert calls.scan(conn, "r").messages == []
    assert DAY < calls.next_due(conn) <= DAY + 60
    # All that consumers do goes on; what it sets goes by the new time.
    calls.extend(conn, running, 1)
    assert 30 < calls.next_due(conn) <= 60
    assert calls.processing(conn, delayed, 1) == 1
    age(conn, 61)
    found = {m.task_id: m.attempt for m in calls.scan(conn, "r").messages}
    assert found == {delayed: 2, running: 2}


def test_back_new_tasks_do_not_wait_for_old_ones(conn: Connection) -> None:
    old = new(conn, order_no="1")
    step(conn, -DAY)
    assert calls.delay(conn, "job", {}, 0, 60, "Q", order_no="1").task_id == old
    task_id = new(conn)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]
    (found,) = calls.stats(conn)
    assert found.lag == 0
    assert calls.audit(conn)[0].later + calls.audit(conn)[0].fresh == 1


def test_back_a_batch_that_is_released_is_due_at_once(conn: Connection) -> None:
    task_id = new(conn)
    batch = calls.scan(conn, "r")
    step(conn, -DAY)
    calls.release(conn, batch.batch_id, "r")
    assert calls.next_due(conn) == 0
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


def test_back_a_lease_lasts_longer_by_as_much(conn: Connection) -> None:
    task_id = new(conn)
    calls.scan(conn, "r1", lease=30)
    step(conn, -DAY)
    assert calls.scan(conn, "r2").messages == []
    step(conn, DAY + 30)
    assert [m.task_id for m in calls.scan(conn, "r2").messages] == [task_id]


@pytest.mark.parametrize("seconds", [0, 600])
def test_back_what_was_handed_out_can_be_redriven(conn: Connection, seconds: int) -> None:
    task_id = new(conn)
    calls.confirm(conn, calls.scan(conn, "r").batch_id, "r")
    step(conn, -DAY)
    assert calls.redrive(conn, age=seconds) == 1
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]
    assert calls.redrive(conn, age=600) == 0, "now it was queued by the new time"


def test_back_what_has_ended_is_kept_longer(conn: Connection) -> None:
    ended(conn, Status.FINISHED)
    step(conn, -DAY)
    assert calls.purge(conn) == 0
    step(conn, DAY)
    assert calls.purge(conn) == 1


@pytest.mark.parametrize("seconds", [-DAY, DAY])
def test_whatever_the_clock_says_a_life_ends_once(conn: Connection, seconds: float) -> None:
    """Attempts, not times, decide who owns a task."""
    for act in (calls.finish, calls.fail):
        task_id = started(conn, deadline=LONGEST)
        step(conn, seconds)
        assert calls.processing(conn, task_id, 2) == 2
        step(conn, -2 * seconds)
        with pytest.raises(StaleAttempt):
            act(conn, task_id, 1)
        act(conn, task_id, 2)
        assert "Task" in calls.explain(conn, task_id).text
