"""due_schedules."""

from __future__ import annotations

from testing import age_schedules, refused
from ticking import advance, cron, every

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument


def test_those_that_are_due(conn: Connection) -> None:
    every(conn, 60)
    cron(conn, "0 2 * * *", name="C", zone="Europe/Berlin", misfire="all", max_catch_up=7)
    age_schedules(conn, 100)
    (due,) = calls.due_schedules(conn)
    assert (due.namespace, due.name, due.revision, due.cron, due.zone) == (
        "default", "C", 1, "0 2 * * *", "Europe/Berlin",
    )  # fmt: skip
    assert (due.misfire, due.max_catch_up) == ("all", 7)
    assert due.since_at == due.next_at
    assert 95 < (due.now - due.next_at).total_seconds() < 160
    assert advance(conn, due, [], due.now.replace(year=due.now.year + 1)).advanced == 1
    assert calls.due_schedules(conn) == []


def test_the_first_ones_first_and_no_more_than_asked_for(conn: Connection) -> None:
    for n in range(5):
        cron(conn, name=f"S{n}")
        age_schedules(conn, 100 - n, f"S{n}")
    assert [due.name for due in calls.due_schedules(conn, 3)] == ["S0", "S1", "S2"]


def test_what_is_refused(conn: Connection) -> None:
    for limit in (0, LIMIT["rows"] + 1):
        with refused(conn, InvalidArgument, "in_limit"):
            calls.due_schedules(conn, limit)
