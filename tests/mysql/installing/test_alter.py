"""A DBA alters the table of the tasks while it is in use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pymysql
import pytest
from soak.run import Soak
from testing import (
    age,
    age_batches,
    age_schedules,
    call,
    empty,
    ended,
    execute,
    new,
    now,
    query,
    started,
)

from qtask_db import Connection, Database, Schedule, calls
from qtask_db.constants import Status
from qtask_db.errors import Conflict
from qtask_db.schema.render import INDEX

ONLINE = "ALGORITHM = INPLACE, LOCK = NONE"
REBUILD = f"ALTER TABLE {{}}task FORCE, {ONLINE}"
STATEMENTS = [
    f"ALTER TABLE {{}}task ADD INDEX own (created_at), {ONLINE}",
    REBUILD,
    f"ALTER TABLE {{}}task DROP INDEX own, {ONLINE}",
    "ALTER TABLE {}task ADD COLUMN own INT NULL",
    "ALTER TABLE {}task DROP COLUMN own",
]
STATISTICS = ["ANALYZE TABLE {}task", "OPTIMIZE TABLE {}task"]
"""On MariaDB they keep everybody waiting who comes after a statement that waits for a row."""


@pytest.fixture
def dba(connect: Callable[..., Connection]) -> Iterator[Connection]:
    """Gives up soon: who waits for the table keeps others from it, among them perhaps the one
    that somebody waits for who has it.
    """
    conn = connect()
    execute(conn, "SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1")
    yield conn
    execute(conn, "SET SESSION lock_wait_timeout = 60, innodb_lock_wait_timeout = 50")
    with suppress(pymysql.MySQLError):
        execute(conn, f"ALTER TABLE {conn.prefix}task DROP INDEX own")
    with suppress(pymysql.MySQLError):
        execute(conn, f"ALTER TABLE {conn.prefix}task DROP COLUMN own")


def test_nobody_notices(database_url: str, dba: Connection, engine: str) -> None:
    statements = STATEMENTS + (STATISTICS if engine == "mysql" else [])
    over = Event()
    done: list[str] = []
    numbers: set[int] = set()

    def alter() -> None:
        statement = statements[0]
        while not over.wait(0.2):
            try:
                execute(dba, statement.format(dba.prefix))
            except pymysql.MySQLError as error:
                numbers.add(error.args[0])
                continue
            done.append(statement)
            statement = statements[len(done) % len(statements)]

    altering = Thread(target=alter)
    soak = Soak(Database(database_url), time.time_ns() % 10**6, connections=16, processes=1)
    altering.start()
    soak.run(8)
    over.set()
    altering.join(60)
    assert soak.checker.violations == []
    assert soak.checker.total.finished
    assert len(done) >= len(statements)
    # It gave up, or an online rebuild met a duplicate that was refused meanwhile.
    assert numbers <= {1205, 1062}


def test_an_older_snapshot_is_a_conflict(
    conn: Connection, connect: Callable[..., Connection], dba: Connection
) -> None:
    """It was opened before the table was rebuilt, and cannot read it any more (1412)."""
    older = connect(autocommit=False)
    execute(older, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
    execute(dba, REBUILD.format(dba.prefix))
    with pytest.raises(Conflict, match="1412"):
        calls.create(older, "job", {}, 60, "Q", order_no="1")
    older.rollback()
    assert calls.create(older, "job", {}, 60, "Q", order_no="1").created
    older.rollback()
    assert calls.list_tasks(conn) == []


CHANGES = (
    "ALTER TABLE {} ADD COLUMN own INT NULL",
    "ALTER TABLE {} DROP COLUMN own",
    "ALTER TABLE {} AUTO_INCREMENT = {}",
    "OPTIMIZE TABLE {}",
)
TASK = '{{"name": "job", "payload": {{}}, "interval": 60, "queue": "Q{}", "order_no": "{}"}}'
IMPORTED = {
    "task_id": 900_000, "name": "job", "queue": "NEW", "status": 20, "attempts": 0, "max_count": 1,
    "interval": 60, "payload": {}, "created": 0, "deadline": 60,
}  # fmt: skip
ARGUMENTS: dict[str, Callable[[dict[str, int]], tuple[Any, ...]]] = {
    "create_task": lambda _: ("job", "{}", 60, "NEW"),
    "delay_task": lambda _: ("job", "{}", 0, 60, "Q0"),
    "create_task_quiet": lambda _: ("job", "{}", 60, "NEW"),
    "delay_task_quiet": lambda _: ("job", "{}", 0, 60, "Q0"),
    "create_tasks": lambda _: (f"[{TASK.format(0, 0)}, {TASK.format(1, 1)}, {TASK.format(9, 1)}]",),
    "create_task_ranges": lambda _: (f"[{TASK.format(0, 0)}]", '{"deadline": 60}'),
    "start_task": lambda t: (t["due"], 1),
    "start_tasks": lambda t: (f'[{{"task_id": {t["due"]}, "attempt": 1}}]',),
    "receive_task": lambda t: (t["due"], 1, "CLOSED"),
    "receive_tasks": lambda t: (f'[{{"task_id": {t["due"]}, "attempt": 1, "queue": "CLOSED"}}]',),
    "finish_task": lambda t: (t["started"], 1),
    "finish_task_once": lambda t: (t["started"], 1),
    "finish_tasks": lambda t: (f'[{{"task_id": {t["started"]}}}, {{"task_id": 1}}]',),
    "return_tasks": lambda t: (f'[{{"task_id": {t["started"]}}}]',),
    "fail_task": lambda t: (t["started"], 1, "error", 0),
    "reject_task": lambda t: (t["started"], 1, "error"),
    "snooze_task": lambda t: (t["started"], 1, 60, "error"),
    "end_attempts": lambda t: (
        "w",
        f'[{{"task_id": {t["started"]}, "attempt": 1, "outcome": "fail"}}]',
    ),
    "extend_task": lambda t: (t["started"], 1, 60),
    "cancel_task": lambda t: (t["due"],),
    "retry_task": lambda t: (t["failed"], None),
    "take_tasks": lambda _: ("w", '["DIRECT"]', 10, 0, None),
    "pause_queue": lambda _: ("NEW", None),
    "set_delivery": lambda _: ("NEW", "direct", None),
    "resume_queue": lambda _: ("NEW", None),
    "remove_queue": lambda _: ("UNUSED", None),
    "remove_idle_queues": lambda _: (86400, 10),
    "redrive_tasks": lambda _: (None, None, 0, 10),
    "set_schedule": lambda _: ("SCHEDULE", 3600, None, None, "job", "{}", 60, "Q"),
    "pause_schedule": lambda _: ("SCHEDULE", None),
    "resume_schedule": lambda _: ("SCHEDULE", None),
    "run_schedule": lambda _: ("SCHEDULE", None),
    "run_due_schedules": lambda _: (10,),
    "due_schedules": lambda _: (10,),
    "advance_schedules": lambda _: (
        '[{"namespace": "default", "schedule": "SCHEDULE", "revision": 1, '
        '"next_at": "2026-01-01T00:00:00Z"}]',
    ),
    "remove_schedule": lambda _: ("SCHEDULE", None),
    "explain_task": lambda t: (t["due"],),
    "read_task": lambda t: (t["failed"],),
    "list_tasks": lambda _: (None, int(Status.FAILED), None, None, 10),
    "scan_tasks": lambda _: ("r", 100, 30, None, '["Q1"]'),
    "next_due": lambda _: (None, '["Q1"]'),
    "confirm_batch": lambda t: (t["batch"], "r"),
    "release_batch": lambda t: (t["batch"], "r"),
    "expire_tasks": lambda _: (10,),
    "purge_tasks": lambda _: (10,),
    "select_tasks": lambda _: ('{"queue": "Q1", "status": [20], "error": "x"}', 0, 10),
    "change_tasks": lambda t: ("retry", f'[{{"task_id": {t["failed"]}}}]', None, None),
    "reserve_ids": lambda _: (1_000_000,),
    "import_tasks": lambda t: (json.dumps([IMPORTED, IMPORTED | {"task_id": t["started"]}]),),
    "report_process": lambda _: ("new", "worker", "h", 1, "p", '["Q"]', 16, 0, 0),
    "forget_process": lambda _: ("new",),
}
VIEWS = [entry["name"] for entry in INDEX["view"]]
TABLES = [entry["name"] for entry in INDEX["table"]]


def test_every_procedure_is_called() -> None:
    assert set(ARGUMENTS) == {entry["name"] for entry in INDEX["procedure"] if "role" in entry}


def something_of_everything(conn: Connection) -> dict[str, int]:
    """Due tasks of four queues, one of them closed and one whose low end is known; expired, ended
    and started ones; a batch and one that has lapsed.
    """
    empty(conn)
    calls.pause(conn, "CLOSED")
    calls.resume(conn, "UNUSED")
    calls.set_delivery(conn, "DIRECT", "direct")
    calls.set_schedule(conn, Schedule("SCHEDULE", "Q0", every=60))
    age_schedules(conn, 60)
    new(conn, "DIRECT")
    found = {"started": started(conn), "failed": ended(conn, Status.FAILED)}
    ended(conn, Status.FINISHED)
    for lapsed in (True, False):
        for queue in ("Q0", "Q1", "Q2", "CLOSED"):
            age(conn, 60, new(conn, queue, deadline=30))
            found["due"] = new(conn, queue)
        found["batch"] = calls.scan(conn, "r").batch_id or 0
        if lapsed:
            age_batches(conn, 60)
    clock = now(conn)
    execute(
        conn,
        f"INSERT INTO {conn.prefix}low_end (lane, first_at, valid_until) "
        f"SELECT queue_id, {clock} - INTERVAL 2 SECOND, "
        f"{clock} + INTERVAL 20 SECOND FROM {conn.prefix}queue WHERE queue = 'Q2'",
    )
    return found


@pytest.mark.parametrize("name", [*ARGUMENTS, *VIEWS])
def test_whoever_has_called_before_can_call_after(
    conn: Connection, connect: Callable[..., Connection], dba: Connection, name: str
) -> None:
    """A server that has executed a statement a few times prepares it anew when a table has changed,
    and MariaDB 11.8 has crashed over that.
    """
    own = connect()

    def use() -> None:
        tasks = something_of_everything(conn)
        if name in VIEWS:
            query(own, f"SELECT * FROM {own.prefix}{name}")
        else:
            call(own, name, *ARGUMENTS[name](tasks))

    for _ in range(3):
        use()
    for table in TABLES:
        for change in CHANGES:
            execute(dba, change.format(f"{dba.prefix}{table}", 1))
            use()
