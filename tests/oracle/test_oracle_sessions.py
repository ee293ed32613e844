"""Connections in every wrapping, lost ones, slow ones, and how often the network is crossed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy
from sqlalchemy.orm import Session
from testing import count, execute, new, query, started

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.errors import AccessDenied, DatabaseUnavailable

Connect = Callable[..., Connection]


def test_a_drivers_connection_is_used_as_it_is(conn: Connection, connect: Connect) -> None:
    raw = connect(autocommit=False).raw
    calls.create(raw, "job", {}, 60, "Q")
    assert count(conn) == 0
    raw.commit()
    assert count(conn) == 1


def test_alone_is_who_has_autocommit_and_no_transaction(conn: Connection, connect: Connect) -> None:
    own = connect(autocommit=False)
    assert conn.dialect.own_transaction(conn.raw)
    assert not own.dialect.own_transaction(own.raw)
    new(own)
    own.set_autocommit(True)
    assert not own.dialect.own_transaction(own.raw)
    own.commit()
    assert own.dialect.own_transaction(own.raw)
    own.close()
    assert not own.dialect.own_transaction(own.raw)


@pytest.fixture
def engine_of(database_url: str) -> Iterator[sqlalchemy.Engine]:
    engine = sqlalchemy.create_engine(
        "oracle+oracledb://", creator=lambda: Database(database_url).connect(autocommit=False).raw
    )
    yield engine
    engine.dispose()


def test_what_sqlalchemy_carries(conn: Connection, engine_of: sqlalchemy.Engine) -> None:
    with engine_of.begin() as own:
        calls.create(own, "job", {}, 60, "Q")
        assert count(conn) == 0
    assert count(conn) == 1
    with Session(engine_of) as session:
        calls.create(session, "job", {}, 60, "Q")
        session.commit()
    assert count(conn) == 2
    pooled = engine_of.raw_connection()
    calls.create(pooled, "job", {}, 60, "Q")
    pooled.commit()
    pooled.close()
    assert count(conn) == 3


def test_a_lost_connection_is_told(conn: Connection, connect: Connect) -> None:
    own = connect()
    own.raw.close()
    assert not own.alive()
    with pytest.raises(DatabaseUnavailable):
        calls.stats(own)
    with pytest.raises(DatabaseUnavailable):
        new(own)
    assert count(conn) == 0


def test_a_call_waits_as_long_as_the_url_says(
    conn: Connection, connect: Connect, database_url: str
) -> None:
    task_id = started(conn)
    holder = connect(autocommit=False)
    calls.finish(holder, task_id, 1)
    with (
        Database(f"{database_url}&call_timeout=0.3").connect() as own,
        pytest.raises(DatabaseUnavailable, match="timeout"),
    ):
        calls.cancel(own, task_id)
    holder.rollback()
    calls.finish(conn, task_id, 1)


def test_long_payloads_come_whole_in_both_directions(conn: Connection) -> None:
    payloads = [
        json.dumps({"text": "\xe4" * n * 100}, ensure_ascii=False) for n in range(0, 300, 50)
    ]
    tasks = [new(conn, payload=payload) for payload in payloads]
    found = {m.task_id: m.payload for m in calls.scan(conn, "r").messages}
    assert [found[task] for task in tasks] == payloads


def test_how_often_the_network_is_crossed(real: Connection, conn: Connection) -> None:
    def trips() -> int:
        return int(
            query(
                real,
                "SELECT value FROM v$sesstat JOIN v$statname USING (statistic#) "
                f"WHERE name = 'SQL*Net roundtrips to/from client' AND sid = {sid}",
            )[0][0]
        )

    def crossed(work: Callable[[], object]) -> int:
        work()  # the first call parses
        before = trips()
        work()
        return trips() - before

    sid = query(conn, "SELECT SYS_CONTEXT('USERENV', 'SID') FROM dual")[0][0]
    tasks: list[int] = []
    assert crossed(lambda: tasks.append(new(conn, payload={"text": "x" * 20_000}))) == 1
    waiting = iter(tasks)
    assert crossed(lambda: calls.processing(conn, next(waiting))) == 1
    begun = iter(tasks)
    assert crossed(lambda: calls.finish(conn, next(begun))) == 1
    for _ in range(200):
        new(conn)
    batches: list[int | None] = []
    assert crossed(lambda: batches.append(calls.scan(conn, "r", limit=100).batch_id)) == 2
    unconfirmed = iter(batches)
    assert crossed(lambda: calls.confirm(conn, next(unconfirmed), "r")) == 1  # type: ignore[arg-type]


def test_a_wrong_password_is_told(real: Connection, database_url: str) -> None:  # noqa: ARG001
    url = database_url.replace(":", "_", 1).replace("_", ":", 1)
    head, _, tail = url.partition("@")
    with pytest.raises(AccessDenied):
        Database(f"{head}wrong@{tail}").connect()


def test_a_role_calls_and_sees_no_table(
    real: Connection, new_account: Callable[..., str], conn: Connection
) -> None:
    from qtask_db.schema.render import Renderer
    from qtask_db.settings import Settings

    url = new_account("CREATE SESSION")
    owner = query(conn, "SELECT USER FROM dual")[0][0]
    statements = Renderer("oracle", Settings()).grants().split(";")
    for role in ("app", "relay", "operator"):
        execute(
            real,
            f"BEGIN EXECUTE IMMEDIATE 'DROP ROLE qtask_{role}'; "
            "EXCEPTION WHEN OTHERS THEN NULL; END;",
        )
    for statement in statements:
        lines = [line for line in statement.splitlines() if not line.startswith("--")]
        if text := "\n".join(lines).strip():
            execute(conn, text)
    execute(real, f"CREATE OR REPLACE SYNONYM qtask_test_0.qtask FOR {owner}.qtask_app")
    with Database(url).connect() as own, pytest.raises(Exception, match="grants"):
        new(own)
    execute(real, "GRANT qtask_app TO qtask_test_0")
    with Database(url).connect() as own:
        new(own)
        for package in ("qtask", "qtask_app", f"{owner}.qtask_app"):
            with pytest.raises(Exception, match="ORA-06550"):
                execute(own, f"DECLARE n NUMBER; BEGIN {package}.purge_tasks(1, n); END;")
        with pytest.raises(Exception, match="ORA-06550"):
            execute(own, f"DECLARE n NUMBER; BEGIN {owner}.qtask.purge_tasks(1, n); END;")
        with pytest.raises(Exception, match=r"ORA-00942|ORA-41900|ORA-01031"):
            query(own, f"SELECT task_id FROM {owner}.qtask_task")


def names_stay_apart(own: Connection) -> None:
    """The whole way of tasks of queues that differ in case and in an accent."""
    queues = ["Orders", "ORDERS", "\u00d3rders"]
    made = calls.create_many(
        own, [NewTask("job", {}, 60, q, order_no="1", delay=0) for q in queues]
    )
    assert len({task.task_id for task in made}) == 3
    assert [calls.create(own, "job", {}, 60, q, order_no="1").task_id for q in queues] == [
        task.task_id for task in made
    ]
    for queue in queues:
        assert [found.queue for found in calls.list_tasks(own, queue=queue)] == [queue]
    batch = calls.scan(own, "r", held=["ORDERS"])
    assert {message.queue for message in batch.messages} == {"Orders", "\u00d3rders"}
    calls.confirm(own, batch.batch_id, "r")
    created = re.compile(r"Created 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3};")
    for task in made:
        calls.processing(own, task.task_id)
        assert created.search(calls.explain(own, task.task_id).text)
        calls.finish(own, task.task_id, 1)


@pytest.mark.parametrize(
    "setting",
    [
        "NLS_NUMERIC_CHARACTERS = ',.'",
        "NLS_DATE_FORMAT = 'DD.MM.YY'",
        "NLS_TIMESTAMP_FORMAT = 'DD.MM.YY'",
        "NLS_TERRITORY = GERMANY",
        "NLS_LANGUAGE = GERMAN",
        "NLS_LENGTH_SEMANTICS = BYTE",
        "TIME_ZONE = '+05:30'",
        "ERROR_ON_OVERLAP_TIME = TRUE",
        "CURSOR_SHARING = FORCE",
        "OPTIMIZER_MODE = FIRST_ROWS_1",
        "OPTIMIZER_INDEX_COST_ADJ = 10000",
        "PLSQL_OPTIMIZE_LEVEL = 0",
        "COMMIT_WAIT = NOWAIT",
        "COMMIT_LOGGING = BATCH",
        "SKIP_UNUSABLE_INDEXES = FALSE",
        "DDL_LOCK_TIMEOUT = 1",
        "RECYCLEBIN = OFF",
    ],
)
def test_a_sessions_formats_change_nothing(connect: Connect, setting: str) -> None:
    own = connect()
    execute(own, f"ALTER SESSION SET {setting}")
    names_stay_apart(own)


@pytest.mark.parametrize("sort", ["BINARY_CI", "BINARY_AI", "GERMAN_AI"])
def test_a_sessions_collation_changes_nothing(
    real: Connection,  # noqa: ARG001
    connect: Connect,
    sort: str,
) -> None:
    own = connect()
    for setting in ("NLS_COMP = LINGUISTIC", f"NLS_SORT = {sort}", "NLS_CALENDAR = 'THAI BUDDHA'"):
        execute(own, f"ALTER SESSION SET {setting}")
    names_stay_apart(own)
