"""Scans remember the low end of lanes in which it is slow to find, because a long snapshot keeps
what has left them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from testing import age, age_batches, count, ended, execute, new, query

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import Status
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

Connect = Callable[..., Connection]
VALID = ("- INTERVAL 2 SECOND", "+ INTERVAL 20 SECOND")
NOT_VALID = {
    "run out": ("- INTERVAL 2 SECOND", "- INTERVAL 1 SECOND"),
    "the clock was set back since it was learned": (
        "+ INTERVAL 1 SECOND",
        "+ INTERVAL 20 SECOND",
    ),
    "the clock was set back by much": ("- INTERVAL 2 SECOND", "+ INTERVAL 1 HOUR"),
}


def remember(conn: Connection, lane: int, first_at: str, valid_until: str) -> None:
    now = "UTC_TIMESTAMP(3)"
    execute(
        conn,
        f"REPLACE INTO {conn.prefix}low_end VALUES ({lane}, {now} {first_at}, {now} {valid_until})",
    )


def lane_of(conn: Connection, queue: str = "Q") -> int:
    found = query(conn, f"SELECT queue_id FROM {conn.prefix}queue WHERE queue = '{queue}'")
    return int(found[0][0])


def claimed(conn: Connection, limit: int = 100) -> list[int]:
    return [message.task_id for message in calls.scan(conn, "r", limit=limit).messages]


LOOKS = {
    "find_first": "  SET out_took",
    "look_for_tasks": "  SET out_took",
    "scan_tasks": "    SET v_slow",
}
"""The procedures that measure how long they look, and how the statement begins that does."""


@pytest.fixture
def slow(conn: Connection) -> Iterator[None]:
    """Each look takes ten milliseconds."""
    plain = {o.name: o.text for o in Renderer("mysql", Settings()).objects}
    made = {f"qtask_{name}": measured for name, measured in LOOKS.items()}
    for name, measured in made.items():
        assert measured in plain[name]
        replace(conn, name, plain[name].replace(measured, f"  DO SLEEP(0.01);\n{measured}"))
    yield
    for name in made:
        replace(conn, name, plain[name])


def replace(conn: Connection, procedure: str, text: str) -> None:
    execute(conn, f"DROP PROCEDURE {procedure}")
    execute(conn, text)


def test_nothing_is_remembered_where_looks_are_quick(conn: Connection) -> None:
    for _ in range(5):
        new(conn)
        assert len(claimed(conn)) == 1
        calls.next_due(conn)
        ended(conn, Status.FINISHED)
        calls.purge(conn, 10)
    assert count(conn, "low_end") == 0


@pytest.mark.usefixtures("slow")
def test_a_slow_lane_is_remembered(conn: Connection) -> None:
    new(conn, "OTHER", namespace="other")
    new(conn)
    calls.scan(conn, "r", namespace="default")
    ((lane, early, late, until),) = query(
        conn,
        "SELECT lane, TIMESTAMPDIFF(MICROSECOND, first_at, UTC_TIMESTAMP(3)) >= 1000000, "
        "TIMESTAMPDIFF(MICROSECOND, first_at, UTC_TIMESTAMP(3)) < 10000000, "
        "TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), valid_until) BETWEEN 0 AND 30000000 "
        f"FROM {conn.prefix}low_end",
    )
    assert (lane, early, late, until) == (lane_of(conn), 1, 1, 1)


@pytest.mark.usefixtures("slow")
def test_what_waits_bounds_the_low_end(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(3)]
    age(conn, 50)
    remember(conn, lane_of(conn), *NOT_VALID["run out"])
    assert claimed(conn, 1) == tasks[:1]
    bound = f"SELECT COUNT(*) FROM {conn.prefix}low_end, {conn.prefix}task WHERE first_at <= due_at"
    assert query(conn, bound) == [(3,)]
    assert claimed(conn) == tasks[1:]


def test_a_task_that_comes_late_is_found_when_the_row_has_run_out(conn: Connection) -> None:
    late = new(conn)
    age(conn, 100)
    remember(conn, lane_of(conn), *VALID)
    assert claimed(conn) == []
    assert 0 < calls.next_due(conn) <= 1
    remember(conn, lane_of(conn), *NOT_VALID["run out"])
    assert calls.next_due(conn) == 0
    assert claimed(conn) == [late]


@pytest.mark.parametrize("why", NOT_VALID)
def test_a_row_that_is_not_valid_is_not_used(conn: Connection, why: str) -> None:
    tasks = [new(conn) for _ in range(3)]
    age(conn, 100)
    remember(conn, lane_of(conn), *NOT_VALID[why])
    assert calls.next_due(conn) == 0
    assert claimed(conn) == tasks
    assert count(conn, "low_end") == 0, "the look was quick"


@pytest.mark.parametrize("limit", [2, 3, 100])
def test_what_is_due_is_claimed_in_order_and_past_what_others_have_locked(
    conn: Connection, connect: Connect, limit: int
) -> None:
    other = connect(autocommit=False)
    tasks = [new(conn) for _ in range(4)]
    for place, task_id in enumerate(tasks):
        age(conn, 0.4 - place / 10, task_id)
    future = new(conn, delay=100)
    remember(conn, lane_of(conn), *VALID)
    assert calls.next_due(conn) == 0
    calls.extend(other, started_in(other, tasks[1]), 1)
    found = claimed(conn, limit)
    assert found == [tasks[0], *tasks[2:]][:limit]
    other.rollback()
    assert claimed(conn) == [task for task in tasks if task not in found]
    assert future not in found


def started_in(conn: Connection, task_id: int) -> int:
    calls.processing(conn, task_id, 1)
    return task_id


@pytest.mark.parametrize("why", NOT_VALID)
def test_a_take_begins_at_the_low_end_while_it_is_valid(conn: Connection, why: str) -> None:
    calls.set_delivery(conn, "Q", "direct")
    tasks = [new(conn) for _ in range(3)]
    age(conn, 100, *tasks[:2])
    age(conn, 1, tasks[2])
    remember(conn, lane_of(conn), *VALID)
    assert [one.task_id for one in calls.take(conn, "w", ["Q"], 9).started] == tasks[2:]
    remember(conn, lane_of(conn), *NOT_VALID[why])
    assert [one.task_id for one in calls.take(conn, "w", ["Q"], 9).started] == tasks[:2]


@pytest.mark.usefixtures("slow")
def test_a_take_learns_from_a_slow_look(conn: Connection) -> None:
    calls.set_delivery(conn, "Q", "direct")
    tasks = [new(conn) for _ in range(3)]
    age(conn, 10, *tasks)
    for task_id in tasks:
        (one,) = calls.take(conn, "w", ["Q"], 1).started
        assert one.task_id == task_id
    assert count(conn, "low_end") == 1
    assert calls.take(conn, "w", ["Q"], 9, 0.1).started == []


def test_a_relay_never_sleeps_for_long(conn: Connection) -> None:
    remember(conn, 0, *VALID)
    assert calls.next_due(conn) is None
    new(conn, delay=100)
    remember(conn, lane_of(conn), *VALID)
    assert 0 < calls.next_due(conn) <= 1
    assert 0 < calls.scan(conn, "r").wait <= 1
    new(conn, "OTHER")
    assert calls.next_due(conn) == 0
    assert calls.next_due(conn, "another namespace") is None


@pytest.mark.parametrize("lapses", [False, True])
def test_a_batch_that_is_given_back_is_found_at_once(conn: Connection, lapses: bool) -> None:
    tasks = [new(conn) for _ in range(3)]
    batch = calls.scan(conn, "r")
    age_batches(conn, 100)
    remember(conn, lane_of(conn), *VALID)
    if not lapses:
        calls.release(conn, batch.batch_id, "r")
    assert calls.next_due(conn) == 0
    assert claimed(conn) == tasks


def test_a_purge_has_its_low_end_too(conn: Connection) -> None:
    for _ in range(3):
        ended(conn, Status.FINISHED)
    age(conn, 100)
    remember(conn, 0, *VALID)
    assert calls.purge(conn, 10) == 0
    remember(conn, 0, *NOT_VALID["run out"])
    assert calls.purge(conn, 2) == 2
    assert count(conn, "low_end") == 0


@pytest.mark.usefixtures("slow")
def test_many_scans_learn_at_once(conn: Connection, connect: Connect) -> None:
    queues = [f"Q{n}" for n in range(5)]
    for queue in queues:
        calls.create_many(conn, [NewTask("job", {}, 3600, queue, 0) for _ in range(100)])
    for queue in queues:
        remember(conn, lane_of(conn, queue), *NOT_VALID["run out"])
    relays = [connect() for _ in range(6)]

    def serve(relay: Connection) -> list[int]:
        found = []
        for _ in range(15):
            batch = calls.scan(relay, "r", limit=30)
            found += [message.task_id for message in batch.messages]
            if batch.batch_id and len(found) % 4 == 0:
                calls.release(relay, batch.batch_id, "r")
                found = found[: len(found) - len(batch.messages)]
        return found

    with ThreadPoolExecutor(len(relays)) as pool:
        found = [task_id for tasks in pool.map(serve, relays) for task_id in tasks]
    while rest := claimed(conn):
        found += rest
    assert len(found) == len(set(found)) == 500
    assert count(conn, "low_end") == 5
