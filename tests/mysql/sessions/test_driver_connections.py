"""Whatever carries the caller's connection (PyMySQL, SQLAlchemy, a proxy), a call does the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pymysql
import pytest
import sqlalchemy
from odd_life import JOB, NAME, live
from sqlalchemy.orm import Session
from testing import count, execute, query, row

from qtask_db import Client, Connection, NewTask, bind, calls
from qtask_db.errors import ConfigurationError, QtaskError


@pytest.fixture
def arguments(database_url: str) -> dict[str, Any]:
    """The arguments of PyMySQL's connect."""
    parts = sqlalchemy.make_url(database_url)
    return {
        "host": parts.host,
        "port": parts.port,
        "user": parts.username,
        "password": parts.password,
        "database": parts.database,
    }


FOUND_ROWS = pymysql.constants.CLIENT.FOUND_ROWS


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"autocommit": True},
        {"cursorclass": pymysql.cursors.DictCursor},
        {"cursorclass": pymysql.cursors.SSCursor},
        {"cursorclass": pymysql.cursors.SSDictCursor, "client_flag": FOUND_ROWS},
        {"client_flag": FOUND_ROWS, "autocommit": True},
        {"client_flag": pymysql.constants.CLIENT.MULTI_STATEMENTS},
        {"use_unicode": True, "charset": "utf8mb4", "init_command": "SET SESSION sql_mode = ''"},
    ],
    ids=str,
)
def test_connections_of_pymysql(
    conn: Connection, arguments: dict[str, Any], options: dict[str, Any]
) -> None:
    raw = pymysql.connect(**arguments, **options)
    try:
        live(raw, conn)
    finally:
        raw.close()


@pytest.fixture
def engine_of(database_url: str) -> Iterator[sqlalchemy.Engine]:
    engine = sqlalchemy.create_engine(database_url.replace("mysql://", "mysql+pymysql://"))
    yield engine
    engine.dispose()


def test_a_sqlalchemy_connection(conn: Connection, engine_of: sqlalchemy.Engine) -> None:
    with engine_of.connect() as own:
        live(own, conn)
    with engine_of.begin() as own:
        task = calls.create(own, *JOB)
    assert row(conn, task.task_id)["name"] == NAME


def test_a_sqlalchemy_session_rolls_back_what_it_carries(
    conn: Connection, engine_of: sqlalchemy.Engine
) -> None:
    with Session(engine_of) as session:
        live(session, conn)
        before = count(conn)
        session.execute(sqlalchemy.text("SELECT 1"))
        calls.create(session, *JOB)
        session.rollback()
        assert count(conn) == before
        task = calls.create(session, *JOB)
        session.commit()
        assert row(conn, task.task_id)["name"] == NAME


def test_a_pooled_connection(conn: Connection, engine_of: sqlalchemy.Engine) -> None:
    own = engine_of.raw_connection()
    live(own, conn)
    own.close()


def test_a_clients_single_call_is_one_statement(database_url: str, conn: Connection) -> None:
    def sent() -> int:
        with client.transaction() as tx:
            return int(query(tx.conn, "SHOW SESSION STATUS LIKE 'Questions'")[0][1])

    with Client(database_url) as client:
        asked = sent()
        client.create(*JOB, order_no=NAME)
        client.delay(NAME, {}, 10, 60, "Q")
        client.create_many([NewTask("job", {}, 60, "Q")] * 3)
        # The transaction before ends, three calls between two changes of autocommit, SHOW.
        assert sent() - asked == 1 + 3 + 2 + 1
    assert count(conn) == 5


def test_a_call_that_is_too_large_for_the_server_says_so(
    conn: Connection, connect: Callable[..., Connection]
) -> None:
    ((before,),) = query(conn, "SELECT @@GLOBAL.max_allowed_packet")
    execute(conn, "SET GLOBAL max_allowed_packet = 1048576")
    try:
        with pytest.raises(QtaskError, match="max_allowed_packet"):
            calls.create(connect(), "job", {"a": "x" * 3_000_000}, 60, "Q")
    finally:
        execute(conn, f"SET GLOBAL max_allowed_packet = {before}")
    assert count(conn) == 0


class Instrumented:
    """As an instrumentation wraps a connection: only __class__ tells what is inside."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    @property
    def __class__(self) -> type:  # type: ignore[override]
        return type(self.raw)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


class Own(pymysql.connections.Connection):  # type: ignore[type-arg, misc]
    """A class of the caller's."""


@pytest.mark.parametrize("carry", [Instrumented, lambda raw: raw], ids=["proxy", "subclass"])
def test_a_connection_in_disguise(
    conn: Connection, arguments: dict[str, Any], carry: Callable[[Any], Any]
) -> None:
    own = Own(**arguments)
    live(carry(own), conn)
    own.close()


class Django:
    """As much of a Django connection as is looked at."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.connection: Any = None
        self._arguments = arguments

    def ensure_connection(self) -> None:
        if self.connection is None:
            self.connection = pymysql.connect(**self._arguments)

    def commit(self) -> None:
        self.connection.commit()


def test_a_django_connection_is_opened_first(conn: Connection, arguments: dict[str, Any]) -> None:
    own = Django(arguments)
    live(own, conn)
    own.connection.close()


@pytest.mark.parametrize("wrong", [None, 1, "mysql://x", object(), [], lambda: None])
def test_what_carries_no_connection_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="supported driver"):
        bind(wrong)


def test_an_engine_is_no_connection(engine_of: sqlalchemy.Engine) -> None:
    with pytest.raises(ConfigurationError, match="supported driver"):
        bind(engine_of)


@pytest.mark.parametrize("element", [{}, {"order_no": "1"}], ids=["plain", "by order number"])
def test_a_prepared_call_of_mysql_connector(
    conn: Connection, arguments: dict[str, Any], element: dict[str, str]
) -> None:
    """It takes the flag that a procedure's cursor leaves for its own, and loses the connection."""
    connector = pytest.importorskip("mysql.connector")
    tasks = json.dumps([{"name": "job", "payload": {}, "interval": 60, "queue": "Q", **element}])
    with closing(connector.connect(**arguments, autocommit=True, use_pure=True)) as own:
        for _ in range(3):
            cursor = own.cursor(prepared=True)
            cursor.execute(f"CALL {conn.prefix}create_tasks(%s)", (tasks,))
            assert len(cursor.fetchall()) == 1
            while cursor.nextset():
                pass
            cursor.close()
    assert count(conn) == (1 if element else 3)
