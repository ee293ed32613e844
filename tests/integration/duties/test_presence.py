"""A relay and a worker say that they are there; if they cannot, they work all the same."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
import redis as redis_py
from testing import count, until
from troubles import REFUSED, Break, told

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.errors import AccessDenied, DatabaseUnavailable, NotInstalled
from qtask_db.relay import Relay
from qtask_db.service import presence
from qtask_db.service.presence import Presence
from qtask_db.service.session import Session
from qtask_db.worker import Job, Worker

ERRORS = [
    AccessDenied("execute command denied (1370)"),
    NotInstalled("PROCEDURE report_process does not exist (1305)"),
    DatabaseUnavailable("too slow (3024)"),
    REFUSED,
    KeyError("a"),
]


def names(conn: Connection) -> set[tuple[str, str]]:
    return {(found.kind, found.state) for found in calls.list_processes(conn)}


def test_both_are_listed_until_they_stop(
    conn: Connection, make_relay: Callable[..., Relay], make_worker: Callable[..., Worker]
) -> None:
    relay, worker = make_relay(name="r"), make_worker(name="w", threads=3)
    with relay, worker:
        until(lambda: len(calls.list_processes(conn)) == 2)
        one, other = calls.list_processes(conn)
    assert (one.name, one.kind, one.queues, one.threads) == ("r", "relay", None, None)
    assert (other.name, other.kind, other.queues, other.threads) == ("w", "worker", ["A"], 3)
    assert one.host is not None
    assert one.pid is not None
    assert one.program is not None
    assert one.program.startswith("qtask-db")
    assert calls.list_processes(conn) == []


def test_a_worker_says_how_many_handlers_run(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "INTERVAL", 0.2)
    ready: list[Job] = []

    def handle(job: Job) -> None:
        ready.append(job)
        until(lambda: len(ready) > 2)

    task_ids = [t.task_id for t in calls.create_many(conn, [NewTask("j", {}, 60, "A")] * 2)]
    redis.rpush("A", *(f'{{"task_id": {task_id}, "task_attempt": 1}}' for task_id in task_ids))
    with make_worker(handle):
        until(lambda: [one.busy for one in calls.list_processes(conn)] == [2])
        ready.append(ready[0])
        until(lambda: [one.busy for one in calls.list_processes(conn)] == [0])


@pytest.mark.parametrize("error", ERRORS)
def test_a_relay_that_cannot_report_works(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr(presence, "INTERVAL", 0.2)
    tries: list[float] = []
    breaks("report_process", error, lambda *_: tries.append(time.monotonic()) or True)
    with make_relay():
        for number in range(1, 6):
            calls.delay(conn, "test", {}, 0, 3600, "A")
            until(lambda wanted=number: redis.llen("A") >= wanted)
            time.sleep(0.25)
    assert tries
    assert count(conn, "process") == 0
    quiet = isinstance(error, DatabaseUnavailable)
    assert len(told(caplog, "not listed") + told(caplog, "reporting")) == (0 if quiet else 1)


@pytest.mark.parametrize("error", ERRORS)
def test_a_worker_that_cannot_report_works(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr(presence, "INTERVAL", 0.2)
    breaks("report_process", error)
    worker = make_worker()
    (task,) = calls.create_many(conn, [NewTask("j", {}, 60, "A")])
    with worker:
        redis.rpush("A", f'{{"task_id": {task.task_id}, "task_attempt": 1}}')
        until(lambda: worker.counters.finished == 1)
        time.sleep(0.5)
    quiet = isinstance(error, DatabaseUnavailable)
    assert len(told(caplog, "not listed") + told(caplog, "reporting")) == (0 if quiet else 1)


def test_it_reports_once_in_an_interval_and_names_no_secret(
    conn: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[object, ...]] = []
    report = calls.report_process

    def counted(*args: object, **more: object) -> None:
        made.append((*args[1:], *more.values()))
        report(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(calls, "report_process", counted)
    session = Session(Database(database_url))
    one = Presence(session, logging.getLogger("test"), "worker", " " * 80, queues=["Q"] * 5000)
    other = Presence(session, logging.getLogger("test"), "worker", "w" * 80 + " ", queues=["Q"])
    for _ in range(50):
        one.quietly()
        other.quietly()
    assert len(made) == 2
    (found,) = calls.list_processes(conn)
    assert found.name == "w" * 64
    other.leave()
    one.leave()
    assert calls.list_processes(conn) == []
    session.close()
    password = database_url.partition("@")[0].rpartition(":")[2]
    assert password not in repr(made)
