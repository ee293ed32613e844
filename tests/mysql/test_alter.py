"""A DBA alters the table of the tasks while it is in use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread

import pymysql
import pytest
from soaking.run import Soak
from testing import execute

from qtask_db import Connection, Database, calls
from qtask_db.errors import Conflict

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
