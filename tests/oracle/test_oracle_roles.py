"""Least privilege: with one role alone an account reaches its package and nothing else. That its
verbs work is shown by the tests of the contract under `--roles`.
"""

from __future__ import annotations

from collections.abc import Iterator

import oracledb
import pytest
import servers
from roles import NO_USER, create_tester, execute_unless
from testing import call, execute, query

from qtask_db import Connection, Database
from qtask_db.schema.render import CALLERS, INDEX

ACCOUNT = "qtask_member"
PACKAGES = ("qtask", *(f"qtask_{role}" for role in CALLERS))
PROCEDURES = [entry for entry in INDEX["procedure"] if entry.get("dialect", "oracle") == "oracle"]
# Not declared, invisible (of several kinds), not allowed, not theirs to grant; 23ai: no privilege.
DENIED = {6550, 942, 2289, 4042, 4043, 1031, 1932, 41900}


@pytest.fixture(scope="module")
def account_url(installed_url: str, database_server: servers.Server) -> Iterator[str]:
    del installed_url  # there must be something that is denied
    with Database(database_server.url).connect() as owner:
        yield create_tester(owner, database_server.url, ACCOUNT)
        execute_unless(owner, f"DROP USER {ACCOUNT} CASCADE", NO_USER)


@pytest.fixture(params=CALLERS)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def member(account_url: str, role: str) -> Iterator[Connection]:
    """A connection that has one role left."""
    with Database(account_url).connect() as conn:
        execute(conn, f"SET ROLE qtask_{role}")
        yield conn


def denied(conn: Connection, statement: str) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        execute(conn, statement)
    assert caught.value.args[0].code in DENIED, statement


def test_no_other_procedure_can_be_called(member: Connection, role: str) -> None:
    call(Connection(member.raw, member.dialect, f"qtask_{role}"), *ALLOWED[role])
    for package in PACKAGES:
        for entry in PROCEDURES:
            if package != f"qtask_{role}" or role not in entry.get("role", ()):
                denied(member, f"BEGIN {package}.{entry['name']}(NULL); END;")


ALLOWED = {
    "app": ("delay_task", "job", "{}", 0, 60, "Q"),
    "producer": ("delay_task", "job", "{}", 0, 60, "Q"),
    "worker": ("finish_tasks", "[]"),
    "relay": ("next_due", None, None),
    "operator": ("pause_queue", "Q", None),
}


def test_no_table_can_be_touched(member: Connection) -> None:
    for entry in INDEX["table"]:
        table = f"qtask_{entry['name']}"
        for statement in (
            f"SELECT COUNT(*) FROM {table}",
            f"SELECT 1 FROM {table} FOR UPDATE",
            f"DELETE FROM {table}",
            f"LOCK TABLE {table} IN EXCLUSIVE MODE",
            f"TRUNCATE TABLE {table}",
            f"ALTER TABLE {table} ADD (x NUMBER)",
            f"DROP TABLE {table}",
        ):
            denied(member, statement)
    denied(member, "UPDATE qtask_task SET attempts = 0")
    denied(member, "INSERT INTO qtask_queue (queue_id, namespace, queue) VALUES (99, 'n', 'q')")
    denied(member, "SELECT qtask_task_seq.NEXTVAL FROM dual")


def test_its_views_can_be_read_and_not_written(member: Connection, role: str) -> None:
    for entry in INDEX["view"]:
        view = f"qtask_{entry['name']}"
        if role in entry.get("role", ()):
            query(member, f"SELECT COUNT(*) FROM {view}")
        else:
            denied(member, f"SELECT COUNT(*) FROM {view}")
        for statement in (f"DELETE FROM {view}", f"DROP VIEW {view}"):
            denied(member, statement)


def test_nothing_can_be_created_replaced_or_granted(member: Connection, role: str) -> None:
    for statement in (
        "CREATE TABLE mine (n NUMBER)",
        "CREATE VIEW mine AS SELECT task_id FROM qtask_task",
        "CREATE PROCEDURE mine AS BEGIN NULL; END;",
        f"CREATE OR REPLACE PACKAGE qtask_{role} AS END;",
        f"ALTER PACKAGE qtask_{role} COMPILE",
        f"DROP PACKAGE qtask_{role}",
        f"GRANT EXECUTE ON qtask TO {ACCOUNT}",
        "GRANT dba TO qtask_app",
        "CREATE USER qtask_other IDENTIFIED BY x",
    ):
        denied(member, statement)
