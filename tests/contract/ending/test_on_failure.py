"""on_failure: a task that ends in failure creates one on another queue, in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import pytest
from inputs import HOSTILE, SMILE, WAYS, make
from testing import age, content, new, query, read_committed, rest_queues, row, started

from qtask_db import AttemptEnd, Connection, NewTask, Schedule, Status, Task, calls
from qtask_db.errors import InvalidArgument

DAY = 86400
JOB = ("job", {}, 60, "Q")
ENDS: dict[str, Callable[[Connection, int], object]] = {
    "fail": lambda c, t: calls.fail(c, t, 1, "broken"),
    "reject": lambda c, t: calls.reject(c, t, 1, "broken"),
    "end_many, fail": lambda c, t: calls.end_many(c, "w", [AttemptEnd(t, 1, "fail", "broken")]),
    "end_many, reject": lambda c, t: calls.end_many(c, "w", [AttemptEnd(t, 1, "reject", "broken")]),
    "cancel": calls.cancel,
    "expire": lambda c, t: (age(c, DAY, t), calls.expire(c)),
    "scan": lambda c, t: (age(c, DAY, t), calls.scan(c, "r", held=["DEAD"])),
    "take": lambda c, t: (
        age(c, DAY, t), calls.set_delivery(c, "Q", "direct"), calls.take(c, "w", ["Q"]),
    ),
}  # fmt: skip


def dead(conn: Connection, queue: str = "DEAD", **where: Any) -> list[dict[str, Any]]:
    """The payloads of its tasks, the oldest first."""
    found = calls.list_tasks(conn, queue=queue, **where)
    return [json.loads(calls.read_task(conn, one.task_id).payload) for one in reversed(found)]


def registered(conn: Connection) -> list[tuple[str, str]]:
    """The queues that are not removed, with their namespaces."""
    kept = f"SELECT namespace, queue FROM {conn.prefix}queue WHERE removed_at IS NULL"
    return sorted(query(conn, kept))


@pytest.mark.parametrize("end", ENDS)
def test_any_end_in_failure_creates_it(conn: Connection, end: str) -> None:
    payload = '{"n": 18446744073709551617.10}'
    task_id = started(
        conn, max_count=1, deadline=3600, interval=60, payload=payload, order_no="8973",
        on_failure="DEAD",
    )  # fmt: skip
    ENDS[end](conn, task_id)
    found = row(conn, task_id)
    assert found["status"] in (Status.FAILED, Status.CANCELLED)
    (made,) = calls.list_tasks(conn, queue="DEAD")
    assert (made.name, made.order_no, made.status) == ("job", None, Status.WAITING)
    details = calls.read_task(conn, made.task_id)
    assert (details.interval, details.on_failure) == (60, None)
    assert payload in details.payload, "each digit is kept"
    assert json.loads(details.payload) == {
        "failed_task": {
            "task_id": task_id, "name": "job", "queue": "Q", "order_no": "8973", "attempts": 1,
            "status": found["status"], "reason": found["last_error"],
            "payload": json.loads(payload),
        }
    }  # fmt: skip


def test_a_relay_finds_it(conn: Connection) -> None:
    calls.cancel(conn, new(conn, delay=60, on_failure="DEAD"))
    assert [m.queue for m in calls.scan(conn, "r").messages] == ["DEAD"]


def test_a_scan_that_fails_it_tells_that_there_is_more_now(conn: Connection) -> None:
    new(conn, deadline=60, on_failure="DEAD")
    age(conn, DAY)
    assert calls.scan(conn, "r").wait == 0
    assert [m.queue for m in calls.scan(conn, "r").messages] == ["DEAD"]


def test_what_is_not_the_end_creates_none(conn: Connection) -> None:
    task_id = started(conn, max_count=2, on_failure="DEAD")
    calls.fail(conn, task_id, 1)
    calls.processing(conn, task_id, 2)
    calls.snooze(conn, task_id, 2, 1)
    calls.processing(conn, task_id, 3)
    calls.finish(conn, task_id, 3)
    calls.end_many(conn, "w", [AttemptEnd(task_id, 3, "fail")])
    assert dead(conn) == []


def test_each_failure_creates_one(conn: Connection) -> None:
    task_id = started(conn, on_failure="DEAD")
    calls.reject(conn, task_id, 1, "first")
    calls.retry(conn, task_id)
    calls.cancel(conn, task_id)
    made = [one["failed_task"] for one in dead(conn)]
    assert [(one["status"], one["reason"]) for one in made] == [(90, "first"), (80, "first")]


def test_of_many_each_in_its_own_place(conn: Connection) -> None:
    queues = ["DEAD", "DEAD", None, SMILE, "DEAD"]
    many = [
        started(conn, queue, on_failure=there, namespace=where)
        for queue, there, where in zip("QRQQQ", queues, [None, None, None, None, "n"], strict=True)
    ]
    before = started(conn, on_failure="DEAD")
    calls.reject(conn, before, 1)
    ends = [AttemptEnd(task_id, 1, "reject") for task_id in [*many, before]]
    assert len(calls.end_many(conn, "w", ends)) == 6
    made = [one["failed_task"]["task_id"] for one in dead(conn, namespace="default")]
    assert made == [before, *many[:2]]
    assert [one["failed_task"]["task_id"] for one in dead(conn, SMILE)] == [many[3]]
    assert [one["failed_task"]["task_id"] for one in dead(conn, namespace="n")] == [many[4]]


def test_it_is_rolled_back_with_the_failure(
    conn: Connection, connect: Callable[..., Connection]
) -> None:
    task_id = started(conn, on_failure="DEAD")
    before = content(conn)
    own = connect(autocommit=False)
    calls.reject(own, task_id, 1)
    assert len(dead(own)) == 1
    own.rollback()
    assert content(conn) == before


@pytest.mark.parametrize("text", HOSTILE, ids=lambda e: ascii(e)[:20])
def test_any_text_is_kept(conn: Connection, text: str) -> None:
    name = text.strip()[:120].strip() or "x"
    task_id = started(conn, name, name=name, payload={"text": text}, on_failure=name)
    calls.reject(conn, task_id, 1, text)
    (made,) = (one for one in dead(conn, name) if "failed_task" in one)
    assert made["failed_task"]["payload"] == {"text": text}
    assert (made["failed_task"]["name"], made["failed_task"]["reason"]) == (name, text)


@pytest.mark.parametrize("way", WAYS)
def test_every_creation_takes_it(conn: Connection, way: str) -> None:
    task: Task = make(conn, way, on_failure=SMILE)
    assert calls.read_task(conn, task.task_id).on_failure == SMILE
    assert calls.read_task(conn, make(conn, way).task_id).on_failure is None


def test_many_at_once_have_their_own(conn: Connection) -> None:
    queues = ["A", None, "B"]
    own = [NewTask("job", {}, 60, "Q", on_failure=queue) for queue in queues]
    alike = [NewTask("job", {}, 60, "Q", order_no=f"{n}", on_failure="C") for n in (1, 2, 1)]
    for tasks, expected in ((own, queues), (alike, ["C"] * 3), (own + alike, queues + ["C"] * 3)):
        made = calls.create_many(conn, tasks)
        assert [calls.read_task(conn, one.task_id).on_failure for one in made] == expected


@pytest.mark.parametrize("way", WAYS)
def test_its_queue_is_registered_at_creation(conn: Connection, way: str) -> None:
    make(conn, way, on_failure="DEAD", namespace="n")
    assert registered(conn) == [("n", "DEAD"), ("n", "Q")]
    make(conn, way, on_failure="Q", queue="DEAD", namespace="n")
    make(conn, way, on_failure="A", namespace="n")
    make(conn, way, on_failure="Z", queue="Z", namespace="n")
    assert registered(conn) == [("n", queue) for queue in ("A", "DEAD", "Q", "Z")]


@pytest.mark.parametrize("on_failure", [["A", "A"], [None, "A"], [None, "A", "null"]])
@pytest.mark.parametrize("known", ["", "Q", "QA", "Q, A removed"])
def test_bulk_calls_register_all_of_them(
    conn: Connection, on_failure: list[str | None], known: str
) -> None:
    for queue in known[:2].strip(","):
        calls.resume(conn, queue)
    if "removed" in known:
        calls.resume(conn, "A")
        calls.remove_queue(conn, "A")
    calls.create_many(conn, [NewTask(*JOB, on_failure=queue) for queue in on_failure])
    names = {"Q", *on_failure} - {None}
    assert registered(conn) == [("default", queue) for queue in sorted(names)]


def test_a_schedule_registers_it(conn: Connection) -> None:
    calls.set_schedule(conn, Schedule("daily", "Q", every=60, on_failure="DEAD"))
    assert registered(conn) == [("default", "DEAD"), ("default", "Q")]


@pytest.mark.parametrize("known", [True, False], ids=["marked", "deleted"])
def test_a_queue_that_was_removed_is_registered_again(conn: Connection, known: bool) -> None:
    task_id = started(conn, on_failure="DEAD")
    calls.remove_queue(conn, "DEAD")
    if not known:
        rest_queues(conn)
        calls.remove_queue(conn, "DEAD")
    calls.reject(conn, task_id, 1)
    assert len(dead(conn)) == 1
    assert registered(conn) == [("default", "DEAD"), ("default", "Q")]


def test_failures_do_not_wait_for_each_other(
    conn: Connection, connect: Callable[..., Connection]
) -> None:
    tasks = [started(conn, on_failure="DEAD") for _ in range(2)]
    first, second = connect(autocommit=False), connect(autocommit=False)
    calls.reject(first, tasks[0], 1)
    thread = Thread(target=calls.reject, args=(second, tasks[1], 1), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "it waits for the other transaction"
    first.rollback()
    second.commit()
    assert [one["failed_task"]["task_id"] for one in dead(conn)] == [tasks[1]]


CREATE: dict[str, Callable[[Connection, str, str], object]] = {
    "create": lambda c, q, f: calls.create(c, "job", {}, 60, q, on_failure=f),
    "set_schedule": lambda c, q, f: calls.set_schedule(
        c, Schedule(f"of {q}", q, every=60, on_failure=f)
    ),
}


@pytest.mark.parametrize("way", CREATE)
@pytest.mark.parametrize("queues", ["AB", "BA"])
def test_new_queues_are_registered_in_one_order(
    conn: Connection, connect: Callable[..., Connection], way: str, queues: str
) -> None:
    """So creators with crossed pairs do not deadlock: who waits for B has A, whichever is whose."""
    blocker, creator, other = (connect(autocommit=False) for _ in range(3))
    for one in (creator, other):
        read_committed(one)  # elsewhere a queue that is newer than the snapshot may be a Conflict
    calls.resume(conn, "AA")  # what waits for B may lock the gap before it, too
    calls.resume(blocker, "B")
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(CREATE[way], creator, *queues)]
        with pytest.raises(TimeoutError):
            waiting[0].result(0.3)
        waiting.append(pool.submit(calls.resume, other, "A"))
        with pytest.raises(TimeoutError):
            waiting[1].result(0.3)
        blocker.commit()
        waiting[0].result(60)
        creator.commit()
        waiting[1].result(60)
    other.commit()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("queue", ["", " ", " x", "x ", "x" * 129])
def test_a_bad_name_is_refused(conn: Connection, way: str, queue: str) -> None:
    with pytest.raises(InvalidArgument, match="on_failure must be a string of 1 to 128"):
        make(conn, way, on_failure=queue)
    with pytest.raises(InvalidArgument, match="on_failure"):
        calls.create_many(conn, [NewTask("job", {}, 60, "Q", on_failure=q) for q in (queue, "A")])
    assert calls.list_tasks(conn) == []


@pytest.mark.parametrize("action", ["cancel", "reject"])
def test_many_that_an_operator_ends_create_it_too(conn: Connection, action: str) -> None:
    running, waiting = started(conn, on_failure="DEAD"), new(conn, on_failure="DEAD")
    assert calls.change_tasks(conn, action, [running, waiting]).changed == 2
    assert sorted(one["failed_task"]["task_id"] for one in dead(conn)) == [running, waiting]
    outcomes = [one.outcome for one in calls.read_task(conn, running).attempts]
    assert outcomes == [{"cancel": "cancelled", "reject": "rejected"}[action]]
    assert calls.read_task(conn, waiting).attempts == []
