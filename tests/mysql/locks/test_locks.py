"""Each procedure locks the rows that it returns or changes, and nothing beside them.

The locks are read in `performance_schema.data_locks`, which MariaDB does not have.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from held import (
    CHANGES,
    OF_IMPORTS,
    OF_SCHEDULES,
    WAITING,
    Change,
    Connect,
    hold_up,
    locked_ids,
    locked_keys,
    locks,
)  # fmt: skip
from testing import age, age_batches, call, ended, execute, kept_queues, new, query, started, until

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import Status
from qtask_db.schema.render import INDEX

pytestmark = pytest.mark.usefixtures("data_locks")

Test = Callable[..., None]
BUDGETED: set[str] = set()


def budget_of(*procedures: str) -> Callable[[Test], Test]:
    """Says whose locks a test compares with what they may be."""
    BUDGETED.update(procedures)
    return lambda test: test


def test_every_procedure_has_a_budget() -> None:
    public = {found["name"] for found in INDEX["procedure"] if "role" in found}
    assert public == BUDGETED | OF_IMPORTS | OF_SCHEDULES


FOR_GOOD: dict[str, Change] = {
    "fail_task for good": (lambda c: started(c, max_count=1), lambda c, t: calls.fail(c, t, 1))
}


@budget_of(*CHANGES)
@pytest.mark.parametrize("change", [*CHANGES, *FOR_GOOD])
def test_a_change_locks_its_row_only(conn: Connection, own: Connection, change: str) -> None:
    make, verb = (CHANGES | FOR_GOOD)[change]
    before = [new(conn, order_no=f"{n}") for n in (1, 9)]
    task_id = make(conn)
    after = [new(conn, order_no=f"{n}") for n in (4, 6)]
    verb(own, task_id)
    assert locked_ids(locks(conn, own)) == {task_id}
    for neighbour in before + after:  # so nobody waits
        calls.processing(conn, neighbour, 1)
    own.rollback()


def test_a_retry_checks_its_order_number_beside_its_row(conn: Connection, own: Connection) -> None:
    task_id = ended(conn, Status.FAILED, order_no="5")
    for n in (1, 9):
        new(conn, order_no=str(n))
    calls.retry(own, task_id)
    found = locks(conn, own)
    found.pop("active_order", None)  # locked by the server's own check that the number is free
    assert locked_ids(found) == {task_id}
    own.rollback()


@budget_of("explain_task", "list_tasks", "read_task", "next_due", "select_tasks")
@pytest.mark.parametrize(
    "verb", ["explain", "list_tasks", "read_task", "stats", "audit", "next_due", "select_tasks"]
)
def test_reading_locks_nothing(conn: Connection, own: Connection, verb: str) -> None:
    task_id = new(conn, order_no="1")
    arguments = (task_id,) if verb in ("explain", "read_task") else ()
    getattr(calls, verb)(own, *arguments)
    if verb == "list_tasks":
        calls.list_tasks(own, order_no="1")
    assert locks(conn, own) == {}
    assert locks(conn, own, "queue") == {}
    own.rollback()


ELEMENT = {"name": "job", "payload": {}, "interval": 60, "queue": "Q"}
COMMON = json.dumps({"name": "job", "interval": 60, "queue": "Q"})


def number(order_no: str | None) -> dict[str, str]:
    return {"order_no": order_no} if order_no else {}


CREATE: dict[str, Callable[[Connection, str | None], Any]] = {
    "create_task": lambda c, n: calls.create(c, "job", {}, 60, "Q", order_no=n),
    "delay_task": lambda c, n: calls.delay(c, "job", {}, 60, 60, "Q", order_no=n),
    "create_task_quiet": lambda c, n: call(
        c, "create_task_quiet", "job", "{}", 60, "Q", options={"order_no": n} if n else {}
    ),
    "delay_task_quiet": lambda c, n: call(
        c, "delay_task_quiet", "job", "{}", 60, 60, "Q", options={"order_no": n} if n else {}
    ),
    "create_tasks": lambda c, n: call(
        c, "create_tasks", json.dumps([ELEMENT, ELEMENT | number(n)])
    ),
    "create_task_ranges": lambda c, n: call(
        c, "create_task_ranges", json.dumps([{"payload": {}}, {"payload": {}} | number(n)]), COMMON
    ),
}


@budget_of(*CREATE)
@pytest.mark.parametrize("way", CREATE)
@pytest.mark.parametrize("order_no", [None, "5"])
def test_creating_hinders_no_other_creator(
    conn: Connection, own: Connection, way: str, order_no: str | None
) -> None:
    for n in (1, 9):
        new(conn, order_no=str(n))
    CREATE[way](own, order_no)
    execute(conn, "SET SESSION innodb_lock_wait_timeout = 1")
    for neighbour in (None, "4", "50", "51", "6", "0", "99"):
        CREATE[way](conn, neighbour)
    execute(conn, "SET SESSION innodb_lock_wait_timeout = DEFAULT")
    locked_ids(locks(conn, own))
    assert "PRIMARY" not in locks(conn, own, "queue")
    own.rollback()


@pytest.mark.parametrize("way", CREATE)
def test_a_duplicate_locks_its_entry_of_the_unique_key_only(
    conn: Connection, own: Connection, way: str
) -> None:
    tasks = {n: new(conn, order_no=n) for n in ("1", "5", "9")}
    CREATE[way](own, "5")
    found = locks(conn, own)
    assert not set(tasks.values()) & locked_ids({"PRIMARY": found.get("PRIMARY", set())})
    keys = {data for mode, data in found.get("active_order", ()) if "INSERT_INTENTION" not in mode}
    assert {key.split(",")[0] for key in keys} == {"'5'"}
    calls.processing(conn, tasks["5"], 1)  # it may be started meanwhile
    own.rollback()


@budget_of("pause_queue", "resume_queue", "set_delivery")
@pytest.mark.parametrize("verb", ["pause", "resume", "set_delivery"])
@pytest.mark.parametrize("known", [True, False])
def test_a_queue_that_opens_or_closes_hinders_no_creator(
    conn: Connection, own: Connection, verb: str, known: bool
) -> None:
    for n in range(3):
        new(conn, f"Q{n}")
    more = ["direct"] if verb == "set_delivery" else []
    getattr(calls, verb)(own, "Q1" if known else "NEW", *more)
    found = locks(conn, own, "queue")
    locked_ids(found)
    assert found.keys() == {"PRIMARY"}
    assert len(found["PRIMARY"]) == 1
    execute(conn, "SET SESSION innodb_lock_wait_timeout = 1")
    calls.create_many(conn, [NewTask("job", {}, 60, f"Q{n}", order_no="1") for n in range(3)])
    new(conn, "NEWER")
    execute(conn, "SET SESSION innodb_lock_wait_timeout = DEFAULT")
    own.rollback()


@budget_of("remove_queue", "remove_idle_queues")
@pytest.mark.parametrize("verb", ["remove_queue", "remove_idle_queues"])
def test_a_queue_that_goes_hinders_no_creator(
    conn: Connection, own: Connection, connect: Connect, verb: str
) -> None:
    ended(conn, Status.CANCELLED, queue="Q0")
    calls.resume(conn, "Q1")
    calls.pause(own, "Q1")  # the call waits for it, with what it has locked
    remover = connect()
    arguments = ("Q1", None) if verb == "remove_queue" else (86400, 10)
    thread = Thread(target=lambda: call(remover, verb, *arguments))
    thread.start()
    waiting = f"SELECT COUNT(*) FROM performance_schema.data_lock_waits WHERE {WAITING}"
    until(lambda: query(conn, waiting.format(remover.raw.thread_id())) == [(1,)])
    assert locks(conn, remover, "queue").keys() == {"PRIMARY"}
    assert locks(conn, remover) == {}
    new(conn, "Q0")
    new(conn, "NEW")
    own.rollback()
    thread.join(25)
    assert not thread.is_alive()
    assert kept_queues(conn) == [("NEW", True), ("Q0", verb == "remove_queue"), ("Q1", False)]


@budget_of("scan_tasks")
def test_a_scan_locks_the_tasks_that_it_claims_without_gaps(
    conn: Connection, connect: Connect
) -> None:
    """A trigger that waits for a lock holds the scan up while it writes its journal."""
    tasks = [new(conn) for _ in range(6)]
    for place, task_id in enumerate(tasks):
        age(conn, 100 - place, task_id)
    late = new(conn, "LATE", deadline=10)
    age(conn, 20, late)
    future = new(conn, delay=100)
    finished = ended(conn, Status.FINISHED, queue="OTHER")
    assert hold_up(conn, connect, lambda c: calls.scan(c, "r", limit=8)) == {late, *tasks[:4]}
    assert not {future, finished} & {late, *tasks[:4]}


@budget_of("take_tasks")
def test_a_take_locks_the_tasks_that_it_starts_without_gaps(
    conn: Connection, connect: Connect
) -> None:
    calls.set_delivery(conn, "Q", "direct")
    tasks = [new(conn) for _ in range(6)]
    for place, task_id in enumerate(tasks):
        age(conn, 100 - place, task_id)
    future = new(conn, delay=100)
    redis = new(conn, "REDIS")
    age(conn, 100, redis)
    take = lambda c: calls.take(c, "w", ["Q", "REDIS", "NEW"], 4)  # noqa: E731
    assert hold_up(conn, connect, take, "UPDATE", "task") == set(tasks[:4])
    assert not {future, redis} & set(tasks)


@budget_of("confirm_batch")
def test_a_confirmation_locks_its_journal_entry(conn: Connection, connect: Connect) -> None:
    for task_id in [new(conn) for _ in range(3)]:
        age(conn, 1, task_id)
    batches = [calls.scan(conn, "r", limit=1).batch_id for _ in range(3)]
    verb = lambda c: calls.confirm(c, batches[1], "r")  # noqa: E731
    assert hold_up(conn, connect, verb, "DELETE", locked="batch") == {batches[1]}


@budget_of("release_batch")
def test_a_release_locks_the_tasks_of_its_batch(conn: Connection, connect: Connect) -> None:
    tasks = [new(conn) for _ in range(3)]
    batch = calls.scan(conn, "r")
    new(conn)
    verb = lambda c: calls.release(c, batch.batch_id, "r")  # noqa: E731
    assert hold_up(conn, connect, verb, "DELETE") == set(tasks)


def test_a_scan_that_gives_a_batch_back_locks_it_alone(conn: Connection, connect: Connect) -> None:
    tasks = [new(conn) for _ in range(3)]
    calls.scan(conn, "dead")
    other = new(conn)
    calls.scan(conn, "alive", lease=1000)
    age_batches(conn, 100)
    found = hold_up(conn, connect, lambda c: calls.scan(c, "r"), "DELETE")
    assert found == set(tasks)
    assert other not in found


@budget_of("purge_tasks")
def test_a_purge_locks_what_it_deletes(conn: Connection, connect: Connect) -> None:
    tasks = [ended(conn, Status.FINISHED) for _ in range(5)]
    for place, task_id in enumerate(tasks):
        age(conn, 100 - place, task_id)
    active = new(conn)
    found = hold_up(conn, connect, lambda c: calls.purge(c, 3), "DELETE", "task")
    assert found == set(tasks[:3])
    assert active not in found


@budget_of("expire_tasks")
def test_an_expiry_locks_what_it_fails(conn: Connection, connect: Connect) -> None:
    due = [new(conn) for _ in range(3)]
    tasks = [new(conn, deadline=50) for _ in range(5)]
    for place, task_id in enumerate([*due, *tasks]):
        age(conn, 100 - place, task_id)
    found = hold_up(conn, connect, lambda c: calls.expire(c, 3), "UPDATE", "task")
    assert found == set(tasks[:3])


@budget_of("redrive_tasks")
def test_a_redrive_locks_what_it_makes_due(conn: Connection, connect: Connect) -> None:
    tasks = [new(conn, interval=100 + n) for n in range(5)]
    calls.scan(conn, "r")
    later = [new(conn, delay=n) for n in (90, 101, 102, 200)]
    found = hold_up(conn, connect, lambda c: calls.redrive(c, limit=3), "UPDATE", "task")
    assert found == set(tasks[:3])
    assert not found & set(later)


def rows(found: dict[str, set[tuple[str, str]]]) -> set[int]:
    """Beside them the server checks whether the order numbers are free, in entries of attempts that
    ended a moment ago as long as it has not purged them.
    """
    return locked_ids({index: keys for index, keys in found.items() if index != "active_order"})


@budget_of("change_tasks")
@pytest.mark.parametrize("action", ["retry", "cancel", "reject"])
def test_a_change_of_many_locks_what_it_changes(
    conn: Connection, connect: Connect, action: str
) -> None:
    make = new if action != "retry" else lambda c, **o: ended(c, Status.FAILED, **o)
    tasks = [make(conn, order_no=f"{n}") for n in range(5)]
    change = lambda c: calls.change_tasks(c, action, tasks[1:4])  # noqa: E731
    assert hold_up(conn, connect, change, "UPDATE", "task", keys=rows) == set(tasks[1:4])


@budget_of("report_process", "forget_process")
def test_a_report_locks_its_row(conn: Connection, connect: Connect) -> None:
    for name in ("w1", "w3", "w5"):
        calls.report_process(conn, name, "worker", uptime=0)
    report = lambda c: calls.report_process(c, "w3", "worker", uptime=0)  # noqa: E731
    forget = lambda c: calls.forget_process(c, "w3")  # noqa: E731
    for verb, event in ((report, "UPDATE"), (forget, "DELETE")):
        found = hold_up(conn, connect, verb, event, "process", "process", locked_keys)
        assert found == {"'w3'"}
