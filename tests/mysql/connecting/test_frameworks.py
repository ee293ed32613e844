"""A connection that Django or SQLAlchemy carries: they learn of its loss, and connect again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.orm import Session
from testing import count, kill_others, row, until

from qtask_db import Connection, Job, Worker, calls
from qtask_db.errors import DatabaseUnavailable

JOB = ("job", {}, 60, "Q")


@pytest.fixture
def engine_of(database_url: str) -> Iterator[sqlalchemy.Engine]:
    """With one connection only."""
    url = database_url.replace("mysql://", "mysql+pymysql://")
    engine = sqlalchemy.create_engine(url, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


def test_a_sqlalchemy_transaction_says_what_happened(
    conn: Connection, engine_of: sqlalchemy.Engine
) -> None:
    with pytest.raises(DatabaseUnavailable), engine_of.begin() as own:
        lose(conn, own)
    with engine_of.begin() as own:
        calls.create(own, *JOB)
    assert count(conn) == 1


def test_a_sqlalchemy_connection_goes_on_after_its_rollback(
    conn: Connection, engine_of: sqlalchemy.Engine
) -> None:
    with engine_of.connect() as own:
        with pytest.raises(DatabaseUnavailable):
            lose(conn, own)
        own.rollback()
        calls.create(own, *JOB)
        own.commit()
    assert count(conn) == 1


def test_a_sqlalchemy_session_goes_on_after_its_rollback(
    conn: Connection, engine_of: sqlalchemy.Engine
) -> None:
    with Session(engine_of) as session:
        with pytest.raises(DatabaseUnavailable):
            lose(conn, session)
        session.rollback()
        calls.create(session, *JOB)
        session.commit()
    assert count(conn) == 1


def test_a_pooled_connection_does_not_come_again(
    conn: Connection, engine_of: sqlalchemy.Engine
) -> None:
    own = engine_of.raw_connection()
    with pytest.raises(DatabaseUnavailable):
        lose(conn, own)
    own.close()
    own = engine_of.raw_connection()
    calls.create(own, *JOB)
    own.commit()
    own.close()
    assert count(conn) == 1


def lose(watcher: Connection, own: Any) -> None:
    calls.create(own, *JOB)
    kill_others(watcher)
    calls.create(own, *JOB)


# -- Django ----------------------------------------------------------------------------------------


@pytest.fixture(params=["PyMySQL", "mysqlclient"])
def django_settings(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """The settings of its one database; connections stay open from request to request."""
    # Each driver is found afresh; what is imported meanwhile goes again.
    backend = ("MySQLdb", "django.db.backends.mysql")
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(backend)}
    if request.param == "PyMySQL":
        # With its parts, or they would be imported a second time, as the other driver's.
        for name in [name for name in sys.modules if name.partition(".")[0] == "pymysql"]:
            sys.modules["MySQLdb" + name.removeprefix("pymysql")] = sys.modules[name]
    else:
        pytest.importorskip("MySQLdb", reason="pip install mysqlclient")
    import django.conf
    import django.db.transaction

    if not django.conf.settings.configured:
        django.conf.settings.configure(USE_TZ=True)
    parts = sqlalchemy.make_url(database_url)
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.mysql",
        "HOST": parts.host,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password,
        "NAME": parts.database,
        "CONN_MAX_AGE": None,
    }
    handler = django.db.utils.ConnectionHandler({"default": settings})
    for module in (django.db, django.db.transaction):
        monkeypatch.setattr(module, "connections", handler)
    yield settings
    with suppress(Exception):
        handler.close_all()
    for name in [name for name in sys.modules if name.startswith(backend)]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def django_conn(django_settings: dict[str, Any]) -> Any:  # noqa: ARG001 - they are in force
    import django.db

    return django.db.connections["default"]


def end_of_request() -> None:
    import django.db

    django.db.close_old_connections()


def test_a_django_connection_carries_the_transaction(conn: Connection, django_conn: Any) -> None:
    with pytest.raises(ZeroDivisionError), atomic(django_conn):
        _ = calls.create(django_conn, *JOB).task_id / 0
    assert count(conn) == 0
    pushed: list[int] = []
    with atomic(django_conn):
        task = calls.create(django_conn, *JOB)
        django_conn.on_commit(lambda: pushed.append(row(conn, task.task_id)["status"]))
    assert pushed == [20]


def atomic(django_conn: Any) -> Any:
    from django.db import transaction

    return transaction.Atomic(django_conn.alias, savepoint=True, durable=False)


def test_a_django_view_works_again_after_the_one_that_lost_the_connection(
    conn: Connection, django_conn: Any
) -> None:
    calls.create(django_conn, *JOB)
    end_of_request()
    kill_others(conn)
    with pytest.raises(DatabaseUnavailable):
        calls.create(django_conn, *JOB)
    end_of_request()
    calls.create(django_conn, *JOB)
    assert count(conn) == 2


def test_a_django_transaction_says_what_happened(conn: Connection, django_conn: Any) -> None:
    with pytest.raises(DatabaseUnavailable), atomic(django_conn):
        lose(conn, django_conn)
    end_of_request()
    with atomic(django_conn):
        calls.create(django_conn, *JOB)
    assert count(conn) == 1


def test_djangos_health_check_is_made(conn: Connection, django_settings: dict[str, Any]) -> None:
    import django.db

    django_settings["CONN_HEALTH_CHECKS"] = True
    own = django.db.connections["default"]
    calls.create(own, *JOB)
    end_of_request()
    kill_others(conn)
    calls.create(own, *JOB)
    assert count(conn) == 2


@pytest.mark.usefixtures("django_settings")
def test_a_workers_handlers_go_on_with_django(
    database_url: str, redis_url: str, conn: Connection
) -> None:
    import django.db

    worker = Worker(database_url, redis_url, threads=1, retry_delay=0.1)
    seen: list[int] = []

    @worker.handler("Q")
    def work(_: Job) -> None:
        with django.db.connections["default"].cursor() as cursor:
            cursor.execute("SELECT CONNECTION_ID()")
            seen.append(cursor.fetchone()[0])

    with worker:
        calls.create(conn, *JOB).push(redis_url)
        until(lambda: len(seen) == 1)
        kill_others(conn)
        calls.create(conn, *JOB).push(redis_url)  # fails, and would be repeated by a relay
        calls.create(conn, *JOB).push(redis_url)
        until(lambda: len(seen) == 2)
    assert seen[0] != seen[1]
