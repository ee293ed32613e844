"""remove_schedule."""

from __future__ import annotations

import pytest
from testing import age_schedules, count, refused
from ticking import every

from qtask_db import Connection, Schedule, calls
from qtask_db.errors import InvalidArgument, ScheduleNotFound


def test_its_tasks_stay(conn: Connection) -> None:
    every(conn)
    calls.set_schedule(conn, Schedule("S", "Q", every=60, namespace="n"))
    age_schedules(conn, 61)
    calls.run_due_schedules(conn)
    calls.remove_schedule(conn, "S")
    assert [one.schedule.namespace for one in calls.list_schedules(conn)] == ["n"]
    assert count(conn) == 2


def test_one_that_is_not_there(conn: Connection) -> None:
    every(conn)
    for name, namespace in (("T", None), ("S", "n"), ("s", None), ("S ", None)):
        error = InvalidArgument if name.endswith(" ") else ScheduleNotFound
        with refused(conn, error, "in_schedule"):
            calls.remove_schedule(conn, name, namespace)


@pytest.mark.parametrize("name", ["", " S", "S" * 97])
def test_a_name_that_none_can_have(conn: Connection, name: str) -> None:
    with refused(conn, InvalidArgument, "in_schedule"):
        calls.remove_schedule(conn, name)
    with refused(conn, InvalidArgument, "in_namespace"):
        calls.remove_schedule(conn, "S", " n")
