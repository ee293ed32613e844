"""Workers whose accounts have the grants of a time before there were direct queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis as redis_py
from testing import PASSWORD, as_account, execute, until
from working import MakeWorker, create, store

from qtask_db import Connection, calls
from qtask_db.errors import AccessDenied

NAME = "qtask_older"
BEFORE = ("receive_tasks", "finish_tasks", "return_tasks", "fail_task", "extend_task")


@pytest.fixture
def older_url(conn: Connection, database_url: str) -> Iterator[str]:
    """The URL with an account that may do what a worker of messages does."""
    execute(conn, f"CREATE USER {NAME}@'%' IDENTIFIED BY '{PASSWORD}'")
    for verb in BEFORE:
        execute(conn, f"GRANT EXECUTE ON PROCEDURE {conn.prefix}{verb} TO {NAME}@'%'")
    yield as_account(database_url, NAME)
    execute(conn, f"DROP USER {NAME}@'%'")


def grant(conn: Connection, verb: str) -> None:
    execute(conn, f"GRANT EXECUTE ON PROCEDURE {conn.prefix}{verb} TO {NAME}@'%'")


def test_it_takes_messages_alone(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    older_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls.set_delivery(conn, "B", "direct")
    worker = make_worker(database=older_url)
    worker.handler("A", "B")(lambda _job: None)
    with worker:
        create(conn, redis, 20)
        until(lambda: worker.counters.finished == 20)
        store(conn, queue="B")
        grant(conn, "take_tasks")
        until(lambda: worker.counters.finished == 21)
    (told,) = [text for text in caplog.messages if "takes messages alone" in text]
    assert "`qtask render --grants` its grant" in told
    assert worker.counters.lost == 0


def test_one_without_redis_says_so(
    conn: Connection, make_direct: MakeWorker, older_url: str
) -> None:
    calls.set_delivery(conn, "A", "direct")
    worker = make_direct(database=older_url)
    worker.handler("A")(lambda _job: None)
    for begin in (worker.check, worker.run, worker.start):
        with pytest.raises(AccessDenied, match="take_tasks"):
            begin()


def test_it_leaves_the_purge_to_others(
    conn: Connection, make_direct: MakeWorker, older_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls.set_delivery(conn, "A", "direct")
    grant(conn, "take_tasks")
    worker = make_direct(database=older_url)
    worker.handler("A")(lambda _job: None)
    with worker:
        until(lambda: "does not purge" in caplog.text)
        store(conn)
        until(lambda: worker.counters.finished == 1)
        assert worker.counters.errors == 0
    assert caplog.text.count("does not purge") == 1
