"""remove_queue: a queue without active tasks goes, and no task with it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from inputs import HOSTILE, SMILE
from testing import age, call, ended, execute, kept_queues, new, query, refused, rest_queues, row

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument, QueueInUse, QueueNotFound, TransactionOpen

DAY = DEFAULT["queue_rest"]


def registered(conn: Connection) -> list[str]:
    """The names that statistics of active tasks show, as the audit does."""
    assert [s.queue for s in calls.depth(conn)] == [s.queue for s in calls.audit(conn)]
    return [s.queue for s in calls.depth(conn)]


def test_it_is_gone_for_good_a_day_later(conn: Connection) -> None:
    calls.pause(conn, "Q")
    assert not calls.remove_queue(conn, "Q")
    assert (registered(conn), kept_queues(conn)) == ([], [("Q", False)])
    rest_queues(conn, DAY - 60)
    assert not calls.remove_queue(conn, "Q")
    rest_queues(conn, 120)
    assert calls.remove_queue(conn, "Q")
    assert kept_queues(conn) == []
    with refused(conn, QueueNotFound, "in_queue"):
        calls.remove_queue(conn, "Q")


def test_only_that_queue_of_that_namespace(conn: Connection) -> None:
    for name, namespace in (("Q", None), ("q", None), ("Q", "n")):
        calls.resume(conn, name, namespace)
    calls.remove_queue(conn, "Q", "n")
    assert registered(conn) == ["Q", "q"]
    with refused(conn, QueueNotFound):
        calls.remove_queue(conn, "Q", "N")


@pytest.mark.parametrize("way", ["create", "delay", "create_many", "pause", "resume"])
def test_its_next_use_registers_it_again(conn: Connection, way: str) -> None:
    calls.resume(conn, "Q")
    calls.remove_queue(conn, "Q")
    before = query(conn, f"SELECT queue_id FROM {conn.prefix}queue")
    if way == "create":
        new(conn)
    elif way == "delay":
        calls.delay(conn, "job", {}, 0, 60, "Q")
    elif way == "create_many":
        calls.create_many(conn, [NewTask("job", {}, 60, "Q"), NewTask("job", {}, 60, "NEW")])
    else:
        getattr(calls, way)(conn, "Q")
    assert kept_queues(conn)[-1] == ("Q", True)
    assert query(conn, f"SELECT queue_id FROM {conn.prefix}queue WHERE queue = 'Q'") == before
    age(conn, 60)
    messages = [m.queue for m in calls.scan(conn, "r").messages]
    assert messages.count("Q") == (way not in {"pause", "resume"})


def test_it_is_not_paused_any_more(conn: Connection) -> None:
    calls.pause(conn, "Q")
    calls.remove_queue(conn, "Q")
    new(conn)
    assert [m.queue for m in calls.scan(conn, "r").messages] == ["Q"]


def test_active_tasks_keep_it(conn: Connection) -> None:
    task_id = new(conn)
    with refused(conn, QueueInUse, "active"):
        calls.remove_queue(conn, "Q")
    calls.pause(conn, "Q")
    calls.scan(conn, "r")  # parks it
    with refused(conn, QueueInUse):
        calls.remove_queue(conn, "Q")
    assert kept_queues(conn) == [("Q", True)]
    calls.cancel(conn, task_id)
    calls.remove_queue(conn, "Q")


def test_ended_tasks_keep_its_row(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED)
    calls.remove_queue(conn, "Q")
    rest_queues(conn)
    assert not calls.remove_queue(conn, "Q")
    assert registered(conn) == []
    assert [s.queue for s in calls.stats(conn)] == ["Q"]  # as long as there is something to show
    assert "queue Q" in calls.explain(conn, task_id).text
    execute(conn, f"DELETE FROM {conn.prefix}task")
    assert calls.remove_queue(conn, "Q")


def test_a_retried_task_brings_it_back(conn: Connection) -> None:
    task_id = ended(conn, Status.FAILED)
    calls.remove_queue(conn, "Q")
    calls.retry(conn, task_id)
    with refused(conn, QueueInUse):
        calls.remove_queue(conn, "Q")
    assert calls.scan(conn, "r").messages == []
    calls.purge(conn)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


def test_nothing_is_lost_that_was_created_by_its_number(conn: Connection, connect: Any) -> None:
    """A transaction whose snapshot shows the queue as it was may still use it."""
    own = connect(autocommit=False)
    calls.resume(conn, "Q")
    calls.stats(own)
    calls.remove_queue(conn, "Q")
    task_id = new(own)
    own.commit()
    calls.purge(conn)
    assert kept_queues(conn) == [("Q", True)]
    assert row(conn, task_id)["status"] == Status.WAITING
    age(conn, 60)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


def test_who_registers_it_again_comes_before_the_deletion(conn: Connection, connect: Any) -> None:
    """The row is locked by the one, and looked at again by the other."""
    own, remover = connect(autocommit=False), connect()
    calls.resume(conn, "Q")
    calls.remove_queue(conn, "Q")
    rest_queues(conn)
    task_id = new(own)
    with ThreadPoolExecutor(1) as pool:
        removing = pool.submit(calls.remove_queue, remover, "Q")
        time.sleep(0.3)
        own.commit()
        with pytest.raises(QueueInUse):
            removing.result(20)
    age(conn, 60)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


def test_it_commits_by_itself(conn: Connection, connect: Any) -> None:
    own = connect(autocommit=False)
    new(own, "OTHER")
    with pytest.raises(TransactionOpen):
        calls.remove_queue(own, "Q")
    own.rollback()
    calls.resume(conn, "Q")
    calls.remove_queue(own, "Q")
    own.rollback()
    assert registered(conn) == []


@pytest.mark.parametrize("name", [*HOSTILE, SMILE * LIMIT["queue"]], ids=lambda n: ascii(n)[:20])
def test_any_name(conn: Connection, name: str) -> None:
    namespace = name[: LIMIT["namespace"]]
    calls.resume(conn, name, namespace)
    calls.remove_queue(conn, name, namespace)
    assert registered(conn) == []


@pytest.mark.parametrize("name", ["", " ", " x", "x ", SMILE * 129])
def test_a_bad_name_is_refused(conn: Connection, name: str) -> None:
    with refused(conn, InvalidArgument, "in_queue", f"1 to {LIMIT['queue']}"):
        calls.remove_queue(conn, name)
    with refused(conn, InvalidArgument, "in_namespace", f"1 to {LIMIT['namespace']}"):
        calls.remove_queue(conn, "Q", name)


def test_in_plain_sql(conn: Connection) -> None:
    calls.resume(conn, "Q", "n")
    assert call(conn, "remove_queue", "Q", "n") == (0,)
    assert registered(conn) == []
