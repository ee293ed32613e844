"""The server's clock itself is set, while relay, worker and maintenance run."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator

import pytest
from servers import Unavailable, faketime
from servers.account import shared_folder
from testing import execute, new, query, row, until

from qtask_db import Connection, Database, Status, calls
from qtask_db.install import install
from qtask_db.relay import Relay
from qtask_db.worker import Job, Worker

DAY = 86_400


@pytest.fixture(scope="module")
def faked() -> Iterator[tuple[str, faketime.Clock]]:
    """The URL of a server with the schema, and its clock."""
    with shared_folder("clock") as folder:
        try:
            server, clock = faketime.start(folder)
        except Unavailable as error:
            pytest.skip(f"libfaketime and MariaDB of Debian's or Ubuntu's packages: {error}")
        with server:
            install(server.url, {}, report=lambda _line: None)
            yield server.url, clock


@pytest.fixture(autouse=True)
def clock(faked: tuple[str, faketime.Clock]) -> faketime.Clock:
    faked[1].set(0)
    return faked[1]


@pytest.fixture
def own(faked: tuple[str, faketime.Clock]) -> Iterator[Connection]:
    with Database(faked[0]).connect() as conn:
        for table in ("task", "batch", "queue"):
            execute(conn, f"DELETE FROM {conn.prefix}{table}")
        yield conn


def finished(conn: Connection, *tasks: int) -> bool:
    return all(row(conn, task_id)["status"] == Status.FINISHED for task_id in tasks)


@pytest.mark.parametrize("seconds", [3 * DAY, -3 * DAY])
def test_relay_and_worker_go_on(
    faked: tuple[str, faketime.Clock],
    clock: faketime.Clock,
    own: Connection,
    redis_url: str,
    seconds: int,
) -> None:
    done: list[int] = []
    worker = Worker(faked[0], redis_url)

    @worker.handler("A")
    def handle(job: Job) -> None:
        done.append(job.task_id)

    kept = {"delete_deadline": 100 * DAY, "deadline": 100 * DAY}
    with Relay(faked[0], redis_url, scan_interval=0.5) as relay, worker:
        before = [new(own, "A", **kept) for _ in range(10)]
        until(lambda: finished(own, *before))
        later = new(own, "A", delay=DAY, **kept)
        clock.set(seconds)
        after = [new(own, "A", **kept) for _ in range(10)]
        until(lambda: finished(own, *after))
        if seconds < 0:
            assert row(own, later)["status"] == Status.WAITING
            assert 3 * DAY < calls.next_due(own) <= 4 * DAY
            clock.set(DAY)
        until(lambda: finished(own, later))
        assert relay.counters.errors == 0
    assert sorted(done) == sorted([*before, *after, later]), "each once"


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_the_claim_of_a_relay_that_died(
    clock: faketime.Clock, own: Connection, seconds: int
) -> None:
    """Claimed again after its lease, which the clock has made shorter, or longer by as much."""
    task_id = new(own)
    calls.scan(own, "r1", lease=30)
    clock.set(seconds)
    found = [m.task_id for m in calls.scan(own, "r2").messages]
    assert found == ([task_id] if seconds > 0 else [])
    clock.set(31)
    if seconds < 0:
        assert [m.task_id for m in calls.scan(own, "r2").messages] == [task_id]


def test_batches_keep_numbers_of_their_own(clock: faketime.Clock, own: Connection) -> None:
    """They hold the time of the server's start, not the present one."""
    found = set()
    for n in range(20):
        clock.set(DAY * (n % 3 - 1))
        task_id = new(own)
        batch = calls.scan(own, "r")
        found.add(batch.batch_id)
        calls.confirm(own, batch.batch_id, "r")
        calls.cancel(own, task_id)
    assert len(found) == 20


def test_through_the_hour_that_comes_twice(clock: faketime.Clock, own: Connection) -> None:
    """The server's machine sets it back from 03:00 to 02:00; in UTC there is no such hour."""
    ((now,),) = query(own, "SELECT UTC_TIMESTAMP(6)")
    change = datetime.datetime(now.year + 1, 10, 31, 1)
    change -= datetime.timedelta(days=(change.weekday() + 1) % 7)  # the last Sunday
    times, local = [], []
    for minutes in range(-90, 91, 30):
        clock.set((change - now).total_seconds() + 60 * minutes)
        times.append(row(own, new(own, delay=3600))["due_at"])
        local += query(own, "SELECT HOUR(NOW())")
    assert [hour for (hour,) in local] == [1, 2, 2, 2, 2, 3, 3], faketime.ZONE
    steps = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
    assert all(1800 <= one < 1830 for one in steps)
