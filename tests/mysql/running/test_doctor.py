"""A doctor that can be trusted: each thing that stops tasks is named, with what mends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest
from roles import create_roles, give
from testing import content, execute, new, query, started, until

from qtask_db import Connection, Database, calls
from qtask_db.doctor.check import Check, Level, safely
from qtask_db.doctor.database import examine_database
from qtask_db.doctor.mysql import server as mysql_doctor
from qtask_db.errors import QtaskError
from qtask_db.install import install
from qtask_db.schema.render import INDEX, ROLES
from qtask_db.settings import Settings

NewAccount = Callable[[str, str], str]
PREFIX = "qtaskd_"  # roles belong to the whole server


@pytest.fixture
def own(empty_url: str) -> str:
    install(empty_url, {"prefix": PREFIX}, report=lambda _: None)
    return empty_url


def checks(url: str) -> dict[str, Check]:
    """By name; of several of one name the worst."""
    found: dict[str, Check] = {}
    for check in examine_database(Database(url, prefix=PREFIX)):
        if check.name not in found or check.level is not Level.OK:
            found[check.name] = check
    return found


@contextmanager
def setting(root: Connection, name: str, value: str) -> Iterator[None]:
    """A global variable, for a while."""
    before = query(root, f"SELECT @@GLOBAL.{name}")[0][0]
    execute(root, f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        kept = repr(before) if isinstance(before, str) else before
        execute(root, f"SET GLOBAL {name} = {kept}")


def test_it_leaves_nothing_behind(own: str) -> None:
    with Database(own, prefix=PREFIX).connect() as conn:
        new(conn)
        before = content(conn)
        found = checks(own)
        assert content(conn) == before
    assert found["calls"].level is Level.OK
    # Stored code alone calls the quiet ones, which give no result set.
    called = [e for e in INDEX["procedure"] if "role" in e and not e["name"].endswith("_quiet")]
    assert found["calls"].text == f"{len(called)} procedures have been called and answer"


@pytest.mark.parametrize("role", ROLES)
def test_an_account_with_a_role_is_told_what_it_may_not_see(
    role: str, own: str, root: Connection, new_account: NewAccount
) -> None:
    url = new_account(own, "qtask_member")
    with Database(own, prefix=PREFIX).connect() as conn:
        create_roles(conn, Settings(prefix=PREFIX))
    try:
        give(root, "qtask_member", PREFIX + role)
        found = checks(url)
    finally:
        for name in ROLES:
            execute(root, f"DROP ROLE {PREFIX}{name}")
    assert [check for check in found.values() if check.level is Level.FAIL] == []
    assert "have been called and answer" in found["calls"].text
    for name in ("tables", "purge", "grants"):
        assert found[name].level is Level.WARN
        assert found[name].text.startswith("not seen: ")


SETTINGS = {
    "autocommit": "0",
    "completion_type": "'CHAIN'",
    "sql_safe_updates": "1",
    "sql_select_limit": "100",
    "init_connect": "'SET autocommit = 0'",
    "wait_timeout": "20",
    "max_allowed_packet": "1048576",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_dangerous_settings(name: str, own: str, root: Connection) -> None:
    assert checks(own)["settings"].level is Level.OK
    with setting(root, name, SETTINGS[name]):
        found = checks(own)["settings"]
    assert found.level is Level.WARN
    assert f"global {name} = " in found.text
    assert f"SET GLOBAL {name} = " in found.advice


def test_statements_are_cut_off(engine: str, own: str, root: Connection) -> None:
    name = "max_execution_time" if engine == "mysql" else "max_statement_time"
    with setting(root, name, "5000" if engine == "mysql" else "5"):
        assert name in checks(own)["settings"].text


FULL = """
CREATE TRIGGER full_disk BEFORE INSERT ON {}task FOR EACH ROW
SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'
"""


def test_a_call_that_cannot_is_named(own: str, root: Connection) -> None:
    with Database(own, prefix=PREFIX).connect() as conn:
        execute(conn, FULL.format(PREFIX))
    found = checks(own)["calls"]
    assert (found.level, "create_task" in found.text) == (Level.FAIL, True)
    assert "make room" in found.advice
    with Database(own, prefix=PREFIX).connect() as conn:
        execute(conn, "DROP TRIGGER full_disk")
    with setting(root, "read_only", "1"):
        assert checks(own)["writes"].level is Level.FAIL


@pytest.mark.parametrize(
    ("number", "text", "todo"),
    [
        (1021, "Disk full (/tmp/#sql); waiting for someone to free some space", "make room"),
        (3, "Error writing file '/tmp/MY' (errno: 28 - No space left on device)", "make room"),
        (1449, "The user specified as a definer ('a'@'%') does not exist", "qtask install"),
        (1290, "The MySQL server is running with the --super-read-only option", "the primary"),
        (1370, "execute command denied to user 'a'@'%' for routine 'x'", "not seen"),
    ],
)
def test_no_error_of_a_check_ends_it(number: int, text: str, todo: str) -> None:
    def broken() -> Iterator[Check]:
        raise pymysql.err.InternalError(number, text)
        yield

    def translate(error: Exception) -> QtaskError | None:
        return mysql_doctor.MySQL().translate(error)

    (found,) = safely("purge", broken(), translate)
    assert found.level is not Level.OK
    assert todo in found.text + found.advice


def test_transactions_that_wait(own: str, root: Connection, monkeypatch: Any) -> None:
    monkeypatch.setattr(mysql_doctor, "OLD_TRANSACTION", -1)
    with Database(own, prefix=PREFIX).connect(autocommit=False) as conn:
        new(conn)
        found = checks(own)["transactions"]
    assert found.level is Level.WARN
    assert "KILL " in found.advice
    other = Database(own, prefix=PREFIX).connect()
    execute(other, "XA START 'left', 'behind', 7")
    new(other)
    execute(other, "XA END 'left', 'behind', 7")
    execute(other, "XA PREPARE 'left', 'behind', 7")
    other.close()
    found = checks(own)["prepared"]
    assert found.level is Level.WARN
    execute(root, found.advice.rpartition(": ")[2])
    assert checks(own)["prepared"].level is Level.OK


def is_told(own: str, root: Connection, prepared: bool) -> bool:
    """Whether doctor names who holds others up, and what ends it. False if nobody is held up: now
    and then MariaDB 10.11 loses the locks of a prepared transaction when its coordinator leaves.
    """
    database = Database(own, prefix=PREFIX)
    with database.connect() as conn, database.connect() as holder:
        task_id = started(conn)
        execute(holder, "XA START 'held'" if prepared else "START TRANSACTION")
        calls.extend(holder, task_id)
        if prepared:
            execute(holder, "XA END 'held'")
            execute(holder, "XA PREPARE 'held'")
            holder.close()
        waiter = Thread(target=calls.finish, args=(conn, task_id, 1))
        waiter.start()
        until(
            lambda: (
                checks(own)["lock waits"].level is Level.WARN
                or (prepared and not waiter.is_alive())
            )
        )
        told = waiter.is_alive()
        advice = checks(own)["lock waits"].advice
        if prepared:
            assert "XA ROLLBACK" in advice or not told
            with nullcontext() if told else suppress(pymysql.MySQLError):
                execute(root, "XA ROLLBACK 'held'")
        else:
            kill = re.search(r"KILL \d+", advice)
            assert kill
            execute(root, kill[0])
        waiter.join(25)
        assert not waiter.is_alive()
    assert checks(own)["lock waits"].level is Level.OK
    return told


@pytest.mark.parametrize("prepared", [False, True])
def test_who_holds_up_others(own: str, root: Connection, monkeypatch: Any, prepared: bool) -> None:
    monkeypatch.setattr(mysql_doctor, "LONG_WAIT", 0)
    assert any(is_told(own, root, prepared) for _ in range(5))


def test_a_role_that_lacks_something(own: str, root: Connection) -> None:
    with Database(own, prefix=PREFIX).connect() as conn:
        create_roles(conn, Settings(prefix=PREFIX))
    try:
        text = "roles that may call: app, producer, worker, operator, relay"
        assert checks(own)["grants"].text == text
        execute(
            root,
            f"REVOKE EXECUTE ON PROCEDURE {urlsplit(own).path[1:]}.{PREFIX}scan_tasks "
            f"FROM {PREFIX}relay",
        )
        found = checks(own)["grants"]
        assert f"{PREFIX}relay lacks 1 procedures: {PREFIX}scan_tasks" in found.text
        assert "qtask render --grants" in found.advice
    finally:
        for name in ROLES:
            execute(root, f"DROP ROLE {PREFIX}{name}")


@pytest.mark.parametrize("where", ["the database", "the server", "a role"])
@pytest.mark.parametrize("calls_by", ["a role of ours", "a procedure"])
def test_who_can_hide_tables(
    where: str, calls_by: str, own: str, root: Connection, new_account: NewAccount
) -> None:
    schema = urlsplit(own).path[1:]
    url = new_account(own, "qtask_hider")
    account = "'qtask_hider'@'%'"
    with Database(own, prefix=PREFIX).connect() as conn:
        create_roles(conn, Settings(prefix=PREFIX))
    execute(root, "CREATE ROLE qtask_hiders")
    try:
        if calls_by == "a procedure":
            execute(root, f"GRANT EXECUTE ON PROCEDURE {schema}.{PREFIX}start_task TO {account}")
        else:
            give(root, "qtask_hider", PREFIX + "app")
        assert checks(own)["temporary tables"].level is Level.OK
        place = "*.*" if where == "the server" else f"{schema}.*"
        holder = "qtask_hiders" if where == "a role" else account
        execute(root, f"GRANT CREATE TEMPORARY TABLES ON {place} TO {holder}")
        if where == "a role":
            assert checks(own)["temporary tables"].level is Level.OK
            execute(root, f"GRANT qtask_hiders TO {account}")
        found = checks(own)["temporary tables"]
        assert (found.level, "qtask_hider@%" in found.text) == (Level.WARN, True)
        assert "REVOKE CREATE TEMPORARY TABLES" in found.advice
        assert "temporary tables" not in checks(url)  # it may not read the server's privileges
        execute(root, f"GRANT ALL ON {schema}.* TO {account}")
        assert checks(own)["temporary tables"].level is Level.OK
    finally:
        for name in ("qtask_hiders", *(PREFIX + role for role in ROLES)):
            execute(root, f"DROP ROLE {name}")


def test_ids_that_are_nearly_used_up(own: str) -> None:
    with Database(own, prefix=PREFIX).connect() as conn:
        execute(conn, f"ALTER TABLE {PREFIX}queue AUTO_INCREMENT = 2000000000")
        execute(conn, f"ANALYZE TABLE {PREFIX}queue")
    found = checks(own)["range of ids"]
    assert (found.level, f"{PREFIX}queue" in found.text) == (Level.WARN, True)


def test_queues_that_nobody_wants(own: str) -> None:
    with Database(own, prefix=PREFIX).connect() as conn:
        for n in range(9):
            calls.resume(conn, f"GCR:{n}")
        assert checks(own)["queues"].text == "9 are registered of 10,000 that may be"
        install(
            own,
            {"prefix": PREFIX, "queue_pattern": "GCR:*", "max_queues": "10"},
            report=lambda _: None,
        )
        found = checks(own)["queues"]
        assert (found.level, found.text) == (Level.WARN, "9 are registered of 10 that may be")
        calls.remove_queue(conn, "GCR:0")
        execute(conn, f"UPDATE {PREFIX}queue SET queue = 'resque:queue' WHERE queue = 'GCR:1'")
        found = checks(own)["queues"]
        assert (found.level, "usable: resque:queue" in found.text) == (Level.WARN, True)
        assert "remove-queue" in found.advice
        calls.remove_queue(conn, "resque:queue")
    assert checks(own)["queues"].level is Level.OK


def test_a_task_that_has_lost_its_queue(own: str) -> None:
    with Database(own, prefix=PREFIX).connect() as conn:
        task_id = new(conn)
        assert checks(own)["lost queues"].level is Level.OK
        execute(conn, f"DELETE FROM {PREFIX}queue")
        found = checks(own)["lost queues"]
        assert (found.level, str(task_id) in found.text) == (Level.FAIL, True)
        ((lane,),) = query(conn, f"SELECT lane FROM {PREFIX}task")
        assert f"queue_id {lane}," in found.advice
