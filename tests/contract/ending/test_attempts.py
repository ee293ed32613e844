"""The history of a task: a row for each attempt that did not succeed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testing import age, count, ended, execute, new, query, row, started

from qtask_db import AttemptEnd, Connection, calls
from qtask_db.constants import LIMIT, Status

DAY = 86400


def history(conn: Connection, task_id: int) -> list[tuple[int, str]]:
    return [(one.attempt, one.outcome) for one in calls.read_task(conn, task_id).attempts]


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (lambda c, t: calls.fail(c, t, 1), "failed"),
        (lambda c, t: calls.reject(c, t, 1), "rejected"),
        (lambda c, t: calls.snooze(c, t, 1, 60), "snoozed"),
        (calls.cancel, "cancelled"),
    ],
    ids=["fail", "reject", "snooze", "cancel"],
)
def test_an_end_is_kept(
    conn: Connection, end: Callable[[Connection, int], object], outcome: str
) -> None:
    task_id = started(conn)
    end(conn, task_id)
    (kept,) = calls.read_task(conn, task_id).attempts
    assert (kept.attempt, kept.outcome) == (1, outcome)
    assert kept.started_at.replace(tzinfo=None) == row(conn, task_id)["started_at"]
    assert kept.started_at <= kept.ended_at


def test_what_succeeds_or_is_given_back_has_none(conn: Connection) -> None:
    task_id = started(conn)
    calls.return_many(conn, [(task_id, 1)])
    calls.processing(conn, task_id, 2)
    calls.finish(conn, task_id, 2)
    calls.cancel(conn, new(conn))
    assert count(conn, "attempt") == 0


STARTS: dict[str, Callable[[Connection, int], object]] = {
    "start_task": lambda c, t: calls.processing(c, t),
    "start_task, announced": lambda c, t: calls.processing(c, t, 2),
    "start_tasks": lambda c, t: calls.processing_many(c, [(t, 2)]),
    "receive_task": lambda c, t: calls.receive(c, t, 2, "Q"),
    "receive_tasks": lambda c, t: calls.receive_many(c, [(t, 2, "Q")]),
}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("own", [False, True])
def test_the_next_start_finds_one_that_never_ended(
    conn: Connection, connect: Callable[..., Connection], start: str, *, own: bool
) -> None:
    task_id, other = started(conn), new(conn)
    age(conn, 3600, task_id)
    before = row(conn, task_id)["started_at"]
    used = connect(autocommit=False) if own else conn
    STARTS[start](used, task_id)
    if own:
        used.commit()
    assert row(conn, task_id)["attempts"] == 2
    (kept,) = calls.read_task(conn, task_id).attempts
    assert (kept.attempt, kept.outcome) == (1, "lapsed")
    assert kept.started_at.replace(tzinfo=None) == before
    assert (kept.ended_at - kept.started_at).total_seconds() >= 3600
    assert history(conn, other) == []


def test_a_take_finds_it_too(conn: Connection) -> None:
    task_id, fresh = started(conn), new(conn)
    calls.set_delivery(conn, "Q", "direct")
    age(conn, DAY)
    taken = calls.take(conn, "w", ["Q"], 10)
    assert sorted(one.task_id for one in taken.started) == [task_id, fresh]
    assert (history(conn, task_id), history(conn, fresh)) == ([(1, "lapsed")], [])


@pytest.mark.parametrize(
    "expire", [calls.expire, lambda conn: calls.scan(conn, "r")], ids=["expire", "scan"]
)
def test_the_expiry_finds_what_is_under_way(
    conn: Connection, expire: Callable[[Connection], object]
) -> None:
    late, waiting = (make(conn, deadline=60) for make in (started, new))
    used_up = started(conn, max_count=1, deadline=9 * DAY)
    age(conn, DAY)
    expire(conn)
    assert [row(conn, t)["status"] for t in (late, waiting, used_up)] == [Status.FAILED] * 3
    kept = [history(conn, t) for t in (late, waiting, used_up)]
    assert kept == [[(1, "expired")], [], [(1, "lapsed")]]


def test_a_lapse_and_an_end(conn: Connection) -> None:
    task_id = started(conn)
    calls.processing(conn, task_id, 2)
    calls.fail(conn, task_id, 2, "broken")
    assert history(conn, task_id) == [(1, "lapsed"), (2, "failed")]
    calls.processing(conn, task_id, 3)
    calls.finish(conn, task_id, 3)
    assert history(conn, task_id) == [(1, "lapsed"), (2, "failed")]


@pytest.mark.parametrize("way", ["fail", "end_many", "lapse"])
def test_no_more_than_a_hundred_are_kept(conn: Connection, way: str) -> None:
    most, task, attempt = LIMIT["history"], f"{conn.prefix}task", f"{conn.prefix}attempt"
    task_id, neighbour = started(conn, max_count=1000), started(conn)
    calls.fail(conn, neighbour, 1)
    execute(conn, f"UPDATE {task} SET attempts = {most + 50} WHERE task_id = {task_id}")
    for n in range(1, most + 1):
        execute(
            conn,
            f"INSERT INTO {attempt} (task_id, attempt, started_at, ended_at, outcome) "
            f"SELECT task_id, {n}, started_at, started_at, 'failed' FROM {task} "
            f"WHERE task_id = {task_id}",
        )
    for n in range(most + 50, most + 53):
        if way == "fail":
            calls.fail(conn, task_id)
        elif way == "end_many":
            calls.end_many(conn, "w", [AttemptEnd(task_id, n, "fail")])
        calls.processing(conn, task_id)
    kept = [n for n, _ in history(conn, task_id)]
    assert len(kept) <= most
    assert kept[-3:] == [most + 50, most + 51, most + 52]
    assert history(conn, neighbour) == [(1, "failed")]


def test_they_go_with_their_task(conn: Connection) -> None:
    gone, kept = ended(conn, Status.FAILED), ended(conn, Status.FAILED)
    age(conn, 8 * DAY, gone)
    assert calls.purge(conn) == 1
    assert query(conn, f"SELECT task_id FROM {conn.prefix}attempt") == [(kept,)]


def test_rows_of_a_task_that_somebody_has_deleted_are_in_nobodys_way(conn: Connection) -> None:
    task_id = started(conn)
    calls.fail(conn, task_id, 1, "of another task")
    execute(conn, f"UPDATE {conn.prefix}task SET attempts = 0 WHERE task_id = {task_id}")
    calls.processing(conn, task_id, 1)
    calls.fail(conn, task_id, 1, "of this one")
    assert [one.error for one in calls.read_task(conn, task_id).attempts] == ["of this one"]
