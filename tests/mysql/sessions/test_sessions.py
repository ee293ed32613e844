"""Whatever the caller's session is like, a call does the same."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pymysql
import pytest
from odd_life import JOB, live
from testing import count, execute, lasting, query, refused, row

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.errors import BatchNotFound, InvalidArgument, QtaskError

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
    assert own.dialect.own_transaction(own.raw)
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
