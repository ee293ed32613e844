"""A stolen account of one role can do what docs/guides/security.md says of it, and no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from testing import execute, new, row

from qtask_db import Connection, ImportTask, Schedule, Status, calls
from qtask_db.errors import AccessDenied, NotInstalled
from qtask_db.schema.render import ROLES

Account = Callable[..., Connection]
DENIED = (AccessDenied, NotInstalled)
"""Oracle does not tell what may not be seen from what is not there."""
QUEUE, ORDER, PAYLOAD = "PAY", "order-of-the-victim", {"card": "number-of-the-victim"}


def start(conn: Connection, task_id: int) -> object:
    return calls.processing(conn, task_id)


def receive(conn: Connection, task_id: int) -> object:
    return calls.receive(conn, task_id, None, QUEUE)


def finish(conn: Connection, task_id: int) -> object:
    calls.processing(conn, task_id)
    return calls.finish(conn, task_id)


def reject(conn: Connection, task_id: int) -> object:
    return calls.reject(conn, task_id, calls.processing(conn, task_id))


def claim(conn: Connection, _task_id: int) -> object:
    return calls.scan(conn, "thief").messages


ACTS: dict[str, Callable[[Connection, int], object]] = {
    "create": lambda conn, _: calls.create(conn, "job", {}, 60, QUEUE),
    "find out the number of a task by its order number": lambda conn, _: calls.create(
        conn, "job", {}, 60, QUEUE, order_no=ORDER
    ),
    "start": start,
    "read by the name of its queue": receive,
    "end": finish,
    "explain": calls.explain,
    "read": calls.read_task,
    "reject": reject,
    "list": lambda conn, _: calls.list_tasks(conn, order_no=ORDER),
    "claim": claim,
    "count": lambda conn, _: calls.depth(conn),
    "cancel": calls.cancel,
    "pause": lambda conn, _: calls.pause(conn, QUEUE),
    "purge": lambda conn, _: calls.purge(conn),
    "select": lambda conn, _: calls.select_tasks(conn, queue=QUEUE),
    "cancel all": lambda conn, task_id: calls.change_tasks(conn, "cancel", [task_id]),
    "finish as imported": lambda conn, task_id: calls.import_tasks(
        conn, [ImportTask(task_id, "job", QUEUE, Status.FINISHED)]
    ),
    "reserve ids": lambda conn, _: calls.reserve_ids(conn, 1),
    "pose as a process": lambda conn, _: calls.report_process(conn, "w", "worker", uptime=0),
    "see the processes": lambda conn, _: calls.list_processes(conn),
    "run due schedules": lambda conn, _: calls.run_due_schedules(conn),
    "set a schedule": lambda conn, _: calls.set_schedule(conn, Schedule("S", QUEUE, every=60)),
    "read schedules": lambda conn, _: calls.list_schedules(conn),
}
CREATE = {"create", "find out the number of a task by its order number"}
POSE = "pose as a process"
WORK = {
    "start", "end", "reject", "read by the name of its queue", "purge", "run due schedules", POSE,
}  # fmt: skip
GOOD_FOR = {
    "producer": CREATE,
    "worker": WORK,
    "app": {*CREATE, *WORK, "explain"},
    "relay": {"claim", "purge", "run due schedules", POSE},
    "monitor": {"count", "see the processes"},
    "operator": {
        "explain",
        "read",
        "list",
        "count",
        "cancel",
        "pause",
        "purge",
        "select",
        "cancel all",
        "finish as imported",
        "reserve ids",
        "see the processes",
        "run due schedules",
        "set a schedule",
        "read schedules",
    },
}


@pytest.mark.parametrize("role", ROLES)
def test_it_is_good_for(role: str, conn: Connection, account: Account) -> None:
    thief = account(role)
    could = set()
    for name, act in ACTS.items():
        victim = new(conn, QUEUE, payload=PAYLOAD, order_no=ORDER)
        try:
            act(thief, victim)
            could.add(name)
        except DENIED:
            assert row(conn, victim)["status"] == Status.WAITING
        execute(conn, f"DELETE FROM {conn.prefix}task")
    assert could == GOOD_FOR[role]


@pytest.mark.parametrize("role", ROLES)
def test_what_it_reads(role: str, conn: Connection, account: Account) -> None:
    """Payloads are for those who carry them; order numbers for people, too."""
    thief = account(role)
    seen = ""
    for act in ACTS.values():
        victim = new(conn, QUEUE, payload=PAYLOAD, order_no=ORDER, delay=0)
        try:
            seen += repr(act(thief, victim))
        except DENIED as error:
            seen += str(error)
        execute(conn, f"DELETE FROM {conn.prefix}task")
    assert ("number-of-the-victim" in seen) == (role in {"relay", "worker", "app", "operator"})
    assert (ORDER in seen) == (role in {"operator", "app"})


@pytest.mark.parametrize("role", ["relay", "operator"])
def test_nobody_ends_a_task_before_its_time(role: str, conn: Connection, account: Account) -> None:
    thief = account(role)
    active, kept = new(conn, QUEUE), new(conn, QUEUE, delete_deadline=3600)
    start(conn, kept)
    calls.finish(conn, kept)
    assert (calls.expire(thief), calls.purge(thief)) == (0, 0)
    assert row(conn, active)["status"] == Status.WAITING
