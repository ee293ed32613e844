"""take_tasks: due tasks of direct queues, started for a consumer and returned."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from inputs import HOSTILE
from testing import age, content, new, row

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument, QueueNotDirect, TransactionOpen
from qtask_db.models import ReceivedTask, Taken

Connect = Callable[..., Connection]


@pytest.fixture
def direct(conn: Connection) -> Connection:
    """With three direct queues, and R, which is not."""
    for queue in ("Q", "A", "B"):
        calls.set_delivery(conn, queue, "direct")
    calls.set_delivery(conn, "R", "redis")
    return conn


def take(conn: Connection, *queues: str, limit: int = 10, wait: float = 0, **more: Any) -> Taken:
    return calls.take(conn, "w", queues or ["Q"], limit, wait, **more)


def ids(taken: Taken) -> list[int]:
    return [one.task_id for one in taken.started]


def test_it_starts_and_returns_what_is_due(direct: Connection) -> None:
    task_id = new(direct, interval=50, payload={"order_no": "8973"})
    taken = take(direct)
    found = row(direct, task_id)
    assert taken == Taken([ReceivedTask(task_id, 1, "Q", found["payload"], 50, 0)], [])
    assert json.loads(found["payload"]) == {"order_no": "8973"}
    assert (found["status"], found["attempts"]) == (Status.PROCESSING, 1)
    assert take(direct).started == []
    calls.finish(direct, task_id, 1)
    assert row(direct, task_id)["status"] == Status.FINISHED


def test_a_real_time_task_is_due_at_once_and_nobody_is_to_push_it(direct: Connection) -> None:
    task = calls.create(direct, "n", {}, 60, "Q")
    many = calls.create_many(direct, [calls.NewTask("n", {}, 60, "Q")])
    assert (task.pushable, many[0].pushable) == (False, False)
    assert sorted(ids(take(direct))) == sorted([task.task_id, many[0].task_id])


def test_scans_pass_it_by(direct: Connection) -> None:
    mine, theirs = new(direct), new(direct, "R")
    age(direct, 60, theirs)
    assert [m.task_id for m in calls.scan(direct, "r").messages] == [theirs]
    assert calls.next_due(direct) is not None
    assert ids(take(direct)) == [mine]


def test_the_first_queue_comes_first(direct: Connection) -> None:
    tasks = {queue: [new(direct, queue) for _ in range(3)] for queue in "ABQ"}
    assert ids(take(direct, "B", "Q", "A", limit=4)) == [*tasks["B"], tasks["Q"][0]]
    assert ids(take(direct, "A", "Q", limit=9)) == [*tasks["A"], *tasks["Q"][1:]]


def test_others_are_left_alone(direct: Connection) -> None:
    new(direct, "A")
    later = calls.delay(direct, "n", {}, 3600, 60, "Q")
    assert take(direct).started == []
    assert row(direct, later.task_id)["attempts"] == 0


def test_of_a_namespace(direct: Connection) -> None:
    calls.set_delivery(direct, "Q", "direct", "n")
    mine, other = new(direct, namespace="n"), new(direct)
    assert ids(take(direct, namespace="n")) == [mine]
    assert ids(take(direct)) == [other]
    with pytest.raises(QueueNotDirect):
        take(direct, namespace="nowhere")


def test_one_that_is_not_direct_is_told(direct: Connection) -> None:
    task_id = new(direct, "R")
    mine = new(direct)
    taken = take(direct, "R", "Q")
    assert (ids(taken), taken.redis) == ([mine], ["R"])
    before = content(direct)
    with pytest.raises(QueueNotDirect):
        take(direct, "R", "NEW")
    assert content(direct) == before
    assert row(direct, task_id)["attempts"] == 0


def test_an_unfinished_task_comes_again_after_its_interval(direct: Connection) -> None:
    task_id = new(direct, interval=30)
    assert ids(take(direct)) == [task_id]
    assert take(direct).started == []
    age(direct, 30, task_id)
    (again,) = take(direct).started
    assert (again.task_id, again.attempt, again.lapses) == (task_id, 2, 1)


def test_attempts_that_do_not_count_are_told(direct: Connection) -> None:
    new(direct)
    (first,) = take(direct).started
    calls.return_many(direct, [(first.task_id, first.attempt)])
    (second,) = take(direct).started
    calls.fail(direct, second.task_id, second.attempt, delay=0)
    (third,) = take(direct).started
    assert [one.attempts_before for one in (first, second, third)] == [0, 1, 1]
    assert (third.attempt, third.lapses) == (3, 0)


@pytest.mark.parametrize("limit", [1, 2, 500])
def test_expired_tasks_fail_and_are_not_counted_as_an_answer(
    direct: Connection, limit: int
) -> None:
    late = [new(direct, deadline=5) for _ in range(3)]
    age(direct, 20)
    good = new(direct)
    assert ids(take(direct, limit=limit)) == [good]
    assert {row(direct, task_id)["status"] for task_id in late} == {Status.FAILED}


def test_a_paused_queue_gives_none(direct: Connection) -> None:
    task_id = new(direct)
    calls.pause(direct, "Q")
    assert take(direct) == Taken([], [])
    calls.resume(direct, "Q")
    assert ids(take(direct)) == [task_id]


def test_a_removed_queue_is_still_direct(direct: Connection) -> None:
    calls.remove_queue(direct, "Q")
    assert take(direct) == Taken([], [])
    task_id = new(direct)
    assert ids(take(direct)) == [task_id]


def test_a_parked_task_is_taken(direct: Connection) -> None:
    task_id = new(direct, "R")
    age(direct, 60, task_id)
    calls.pause(direct, "R")
    calls.scan(direct, "r")
    assert row(direct, task_id)["lane"] < 0
    calls.set_delivery(direct, "R", "direct")
    calls.resume(direct, "R")
    assert ids(take(direct, "R")) == [task_id]


def test_it_waits_and_returns_at_once_when_something_is_due(
    direct: Connection, connect: Connect
) -> None:
    other = connect()

    def create() -> None:
        time.sleep(0.3)
        new(other)

    thread = threading.Thread(target=create)
    thread.start()
    began = time.monotonic()
    taken = take(direct, wait=20)
    took = time.monotonic() - began
    thread.join()
    assert len(taken.started) == 1
    assert took < 15


def test_it_waits_no_longer_than_it_may(direct: Connection) -> None:
    began = time.monotonic()
    assert take(direct, "Q", "A", wait=0.3).started == []
    assert time.monotonic() - began >= 0.29


def test_a_delayed_task_comes_when_its_time_has_come(direct: Connection) -> None:
    task = calls.delay(direct, "n", {}, 1, 60, "Q")
    assert ids(take(direct, wait=20)) == [task.task_id]


def test_two_never_take_the_same(direct: Connection, connect: Connect) -> None:
    created = calls.create_many(direct, [calls.NewTask("n", {}, 60, "Q") for _ in range(300)])
    taken: list[int] = []

    def work(conn: Connection) -> None:
        while some := ids(take(conn, limit=7)):
            taken.extend(some)

    threads = [threading.Thread(target=work, args=[connect()]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken) == Counter({task.task_id: 1 for task in created})


def test_both_ways_under_way(direct: Connection) -> None:
    task_id = new(direct, "R", interval=30)
    age(direct, 60, task_id)
    (message,) = calls.scan(direct, "r").messages
    calls.set_delivery(direct, "R", "direct")
    # The message is on its way: it starts the task, and the task is nobody else's meanwhile.
    assert take(direct, "R").started == []
    assert calls.processing(direct, task_id, message.attempt) == 1
    age(direct, 31, task_id)
    (second,) = take(direct, "R").started
    assert second.attempt == 2
    calls.set_delivery(direct, "R", "redis")
    age(direct, 61, task_id)
    assert [(m.task_id, m.attempt) for m in calls.scan(direct, "r").messages] == [(task_id, 3)]


@pytest.mark.usefixtures("direct")
def test_an_open_transaction_is_refused(connect: Connect) -> None:
    conn = connect(autocommit=False)
    new(conn)
    with pytest.raises(TransactionOpen):
        take(conn)
    conn.rollback()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("in_worker", None), ("in_worker", ""), ("in_worker", "x" * (LIMIT["relay"] + 1)),
        ("in_worker", " w"), ("in_queues", None), ("in_queues", ""), ("in_queues", "[]"),
        ("in_queues", "{}"), ("in_queues", "no"), ("in_queues", json.dumps(["Q"] * 10_001)),
        ("in_limit", None), ("in_limit", 0), ("in_limit", LIMIT["rows"] + 1),
        ("in_wait_ms", None), ("in_wait_ms", -1), ("in_wait_ms", LIMIT["wait_ms"] + 1),
        ("in_namespace", " n"), ("in_namespace", "n" * (LIMIT["namespace"] + 1)),
    ],
)  # fmt: skip
def test_bad_arguments(direct: Connection, argument: str, value: Any) -> None:
    given = {
        "in_worker": "w", "in_queues": '["Q"]', "in_limit": 1, "in_wait_ms": 0, "in_namespace": None
    } | {argument: value}  # fmt: skip
    before = content(direct)
    with pytest.raises(InvalidArgument, match=argument):
        direct.call("take_tasks", *given.values())
    assert content(direct) == before


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_no_queue_has(direct: Connection, name: str) -> None:
    task_id = new(direct)
    try:
        taken = take(direct, name, "Q")
    except InvalidArgument:
        return
    assert ids(taken) == [task_id]
