"""A stored task is a committed one, whatever the server's defaults and greeting say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from types import ModuleType
from typing import Any

import pymysql
import pytest
import redis as redis_py
import sqlalchemy
from testing import count, environment, execute, query, until

from qtask_db import Client, Connection, Database, Job, NewTask, Relay, Worker, bind, calls
from qtask_db.install import install

OFF = "SET autocommit = 0"
ON = "SET autocommit = 1"


@pytest.fixture(params=["the default", "init_connect"])
def url(
    request: pytest.FixtureRequest,
    conn: Connection,
    database_url: str,
    new_account: Callable[[str, str], str],
) -> Iterator[str]:
    """Of an ordinary account, which init_connect is run for, on a server that turns it off."""
    url = new_account(database_url, "shop")
    execute(conn, "GRANT ALL ON *.* TO shop@'%'")
    for everything in ("SUPER", "CONNECTION_ADMIN", "CONNECTION ADMIN"):
        try:
            execute(conn, f"REVOKE {everything} ON *.* FROM shop@'%'")
        except pymysql.MySQLError:  # the other engine's
            continue
    variable, value = (
        ("autocommit", "0") if request.param == "the default" else ("init_connect", f"'{OFF}'")
    )
    ((before,),) = query(conn, f"SELECT @@GLOBAL.{variable}")
    execute(conn, f"SET GLOBAL {variable} = {value}")
    yield url
    execute(conn, f"SET GLOBAL {variable} = {before if variable == 'autocommit' else repr(before)}")


def autocommit(raw: Any) -> bool:
    with closing(raw.cursor()) as cursor:
        cursor.execute("SELECT @@autocommit")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("wanted", [True, False])
def test_a_connection_of_ours_is_as_it_was_asked_for(url: str, wanted: bool) -> None:
    with Database(url).connect(autocommit=wanted) as own:
        assert own.dialect.own_transaction(own.raw) is wanted
        assert autocommit(own.raw) is wanted


def test_single_calls_are_committed(url: str, conn: Connection) -> None:
    with Database(url).connect() as own:
        task = calls.create(own, "job", {}, 60, "Q")
        calls.processing(own, task.task_id)
        own.rollback()
        assert calls.explain(conn, task.task_id).status.name == "PROCESSING"


def test_the_client_commits(url: str, conn: Connection, redis: redis_py.Redis) -> None:
    with Client(url, redis) as client:
        client.create("job", {}, 60, "Q")
        client.delay("job", {}, 60, 60, "Q")
        client.create_many([NewTask("job", {}, 60, "Q")])
        with client.transaction() as tx:
            tx.create("job", {}, 60, "Q")
        assert (count(conn), redis.llen("Q")) == (4, 3)
        with pytest.raises(ZeroDivisionError):
            client.run(lambda tx: tx.create("job", {}, 60, "Q").task_id / 0)
        assert count(conn) == 4


def test_the_command_line_commits(url: str, conn: Connection, redis_url: str) -> None:
    command = [sys.executable, "-m", "qtask_db", "create", "job", "{}", "60", "Q"]
    subprocess.run(command, env=environment(url, redis_url), check=True)
    assert count(conn) == 1


def test_relay_and_worker_commit(url: str, conn: Connection, redis_url: str) -> None:
    calls.delay(conn, "job", {}, 0, 60, "Q")
    worker, seen = Worker(url, redis_url, threads=1), []

    @worker.handler("Q")
    def work(job: Job) -> None:
        seen.append(calls.explain(conn, job.task_id).status.name)

    with Relay(url, redis_url), worker:
        until(lambda: seen)
    assert seen == ["PROCESSING"]
    assert query(conn, f"SELECT status FROM {conn.prefix}task WHERE status > 0") == []
    assert count(conn, "batch") == 0


@pytest.mark.usefixtures("url")
def test_an_installation_is_committed(empty_url: str) -> None:
    install(empty_url, {"payload_limit": 1000}, report=lambda _line: None)
    with Database(empty_url).connect() as own:
        found = query(own, "SELECT value FROM qtask_setting WHERE name = 'payload_limit'")
        assert [str(row[0]) for row in found] == ["1000"]


# -- connections that the caller opened ------------------------------------------------------------


def opened(url: str, driver: ModuleType = pymysql, **options: Any) -> Any:
    parts = sqlalchemy.make_url(url)
    where = {"host": parts.host, "port": parts.port, "user": parts.username}
    return driver.connect(**where, password=parts.password, database=parts.database, **options)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_callers_connection_does_what_pymysql_was_told(
    url: str, conn: Connection, wanted: bool
) -> None:
    with closing(opened(url, autocommit=wanted)) as raw:
        assert bind(raw).dialect.own_transaction(raw) is wanted
        calls.create(raw, "job", {}, 60, "Q")
        assert autocommit(raw) is wanted
        assert count(conn) == wanted
        raw.rollback()
        assert count(conn) == wanted


@pytest.mark.parametrize("wanted", [True, False])
def test_a_transaction_that_is_open_is_not_committed(
    url: str, conn: Connection, wanted: bool
) -> None:
    with closing(opened(url, autocommit=wanted)) as raw:
        raw.begin()
        calls.create(raw, "job", {}, 60, "Q")
        assert not bind(raw).dialect.own_transaction(raw)
        raw.rollback()
    assert count(conn) == 0


def test_what_mysqlclient_was_told_to_roll_back_is(url: str, conn: Connection) -> None:
    driver = pytest.importorskip("MySQLdb", reason="pip install mysqlclient")
    with closing(opened(url, driver)) as raw:
        calls.create(raw, "job", {}, 60, "Q")
        assert not bind(raw).dialect.own_transaction(raw)
        raw.rollback()
    assert count(conn) == 0


def test_what_the_caller_sets_in_sql_is_left_alone(database_url: str, conn: Connection) -> None:
    for told, said in ((True, OFF), (False, ON)):
        with closing(opened(database_url, autocommit=told)) as raw:
            raw.cursor().execute(said)
            before = count(conn)
            calls.create(raw, "job", {}, 60, "Q")
            raw.rollback()
            assert autocommit(raw) is (said is ON)
            assert count(conn) - before == (said is ON)


def test_who_asks_for_the_servers_default_gets_it(url: str) -> None:
    with closing(opened(url, autocommit=None)) as raw:
        own = bind(raw)
        assert not autocommit(raw)
        assert not own.dialect.own_transaction(raw)


def test_a_callers_connection_is_asked_once(database_url: str) -> None:
    def asked() -> int:
        with closing(raw.cursor()) as cursor:
            cursor.execute("SHOW SESSION STATUS LIKE 'Questions'")
            return int(cursor.fetchone()[1])

    with closing(opened(database_url, autocommit=True)) as raw:
        before = asked()
        bind(raw)
        calls.create(raw, "job", {}, 60, "Q")
        calls.create(raw, "job", {}, 60, "Q")
        assert asked() - before == 1 + 2 + 1
