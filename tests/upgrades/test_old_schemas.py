"""The schema of an older version becomes the present one and the next; tasks stay as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from releases import VERSIONS, toml
from testing import query, until

from qtask_db import Connection, Database, Status, Worker, calls
from qtask_db.errors import NotInstalled
from qtask_db.install import install
from qtask_db.schema.objects import objects_of

pytestmark = pytest.mark.parametrize("version", VERSIONS)

CREATE = """
import os, qtask_db
from qtask_db import calls
with qtask_db.Database(os.environ["QTASK_DATABASE_URL"]).connect() as conn:
    for number in range(4):
        calls.delay(conn, "job", {"n": number}, 0, 3600, "Q", order_no=str(number))
    calls.create(conn, "job", {}, 60, "OTHER", namespace="n")
    for message in calls.scan(conn, "old", lease=3600).messages[:3]:
        calls.processing(conn, message.task_id, message.attempt)
    calls.finish(conn, message.task_id, message.attempt)
    calls.pause(conn, "OTHER", namespace="n")
"""
USE = """
import os, qtask_db
from qtask_db import calls
with qtask_db.Database(os.environ["QTASK_DATABASE_URL"]).connect() as conn:
    task = calls.create(conn, "job", {}, 60, "Q", order_no="1")
    assert not task.created
    calls.fail(conn, task.task_id, 1, "no", 0)
    assert calls.processing(conn, task.task_id) == 2
    calls.finish(conn, task.task_id, 2)
    assert len(calls.stats(conn)) == 2
"""


def old(package: Path, url: str, *arguments: str) -> None:
    """Runs Python with an old package."""
    path = os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=package,
        env={**os.environ, "PYTHONPATH": path, "QTASK_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def quiet_install(url: str) -> None:
    install(url, {}, report=lambda _: None)


def rows(conn: Connection) -> list[list[tuple[object, ...]]]:
    """The rows of the tables, with the columns of 0.1.0."""
    kept = {
        "queue": "queue_id, namespace, queue, paused_at",
        "task": "task_id, lane, queue_id, status, attempts, attempts_before, max_count, "
        "interval_seconds, delete_deadline, batch_id, created_at, deadline_at, due_at, started_at, "
        "ended_at, name, order_no, order_key, active, payload, last_error",
        "batch": "batch_id, relay, claimed_at, lapses_at, task_ids",
    }
    return [
        query(conn, f"SELECT {columns} FROM qtask_{table} ORDER BY {columns.split(',')[0]}")
        for table, columns in kept.items()
    ]


def view_columns(conn: Connection, package: Path) -> set[tuple[str, str]]:
    """The columns of a version's views."""
    found = set()
    for entry in toml(package, "index.toml")["view"]:
        with conn.raw.cursor() as cursor:
            cursor.execute(f"SELECT * FROM qtask_{entry['name']}")
            found |= {(entry["name"], column[0].lower()) for column in cursor.description}
    return found


@pytest.mark.usefixtures("following")
def test_tasks_stay_and_go_on(package: Path, empty_url: str) -> None:
    old(package, empty_url, "-m", "qtask_db", "install")
    old(package, empty_url, "-c", CREATE)
    with Database(empty_url).connect() as conn:
        before, columns = rows(conn), view_columns(conn, package)
        quiet_install(empty_url)
        assert rows(conn) == before
        assert columns <= view_columns(conn, package)
        assert query(conn, "SELECT DISTINCT note FROM qtask_queue") == [("it's",)]
        # One that was cut off before it was noted, as a script's is.
        objects_of(conn.dialect.name).forget_migrations(conn.raw, "_yoyo_migration", "qtask-9000%")
        conn.commit()
        quiet_install(empty_url)
        assert rows(conn) == before
    old(package, empty_url, "-c", USE)
    with Database(empty_url).connect() as conn:
        calls.resume(conn, "OTHER", namespace="n")
        found = sorted((task.status, task.attempts) for task in calls.list_tasks(conn))
    waiting, processing, finished = Status.WAITING, Status.PROCESSING, Status.FINISHED
    ended = [(finished, 1), (finished, 2)]
    assert found == [*ended, (waiting, 0), (waiting, 0), (processing, 1)]


def test_a_worker_needs_the_schema_first(package: Path, empty_url: str, redis_url: str) -> None:
    """An older schema cannot tell whose a message is: the worker says so, and takes none."""
    old(package, empty_url, "-m", "qtask_db", "install")
    worker = Worker(empty_url, redis_url)
    worker.handler("Q")(lambda _job: None)
    with redis.Redis.from_url(redis_url) as queues:
        queues.rpush("Q", '{"task_id": 1, "task_attempt": 1}')
        without = Worker(empty_url)
        without.handler("Q")(lambda _job: None)
        for one in (worker, without):
            with pytest.raises(NotInstalled, match="qtask install"):
                one.start()
        assert queues.llen("Q") == 1
    quiet_install(empty_url)
    with worker:
        until(lambda: worker.counters.taken == 1)
