"""Ways to look at the database, and to let time pass, behind the procedures' back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from servers.account import new_password

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, Status
from qtask_db.dialects import signature
from qtask_db.dialects.oracle.driver import fetch_at_once
from qtask_db.errors import Conflict, QtaskError

# Expressions that the dialects write differently.
EARLIER = {
    "mysql": "{column} - INTERVAL {microseconds} MICROSECOND",
    "oracle": "{column} - NUMTODSINTERVAL({microseconds} / 1000000, 'SECOND')",
}
NOW = {"mysql": "UTC_TIMESTAMP(3)", "oracle": "SYS_EXTRACT_UTC(SYSTIMESTAMP)"}
NUMBER = {"mysql": "BIGINT", "oracle": "NUMBER"}
FIRST = {"mysql": "LIMIT {}", "oracle": "FETCH FIRST {} ROWS ONLY"}
OTHERS = {
    "mysql": "SELECT id FROM information_schema.processlist "
    "WHERE id <> CONNECTION_ID() AND db = DATABASE() AND command <> 'Daemon'",
    "oracle": "SELECT sid || ',' || serial# FROM v$session "
    "WHERE username = USER AND sid <> SYS_CONTEXT('USERENV', 'SID')",
}
ZONE = {"mysql": "SET SESSION time_zone = '{}'", "oracle": "ALTER SESSION SET TIME_ZONE = '{}'"}
KILL = {"mysql": "KILL {}", "oracle": "ALTER SYSTEM KILL SESSION '{}' IMMEDIATE"}

PASSWORD = new_password()
"""Of the accounts that tests make: everybody on this machine can reach the servers."""

LOW_END = {"mysql": ("low_end",), "oracle": ()}
TIMES = ("created_at", "deadline_at", "due_at", "started_at", "ended_at")


def as_account(url: str, name: str, password: str = PASSWORD) -> str:
    """The URL with another login."""
    parts = urlsplit(url)
    server = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{name}:{password}@{server}").geturl()


def environment(database_url: str, redis_url: str) -> dict[str, str]:
    """Of a process: its arguments would tell the passwords to everybody on this machine."""
    return os.environ | {"QTASK_DATABASE_URL": database_url, "QTASK_REDIS_URL": redis_url}


def empty(conn: Connection) -> None:
    """Deletes every task with its history, every batch, queue, process and schedule."""
    tables = ("task", "attempt", "batch", "queue", "process", "schedule")
    for table in (*tables, *LOW_END[conn.dialect.name]):
        execute(conn, f"DELETE FROM {conn.prefix}{table}")


def forget_low_ends(conn: Connection) -> None:
    """Deletes the memory of slow looks: on a busy machine any look may be slow."""
    for table in LOW_END[conn.dialect.name]:
        execute(conn, f"DELETE FROM {conn.prefix}{table}")


def age(conn: Connection, seconds: float, *task_ids: int) -> None:
    """Lets so many seconds pass for these tasks, or for all: their times move into the past."""
    moved = ", ".join(f"{column} = {earlier(conn, column, seconds)}" for column in TIMES)
    where = f" WHERE task_id IN ({', '.join(map(str, task_ids))})" if task_ids else ""
    execute(conn, f"UPDATE {conn.prefix}task SET {moved}{where}")


def age_batches(conn: Connection, seconds: float) -> None:
    """Lets so many seconds pass for all unconfirmed batches."""
    moved = ", ".join(f"{c} = {earlier(conn, c, seconds)}" for c in ("claimed_at", "lapses_at"))
    execute(conn, f"UPDATE {conn.prefix}batch SET {moved}")


def age_processes(conn: Connection, seconds: float) -> None:
    """Lets so many seconds pass since processes have reported."""
    moved = ", ".join(f"{c} = {earlier(conn, c, seconds)}" for c in ("started_at", "seen_at"))
    execute(conn, f"UPDATE {conn.prefix}process SET {moved}")


def age_schedules(conn: Connection, seconds: int, *names: str) -> None:
    """Lets so many seconds pass for these schedules, or for all: their ticks move, too."""
    columns = ("since_at", "next_at", "last_at", "paused_at")
    moved = ", ".join(f"{column} = {earlier(conn, column, seconds)}" for column in columns)
    due_at = f"due_at = CASE WHEN paused_at IS NULL THEN {earlier(conn, 'due_at', seconds)} "
    where = f" WHERE schedule IN ({', '.join(map(repr, names))})" if names else ""
    execute(conn, f"UPDATE {conn.prefix}schedule SET {due_at}ELSE due_at END, {moved}{where}")


def row(conn: Connection, task_id: int) -> dict[str, Any]:
    """All columns of a task; None in those that say nothing yet."""
    names = (
        "lane", "queue_id", "status", "attempts", "attempts_before", "max_count",
        "interval_seconds", "delete_deadline", "batch_id", *TIMES, "name", "order_no", "active",
        "payload", "last_error", "lapses",
    )  # fmt: skip
    rows = query(
        conn, f"SELECT {', '.join(names)} FROM {conn.prefix}task WHERE task_id = {task_id}"
    )
    assert rows, f"task {task_id} is gone"
    found = dict(zip(names, rows[0], strict=True))
    found["batch_id"] = found["batch_id"] or None
    found["started_at"] = found["started_at"] if found["attempts"] else None
    found["ended_at"] = None if found["lane"] else found["ended_at"]
    return found


def count(conn: Connection, table: str = "task") -> int:
    """How many rows a table has."""
    return int(query(conn, f"SELECT COUNT(*) FROM {conn.prefix}{table}")[0][0])


def query(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with conn.raw.cursor() as cursor:
        if conn.dialect.name == "oracle":
            fetch_at_once(cursor)
        cursor.execute(statement)
        return list(cursor.fetchall())


def execute(conn: Connection, statement: str) -> None:
    """Runs a statement."""
    with conn.raw.cursor() as cursor:
        cursor.execute(statement)


def now(conn: Connection) -> str:
    """The database's clock, as an expression."""
    return NOW[conn.dialect.name]


@contextmanager
def referring(conn: Connection, *task_ids: int) -> Iterator[None]:
    """A table of the business has rows with a foreign key to these tasks."""
    table, number = f"{conn.prefix}business", NUMBER[conn.dialect.name]
    execute(
        conn,
        f"CREATE TABLE {table} (task_id {number} NOT NULL, "
        f"FOREIGN KEY (task_id) REFERENCES {conn.prefix}task (task_id))",
    )
    for task_id in task_ids:
        execute(conn, f"INSERT INTO {table} (task_id) VALUES ({task_id})")
    if task_ids:
        conn.commit()
    try:
        yield
    finally:
        execute(conn, f"DROP TABLE {table}")


def kept_queues(conn: Connection) -> list[tuple[str, bool]]:
    """The queues that have a row, and whether each counts as registered."""
    found = f"SELECT queue, removed_at FROM {conn.prefix}queue ORDER BY queue"
    return [(name, removed is None) for name, removed in query(conn, found)]


def rest_queues(conn: Connection, seconds: float = DEFAULT["queue_rest"]) -> None:
    """Lets so much time pass since queues were removed."""
    then = earlier(conn, "removed_at", seconds)
    execute(conn, f"UPDATE {conn.prefix}queue SET removed_at = {then}")


def set_zone(conn: Connection, zone: str) -> None:
    """The time zone of a session, such as +05:30."""
    execute(conn, ZONE[conn.dialect.name].format(zone))


def read_committed(conn: Connection) -> None:
    """From now on each statement of the session sees what was committed before it."""
    if conn.dialect.name == "mysql":
        execute(conn, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")


def count_ids_anew(conn: Connection) -> None:
    """The next task gets the id after the largest that is there; Oracle's sequence never left."""
    if conn.dialect.name == "mysql":
        execute(conn, f"ALTER TABLE {conn.prefix}task AUTO_INCREMENT = 1")


def first(conn: Connection, rows: int) -> str:
    """The end of a query that returns at most so many rows."""
    return FIRST[conn.dialect.name].format(rows)


def others(conn: Connection) -> list[tuple[Any, ...]]:
    """The connections to the schema but this one."""
    return query(conn, OTHERS[conn.dialect.name])


def kill_others(conn: Connection) -> None:
    """Ends all connections to the schema but this one."""
    for (other,) in others(conn):
        execute(conn, KILL[conn.dialect.name].format(other))


def until(
    condition: Callable[[], object],
    seconds: float = 25.0,
    *,
    ignoring: tuple[type[Exception], ...] = (),
) -> None:
    """Waits for it; an error that is ignored means that a server is away, so it is asked again.

    A condition that only the end of a lease or of a drain makes true, after 30 s, is too late.
    """
    end = time.monotonic() + seconds
    while True:
        with suppress(*ignoring):
            if condition():
                return
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def earlier(conn: Connection, column: str, seconds: float) -> str:
    if type(seconds) not in (int, float):
        raise TypeError(seconds)
    microseconds = int(seconds * 1_000_000)
    return EARLIER[conn.dialect.name].format(column=column, microseconds=microseconds)


def call(
    conn: Connection, verb: str, *arguments: Any, options: Mapping[str, Any] | None = None
) -> Any:
    """Calls a procedure with all its arguments: the OUT values, the rows, or a pair of both."""
    if "in_options" in signature.read("mysql", verb).inputs:
        options = options or {}
    outs, rows = conn.call(verb, *arguments, options=options)
    declared = signature.read("oracle", verb)
    if declared.outs and declared.rows:
        return outs, rows
    return outs if declared.outs else rows


def content(conn: Connection) -> list[list[tuple[Any, ...]]]:
    """Every row of the tables that the procedures change, its key first."""
    tables = {
        "task": "task_id", "attempt": "task_id, attempt", "batch": "batch_id", "queue": "queue_id",
        "process": "name", "schedule": "schedule",
    }  # fmt: skip
    return [
        query(conn, f"SELECT {key}, given.* FROM {conn.prefix}{table} given ORDER BY {key}")
        for table, key in tables.items()
    ]


@contextmanager
def refused(conn: Connection, error: type[QtaskError], *words: str) -> Iterator[None]:
    """The block must raise this very error, whose text has these words, and must change nothing."""
    before = content(conn)
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error
    for word in words:
        assert word in str(caught.value)
    assert content(conn) == before


def despite_snapshot(conn: Connection, work: Callable[[], Any]) -> Any:
    """The result of `work` in a transaction that began before others changed the same rows.

    If the server forbids that (MariaDB's innodb_snapshot_isolation), it must be a Conflict, and the
    same work must do in a new transaction.
    """
    look = "SHOW VARIABLES LIKE 'innodb_snapshot_isolation'"
    if conn.dialect.name != "mysql" or [on for _, on in query(conn, look)] != ["ON"]:
        return work()
    with pytest.raises(Conflict):
        work()
    conn.rollback()
    return work()


def new(conn: Connection, queue: str = "Q", **options: Any) -> int:
    """A task that is due at once."""
    given = {"name": "job", "payload": {}, "delay": 0, "interval": 3600, "queue": queue, **options}
    return calls.delay(conn, **given).task_id


def started(conn: Connection, queue: str = "Q", **options: Any) -> int:
    """A task whose first attempt is under way."""
    task_id = new(conn, queue, **options)
    assert calls.processing(conn, task_id, 1) == 1
    return task_id


def stale(conn: Connection) -> int:
    """A task whose second attempt is under way."""
    task_id = started(conn)
    calls.processing(conn, task_id)
    return task_id


def ended(conn: Connection, status: Status, **options: Any) -> int:
    """A task that was finished, cancelled or failed in its first attempt."""
    task_id = started(conn, **{"max_count": 1, **options})
    if status is Status.FINISHED:
        calls.finish(conn, task_id, 1)
    elif status is Status.CANCELLED:
        calls.cancel(conn, task_id)
    else:
        assert calls.fail(conn, task_id, 1, "broken") is Status.FAILED
    assert row(conn, task_id)["status"] == status
    return task_id


def lasting(found: dict[str, Any], since: str, until: str) -> float:
    """The seconds between two times of a row."""
    return float((found[until] - found[since]).total_seconds())
