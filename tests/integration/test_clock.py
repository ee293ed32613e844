"""The services while the database's clock is set, and with ids that a double does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from testing import age, age_batches, count_ids_anew, empty, execute, row, until

from qtask_db import Connection, NewTask, Status, calls
from qtask_db.constants import LIMIT
from qtask_db.relay import Relay
from qtask_db.worker import Job, Worker

DAY = 86_400.0


@pytest.fixture
def stream() -> bool:
    return False


@pytest.fixture
def relay(database_url: str, redis_url: str, stream: bool) -> Iterator[Relay]:
    relay = Relay(database_url, redis_url, scan_interval=0.5, lease=5, stream=stream, purge=False)
    yield relay
    assert relay.stop(10)
    relay.close()


@pytest.fixture
def done(database_url: str, redis_url: str, stream: bool, relay: Relay) -> Iterator[list[Job]]:
    """The jobs that a worker has done; it and a relay are running."""
    jobs: list[Job] = []
    worker = Worker(database_url, redis_url, stream=stream)
    worker.handler("A")(jobs.append)
    worker.start()
    relay.start()
    yield jobs
    assert worker.stop(25)
    assert relay.counters.errors == 0


def create(conn: Connection, number: int, **settings: object) -> list[int]:
    given = {"delay": 0, "interval": 3600, "delete_deadline": 3600, **settings}
    tasks = [NewTask("test", {}, queue="A", **given) for _ in range(number)]
    return [task.task_id for task in calls.create_many(conn, tasks)]


def finished(conn: Connection, tasks: list[int]) -> bool:
    return all(row(conn, task_id)["status"] == Status.FINISHED for task_id in tasks)


@pytest.mark.parametrize("seconds", [3650 * DAY, -DAY])
def test_the_clock_is_set_while_relay_and_worker_run(
    conn: Connection, done: list[Job], seconds: float
) -> None:
    """Forward, all that waits comes now; back, it waits for longer; new tasks come either way."""
    before = create(conn, 50)
    later = create(conn, 5, delay=1000, deadline=LIMIT["seconds"])
    until(lambda: finished(conn, before))
    age(conn, seconds, *later)  # what has ended would be purged
    age_batches(conn, seconds)
    after = create(conn, 50)
    until(lambda: finished(conn, after))
    if seconds > 0:
        until(lambda: finished(conn, later))
    else:
        assert {row(conn, task_id)["status"] for task_id in later} == {Status.WAITING}
        age(conn, -seconds + 1000, *later)
        until(lambda: finished(conn, later))
    assert sorted(job.task_id for job in done) == sorted([*before, *later, *after]), "each once"


@pytest.mark.parametrize(("first", "stream"), [(2**53 + 1, False), (10**18 - 30, True)])
def test_large_ids_and_the_longest_times(conn: Connection, done: list[Job], first: int) -> None:
    """Ids that a double does not hold, and no timer that fifty years are too long for."""
    longest = LIMIT["seconds"]
    try:
        created = create(conn, 20, delay=1000, interval=longest, deadline=longest)
        moved = f"task_id = task_id - {created[0]} + {first}"
        execute(conn, f"UPDATE {conn.prefix}task SET {moved}")
        tasks = list(range(first, first + 20))
        age(conn, 1000)
        until(lambda: finished(conn, tasks))
        assert sorted(job.task_id for job in done) == tasks
        assert {json.loads(job.text)["task_id"] for job in done} == set(tasks)
    finally:
        empty(conn)
        count_ids_anew(conn)
