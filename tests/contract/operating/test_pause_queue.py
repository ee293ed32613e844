"""pause_queue and resume_queue. Scans of a paused queue are in test_scan_closed_queues.py."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import HOSTILE, SMILE
from testing import call, new, query, refused

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument

VERBS = ("pause", "resume")


def paused(conn: Connection) -> dict[tuple[str, str], bool]:
    return {(s.namespace, s.queue): s.paused for s in calls.stats(conn)}


def test_a_queue_is_paused_and_resumed(conn: Connection) -> None:
    task_id = new(conn)
    calls.pause(conn, "Q")
    assert paused(conn) == {("default", "Q"): True}
    assert calls.scan(conn, "r").messages == []
    calls.resume(conn, "Q")
    assert paused(conn) == {("default", "Q"): False}
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


def test_only_that_queue_of_that_namespace(conn: Connection) -> None:
    new(conn)
    new(conn, "q")
    new(conn, namespace="n")
    calls.pause(conn, "Q", "n")
    assert paused(conn) == {("default", "Q"): False, ("default", "q"): False, ("n", "Q"): True}
    assert sorted(m.queue for m in calls.scan(conn, "r").messages) == ["Q", "q"]
    calls.resume(conn, "Q")
    assert paused(conn)["n", "Q"]


def test_before_its_first_task(conn: Connection) -> None:
    calls.pause(conn, "Q")
    new(conn)
    assert calls.scan(conn, "r").messages == []
    calls.resume(conn, "LATER")
    assert paused(conn) == {("default", "LATER"): False, ("default", "Q"): True}


def test_to_pause_twice_keeps_the_time(conn: Connection) -> None:
    calls.pause(conn, "Q")
    before = query(conn, f"SELECT paused_at FROM {conn.prefix}queue")
    calls.pause(conn, "Q")
    assert query(conn, f"SELECT paused_at FROM {conn.prefix}queue") == before
    calls.resume(conn, "Q")
    calls.resume(conn, "Q")
    assert query(conn, f"SELECT paused_at FROM {conn.prefix}queue") == [(None,)]


def test_it_joins_the_callers_transaction(conn: Connection, connect: Any) -> None:
    own = connect(autocommit=False)
    calls.pause(own, "Q")
    own.rollback()
    assert paused(conn) == {}
    calls.pause(own, "Q")
    own.commit()
    assert paused(conn) == {("default", "Q"): True}


@pytest.mark.parametrize("name", [*HOSTILE, SMILE * LIMIT["queue"]], ids=lambda n: ascii(n)[:20])
def test_any_name(conn: Connection, name: str) -> None:
    calls.pause(conn, name, name[: LIMIT["namespace"]])
    calls.resume(conn, name, "other")
    assert paused(conn) == {(name[: LIMIT["namespace"]], name): True, ("other", name): False}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ["", " ", " x", "x ", SMILE * 129])
def test_a_bad_name_is_refused(conn: Connection, verb: str, name: str) -> None:
    with refused(conn, InvalidArgument, "in_queue", f"1 to {LIMIT['queue']}"):
        getattr(calls, verb)(conn, name)
    with refused(conn, InvalidArgument, "in_namespace", f"1 to {LIMIT['namespace']}"):
        getattr(calls, verb)(conn, "Q", name)


@pytest.mark.parametrize("verb", VERBS)
def test_a_name_is_required(conn: Connection, verb: str) -> None:
    with refused(conn, InvalidArgument, "in_queue"):
        call(conn, f"{verb}_queue", None, None)


def test_in_plain_sql(conn: Connection) -> None:
    assert call(conn, "pause_queue", "Q", "n") == []
    assert paused(conn) == {("n", "Q"): True}
    assert call(conn, "resume_queue", "Q", "n") == []
    assert paused(conn) == {("n", "Q"): False}
