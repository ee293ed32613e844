"""Many runners at once: each tick makes one task."""

from __future__ import annotations

import json
import random
from collections import Counter
from threading import Event, Thread

import pytest
from crowds import CONSUMERS, together
from testing import age_schedules, count, query

from qtask_db import Connection, Schedule, calls
from qtask_db.errors import QtaskError
from qtask_db.scheduling import PlannedTicks, ticks

MANY = 40


def run_all(conn: Connection, _: int = 0) -> int:
    """As a relay does."""
    created = 0
    while True:
        run = calls.run_due_schedules(conn, 7)
        created += run.created
        due = calls.due_schedules(conn, 7) if run.cron_wait == 0 else []
        plans = [PlannedTicks(one, *ticks.plan(one)) for one in due]
        created += calls.advance_schedules(conn, plans).created
        if not due and not run.created:
            return created


def made(conn: Connection) -> Counter[tuple[str, str]]:
    """How often each tick of each schedule was made."""
    rows = query(conn, f"SELECT name, payload FROM {conn.prefix}task")
    return Counter((name, json.loads(payload)["tick"]) for name, payload in rows)


def fill(conn: Connection) -> None:
    for n in range(MANY):
        calls.set_schedule(conn, Schedule(f"E{n}", f"Q{n % 3}", every=60, misfire="all"))
        calls.set_schedule(conn, Schedule(f"C{n}", f"Q{n % 3}", cron="* * * * *", misfire="all"))


def test_eight_runners_make_each_tick_once(conn: Connection, crowd: list[Connection]) -> None:
    fill(conn)
    age_schedules(conn, 300)
    created = together(crowd[:CONSUMERS], run_all)
    assert all(isinstance(some, int) for some in created), created
    run_all(conn)
    found = made(conn)
    assert max(found.values()) == 1
    assert count(conn) == len(found)
    each = Counter(name for name, _ in found)
    assert len(each) == 2 * MANY
    assert {each[f"E{n}"] for n in range(MANY)} == {5}
    assert {each[f"C{n}"] for n in range(MANY)} <= {5, 6}


@pytest.mark.parametrize("verb", ["pause", "set", "remove"])
def test_changes_beside_runners(conn: Connection, crowd: list[Connection], verb: str) -> None:
    """Whatever an operator does meanwhile, no tick comes twice and no caller sees a deadlock."""
    fill(conn)
    over = Event()
    errors: list[Exception] = []

    def change() -> None:
        operator = crowd[CONSUMERS]
        while not over.is_set():
            name = f"{random.choice('EC')}{random.randrange(MANY)}"  # noqa: S311
            try:
                if verb == "pause":
                    calls.pause_schedule(operator, name)
                    calls.resume_schedule(operator, name)
                elif verb == "set":
                    payload = {"n": random.randrange(9)}  # noqa: S311
                    calls.set_schedule(operator, Schedule(name, "Q0", payload, every=60))
                else:
                    calls.remove_schedule(operator, name)
                    calls.set_schedule(operator, Schedule(name, "Q1", every=60))
            except QtaskError as error:
                errors.append(error)

    changing = Thread(target=change)
    changing.start()
    try:
        for _ in range(6):
            age_schedules(conn, 60)
            done = together(crowd[:CONSUMERS], run_all)
            assert all(isinstance(some, int) for some in done), done
    finally:
        over.set()
        changing.join(60)
    assert errors == []
    assert made(conn)
