"""Whatever the caller's session and driver connection are like, a call does the same."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pymysql
import pytest
import sqlalchemy
from sqlalchemy.orm import Session
from testing import count, execute, lasting, query, refused, row

from qtask_db import Client, Connection, Database, NewTask, bind, calls
from qtask_db.constants import Status
from qtask_db.errors import (
    BatchNotFound,
    ConfigurationError,
    InvalidArgument,
    QtaskError,
    StaleAttempt,
    TaskNotActive,
    TaskNotFound,
)

NAME = 'it\'s "ünüsual" \\ %s -- \N{GRINNING FACE}'
JOB = (NAME, {"a": NAME}, 3600, "Q'\\\"")

SESSIONS = [
    "SET SESSION sql_mode = ''",
    "SET SESSION sql_mode = 'ANSI'",
    "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'",
    "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'",
    "SET SESSION sql_mode = 'HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,NO_AUTO_VALUE_ON_ZERO'",
    "SET SESSION sql_mode = 'ONLY_FULL_GROUP_BY,PAD_CHAR_TO_FULL_LENGTH'",
    "SET SESSION time_zone = '+13:00'",
    "SET SESSION time_zone = '-12:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
    "SET SESSION div_precision_increment = 0",
    "SET SESSION group_concat_max_len = 4",
    "SET SESSION auto_increment_increment = 7",
    "SET SESSION foreign_key_checks = 0, unique_checks = 0",
    "SET SESSION lc_time_names = 'de_DE'",
    "SET SESSION big_tables = 1",
    "SET SESSION sql_auto_is_null = 1",
    "SET SESSION sql_safe_updates = 1",
    "SET SESSION sql_safe_updates = 1, sql_select_limit = 1000, max_join_size = 1000000",
    "SET SESSION innodb_snapshot_isolation = ON",
    "SET SESSION max_sort_length = 8",
    "SET SESSION optimizer_switch = 'derived_merge=off,materialization=off,semijoin=off'",
    "SET SESSION sql_buffer_result = 1",
    "SET SESSION insert_id = 0",
    "SET SESSION last_insert_id = 5",
    "SET SESSION rand_seed1 = 1, rand_seed2 = 1",
    "SET SESSION default_storage_engine = 'MEMORY'",
    "SET SESSION old_mode = ''",
    "SET SESSION sql_big_selects = 0",
    "SET SESSION sql_notes = 0",
    "SET SESSION windowing_use_high_precision = 0",
    "SET SESSION end_markers_in_json = 1",
    "SET SESSION range_optimizer_max_mem_size = 1",
    "SET SESSION explicit_defaults_for_timestamp = 0",
    "SET SESSION check_constraint_checks = 0",
    "SET SESSION system_versioning_asof = '2000-01-01'",
    "SET SESSION collation_server = 'latin1_swedish_ci', collation_database = 'ucs2_bin'",
    "SET SESSION character_set_results = 'utf8mb4', collation_connection = 'utf8mb4_unicode_ci'",
    "SET SESSION collation_connection = 'utf16_general_ci'",
    "SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 1",
    "SET SESSION eq_range_index_dive_limit = 1",
    "SET SESSION sort_buffer_size = 32768, join_buffer_size = 128",
    "SET SESSION low_priority_updates = 1",
    "SET SESSION max_error_count = 0",
    "SET SESSION updatable_views_with_limit = 0",
    "SET SESSION max_sp_recursion_depth = 0",
    "SET SESSION max_statement_time = 30",
    "SET SESSION max_execution_time = 30000",
    "SET SESSION group_concat_max_len = 4, div_precision_increment = 0, sql_safe_updates = 1",
]


def live(conn: Any, watcher: Connection) -> None:
    """A task's whole life through one connection, and what it must leave behind."""
    task = calls.create(conn, *JOB, order_no=NAME, namespace=NAME, deadline=5000)
    again = calls.create(conn, *JOB, order_no=NAME, namespace=NAME)
    delayed = calls.delay(conn, NAME, {}, 100, 60, "Q2", max_count=1)
    many = calls.create_many(
        conn, [NewTask("job", {"n": n}, 60, "Q2", delay=0, order_no=f"{n % 4}") for n in range(5)]
    )
    assert (task.created, again.created, again.task_id) == (True, False, task.task_id)
    assert [t.created for t in many] == [True, True, True, True, False]
    assert many[4].task_id == many[0].task_id
    assert calls.processing(conn, task.task_id, 1) == 1
    assert len(calls.processing_many(conn, [(t.task_id, 1) for t in many[:3]])) == 3
    with pytest.raises(StaleAttempt):
        calls.processing(conn, task.task_id, 1)
    calls.extend(conn, task.task_id, 1)
    calls.extend(conn, task.task_id, 1)
    assert calls.fail(conn, task.task_id, 1, NAME, 0) is Status.WAITING
    assert calls.processing(conn, task.task_id, 2) == 2
    calls.finish(conn, task.task_id, 2)
    calls.finish(conn, task.task_id, 2)
    assert calls.finish_many(conn, [(t.task_id, 1) for t in many[:2]]) == []
    calls.processing(conn, delayed.task_id)
    assert calls.fail(conn, delayed.task_id, 1, "broken") is Status.FAILED
    calls.retry(conn, delayed.task_id, 50)
    calls.cancel(conn, delayed.task_id)
    with pytest.raises(TaskNotActive):
        calls.cancel(conn, delayed.task_id)
    with pytest.raises(TaskNotFound):
        calls.finish(conn, -1)
    assert len(calls.list_tasks(conn, order_no=NAME)) == 1
    assert {s.queue for s in calls.stats(conn)} == {JOB[3], "Q2"}
    told = calls.explain(conn, task.task_id).text
    assert NAME in told

    # Relay and maintenance; these want no open transaction.
    conn.commit()
    batch = calls.scan(conn, "r")
    assert [m.task_id for m in batch.messages] == [many[3].task_id]
    calls.release(conn, batch.batch_id, "r")
    batch = calls.scan(conn, "r")
    calls.confirm(conn, batch.batch_id, "r")
    with pytest.raises(BatchNotFound):
        calls.confirm(conn, batch.batch_id, "r")
    assert calls.purge(conn) == 3
    assert 0 < calls.next_due(conn) <= 60
    conn.commit()

    assert [row(watcher, t.task_id)["status"] for t in (many[2], many[3], delayed)] == [30, 20, 80]
    assert count(watcher) == 3


@pytest.mark.parametrize("statement", SESSIONS)
@pytest.mark.parametrize("autocommit", [True, False])
def test_oddities_of_the_session(
    conn: Connection, connect: Callable[..., Connection], statement: str, autocommit: bool
) -> None:
    own = connect(autocommit=autocommit)
    try:
        execute(own, statement)
    except pymysql.MySQLError as error:
        if error.args[0] not in (1193, 1231, 1238, 1287):
            raise
        pytest.skip(f"this server has no such setting: {error}")
    own.commit()
    live(own, conn)


@pytest.mark.parametrize("completion", ["CHAIN", "RELEASE"])
def test_what_commits_by_itself_ends_its_transaction_and_nothing_else(
    conn: Connection, connect: Callable[..., Connection], completion: str
) -> None:
    """completion_type would begin another one, or end the connection."""
    own = connect()
    execute(own, f"SET SESSION completion_type = '{completion}'")
    many = calls.create_many(own, [NewTask("job", {}, 60, f"Q{n}", delay=0) for n in range(3)])
    calls.create_many(own, [NewTask("job", {}, 60, "Q0", order_no="1")] * 2)
    batch = calls.scan(own, "r")
    calls.release(own, batch.batch_id, "r")
    batch = calls.scan(own, "r", limit=2)
    calls.confirm(own, batch.batch_id, "r")
    calls.redrive(own)
    with pytest.raises(BatchNotFound):
        calls.confirm(own, 1, "r")
    calls.processing_many(own, [(t.task_id, 1) for t in many])
    calls.finish_many(own, [(t.task_id, 1) for t in many])
    calls.expire(own)
    assert calls.purge(own) == 3
    assert own.dialect.alone(own.raw)
    assert count(conn) == 1


# Settings that need no privilege, and the first word of the error that they are refused with.
REFUSED_SESSIONS = {
    "SET SESSION transaction_read_only = 1": "1792",
    "SET SESSION tx_read_only = 1": "1792",
    "SET insert_id = 7": "insert_id",
    "SET auto_increment_increment = 65535": "auto_increment_increment",
    "SET SESSION max_execution_time = 1": None,
    "SET SESSION timestamp = 1000000000": None,
}


@pytest.mark.parametrize("statement", REFUSED_SESSIONS)
def test_settings_that_are_refused_or_do_nothing(
    conn: Connection, connect: Callable[..., Connection], statement: str
) -> None:
    own = connect()
    try:
        execute(own, statement)
    except pymysql.MySQLError as error:
        if error.args[0] != 1193:
            raise
        pytest.skip(f"this server has no such setting: {error}")
    told = REFUSED_SESSIONS[statement]
    if told is None:
        calls.create(own, *JOB)
        assert count(conn) == 1
        return
    with pytest.raises(QtaskError, match=told):
        calls.create(own, *JOB)
    with pytest.raises(QtaskError, match=told):
        calls.create_many(own, [NewTask(*JOB)])
    assert count(conn) == 0


@pytest.mark.parametrize("ending", ["CHAIN", "RELEASE"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_what_the_server_does_after_a_commit(
    conn: Connection, connect: Callable[..., Connection], ending: str, autocommit: bool
) -> None:
    execute(conn, f"SET GLOBAL completion_type = '{ending}'")
    try:
        live(connect(autocommit=autocommit), conn)
    finally:
        execute(conn, "SET GLOBAL completion_type = DEFAULT")


@pytest.mark.parametrize("zone", ["+13:00", "-12:00", "SYSTEM"])
def test_times_are_utc(conn: Connection, connect: Callable[..., Connection], zone: str) -> None:
    own = connect()
    execute(own, f"SET SESSION time_zone = '{zone}'")
    before = query(conn, "SELECT UTC_TIMESTAMP(3)")[0][0]
    found = row(conn, calls.delay(own, "job", {}, 100, 60, "Q").task_id)
    after = query(conn, "SELECT UTC_TIMESTAMP(3)")[0][0]
    assert before <= found["created_at"] <= after
    assert lasting(found, "created_at", "due_at") == 100
    (info,) = calls.list_tasks(own)
    assert info.created_at == found["created_at"].replace(tzinfo=datetime.timezone.utc)


def test_wrong_types_are_refused_in_a_session_that_is_not_strict(
    conn: Connection, connect: Callable[..., Connection]
) -> None:
    own = connect()
    execute(own, "SET SESSION sql_mode = ''")
    for value in ("abc", "", -(2**70), 2**70):
        with refused(conn, InvalidArgument, "in_interval"):
            calls.create(own, "job", {}, value, "Q")
    with refused(conn, InvalidArgument, "in_name"):
        calls.create(own, "x" * 129, {}, 60, "Q")


def test_a_character_set_that_cannot_hold_a_text(conn: Connection, database_url: str) -> None:
    with Database(database_url).connect() as own:
        own.raw.set_character_set("latin1")
        with refused(conn, InvalidArgument, "cannot be sent"):
            calls.create(own, "\N{GRINNING FACE}", {}, 60, "Q")
        task = calls.create(own, "\xe9t\xe9", {"a": "\xe9"}, 60, "Q")
    found = row(conn, task.task_id)
    assert (found["name"], found["payload"]) == ("\xe9t\xe9", '{"a": "\xe9"}')


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
