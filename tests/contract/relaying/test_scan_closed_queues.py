"""scan_tasks: the tasks of a queue that is paused or held back are parked, and come back."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import HOSTILE
from scans import ids, many
from testing import age, new, query, row, started

from qtask_db import Connection, calls
from qtask_db.constants import Status


def close(conn: Connection, by: str) -> dict[str, Any]:
    if by == "pause":
        calls.pause(conn, "Q")
        return {}
    return {"held": ["X", "Q"]}


@pytest.mark.parametrize("by", ["pause", "held"])
class TestClosedQueue:
    def test_its_tasks_are_parked_and_others_claimed(self, conn: Connection, by: str) -> None:
        waiting, working = new(conn), started(conn)
        age(conn, 3600)
        other = new(conn, "OTHER")
        options = close(conn, by)
        assert ids(calls.scan(conn, "r", **options)) == [other]
        for task_id in (waiting, working):
            found = row(conn, task_id)
            assert found["due_at"] == found["deadline_at"]
            assert found["lane"] == -found["queue_id"]
        assert row(conn, working)["status"] == Status.PROCESSING

    def test_it_is_opened_again(self, conn: Connection, by: str) -> None:
        tasks = [new(conn) for _ in range(3)]
        calls.scan(conn, "r", **close(conn, by))
        calls.resume(conn, "Q")
        assert calls.next_due(conn) == 0
        assert sorted(ids(calls.scan(conn, "r"))) == tasks
        assert row(conn, tasks[0])["lane"] > 0
        assert calls.scan(conn, "r").messages == []

    def test_its_tasks_still_expire(self, conn: Connection, by: str) -> None:
        late = new(conn, deadline=100)
        exhausted = started(conn, max_count=1, interval=100)
        options = close(conn, by)
        calls.scan(conn, "r", **options)
        age(conn, 100)
        assert calls.scan(conn, "r", **options).messages == []
        assert row(conn, late)["status"] == row(conn, exhausted)["status"] == Status.FAILED

    def test_its_running_tasks_go_on(self, conn: Connection, by: str) -> None:
        finished, failed = started(conn, interval=10), started(conn, interval=10)
        age(conn, 10)
        calls.scan(conn, "r", **close(conn, by))
        calls.finish(conn, finished, 1)
        calls.fail(conn, failed, 1, "broken", 0)
        assert row(conn, finished)["status"] == Status.FINISHED
        calls.resume(conn, "Q")
        assert ids(calls.scan(conn, "r")) == [failed]

    def test_many_are_parked_in_steps_of_the_limit(self, conn: Connection, by: str) -> None:
        many(conn, {"Q": 7})
        options = close(conn, by)
        for _ in range(4):
            calls.scan(conn, "r", limit=2, **options)
        assert query(conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE lane < 0") == [(7,)]
        assert calls.scan(conn, "r", limit=2, **options).wait > 0

    def test_it_does_not_keep_a_relay_awake(self, conn: Connection, by: str) -> None:
        new(conn)
        options = close(conn, by)
        calls.scan(conn, "r", **options)
        assert calls.scan(conn, "r", **options).wait > 60
        assert calls.next_due(conn, held=options.get("held", ())) > 60


@pytest.mark.parametrize("name", [t for t in HOSTILE if t.strip() == t], ids=ascii)
def test_a_queue_of_any_name_is_held(conn: Connection, name: str) -> None:
    task_id = new(conn, name)
    assert calls.scan(conn, "r", held=[name]).messages == []
    assert calls.scan(conn, "r", held=["other", name]).messages == []
    assert ids(calls.scan(conn, "r", held=[name + "x", name[:-1]])) == [task_id]


def test_a_held_name_holds_back_in_all_namespaces(conn: Connection) -> None:
    new(conn, namespace="a")
    new(conn, namespace="b")
    assert calls.scan(conn, "r", held=["Q"]).messages == []
