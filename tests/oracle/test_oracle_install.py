"""Installing: by yoyo or by qtask, again and again; what does not compile is found."""

from __future__ import annotations

import logging
import re
from typing import Any

import oracledb
import pytest
from testing import execute, query
from yoyo import get_backend, read_migrations

from qtask_db import Connection, Database, bind, calls
from qtask_db.doctor.check import Level
from qtask_db.doctor.database import examine_database
from qtask_db.errors import DatabaseError, NotInstalled, QtaskError
from qtask_db.install import install, uninstall
from qtask_db.resources import directory
from qtask_db.schema.oracle import objects as oracle_schema
from qtask_db.schema.render import statements
from qtask_db.settings import Settings

OBJECTS = "SELECT object_type, object_name FROM user_objects WHERE object_type <> 'LOB'"


def objects(url: str) -> set[tuple[Any, ...]]:
    with Database(url).connect() as conn:
        return set(query(conn, OBJECTS))


def create_and_finish(url: str, prefix: str = "qtask_") -> None:
    with Database(url, prefix=prefix).connect() as conn:
        task = calls.create(conn, "job", {"n": 1}, 60, "Q", order_no="1")
        calls.processing(conn, task.task_id, 1)
        calls.finish(conn, task.task_id, 1)


def quiet(_line: str) -> None: ...


@pytest.fixture
def created(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the objects that installers create from here on."""
    names: list[str] = []
    create = oracle_schema.create

    def noting(raw: Any, wanted: Any) -> None:
        names.append(wanted.name)
        create(raw, wanted)

    monkeypatch.setattr(oracle_schema, "create", noting)
    return names


def test_yoyo_alone_installs_the_same(empty_url: str, new_account: Any) -> None:
    with get_backend(empty_url) as backend, backend.lock():
        migrations = read_migrations(str(directory("migrations") / "oracle"))
        backend.apply_migrations(backend.to_apply(migrations))
    create_and_finish(empty_url)
    other = new_account()
    install(other, {}, report=quiet)
    assert objects(empty_url) == objects(other)


def test_again_it_changes_nothing(empty_url: str, created: list[str]) -> None:
    install(empty_url, {}, report=quiet)
    assert {"qtask_package_spec", "qtask_package_body", "qtask_task_list"} <= set(created)
    create_and_finish(empty_url)
    created.clear()
    before = objects(empty_url)
    install(empty_url, {}, report=quiet)
    assert created == []
    assert objects(empty_url) == before


def test_another_setting_replaces_what_shows_it(empty_url: str, created: list[str]) -> None:
    install(empty_url, {}, report=quiet)
    created.clear()
    install(empty_url, {"payload_limit": "100"}, report=quiet)
    assert "qtask_package_body" in created
    assert "qtask_task_list" not in created


def test_uninstalling_leaves_nothing_but_other_prefixes(empty_url: str) -> None:
    install(empty_url, {}, report=quiet)
    before = objects(empty_url)
    install(empty_url, {"prefix": "b_", "maintenance_minutes": "60"}, report=quiet)
    create_and_finish(empty_url, "b_")
    uninstall(empty_url, "b_", report=quiet)
    assert objects(empty_url) == before
    create_and_finish(empty_url)
    uninstall(empty_url, report=quiet)
    left = {name for _, name in objects(empty_url)}
    assert [name for name in left if name.startswith("QTASK")] == []
    install(empty_url, {}, report=quiet)
    create_and_finish(empty_url)


def test_what_does_not_compile_fails_with_the_compilers_words(empty_url: str) -> None:
    install(empty_url, {}, report=quiet)
    with Database(empty_url).connect() as conn:
        execute(conn, "CREATE OR REPLACE PACKAGE BODY qtask AS PROCEDURE broken IS BEGIN 1 END;")
        with pytest.raises(DatabaseError, match=r"PACKAGE BODY QTASK, line \d+:\d+: ") as caught:
            oracle_schema.verify(conn.raw, "qtask_")
        assert "PLS-" in str(caught.value)
    found = {check.name: check for check in examine_database(Database(empty_url))}
    assert found["privileges"].level is Level.FAIL
    assert found["procedures"].level is Level.FAIL
    install(empty_url, {}, report=quiet)
    create_and_finish(empty_url)


def test_what_a_failed_installation_left_is_kept(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(raw: Any, _wanted: Any) -> None:
        query(bind(raw), "SELECT 1 FROM no_such_table")

    with monkeypatch.context() as patch:
        patch.setattr(oracle_schema, "create", fail)
        with pytest.raises(QtaskError, match="ORA-00942"):
            install(empty_url, {}, report=quiet)
    with Database(empty_url).connect() as conn:
        execute(conn, "INSERT INTO qtask_queue (queue_id, namespace, queue) VALUES (7, 'n', 'q')")
        forgotten = "DELETE FROM \"_YOYO_MIGRATION\" WHERE migration_id LIKE 'qtask-%'"
        execute(conn, forgotten)
        execute(conn, "DROP TABLE qtask_setting")
        install(empty_url, {}, report=quiet)
        assert query(conn, "SELECT queue_id FROM qtask_queue") == [(7,)]
    create_and_finish(empty_url)


def test_a_missing_package_is_told(empty_url: str) -> None:
    with Database(empty_url).connect() as conn, pytest.raises(NotInstalled, match="qtask install"):
        calls.create(conn, "job", {}, 60, "Q")


def test_the_maintenance_job(empty_url: str) -> None:
    jobs = "SELECT job_name, enabled FROM user_scheduler_jobs"
    install(empty_url, {"maintenance_minutes": "60"}, report=quiet)
    with Database(empty_url).connect() as conn:
        assert query(conn, jobs) == [("QTASK_MAINTENANCE", "TRUE")]
        install(empty_url, {"maintenance_minutes": "0"}, report=quiet)
        assert query(conn, jobs) == []


def test_a_good_installation_has_nothing_to_tell(
    empty_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="qtask_db"):
        install(empty_url, {"maintenance_minutes": "60"}, report=quiet)
    assert caplog.records == []
    for check in examine_database(Database(empty_url)):
        assert check.level is Level.OK, check


def test_the_storage_of_new_tables(real: Connection, empty_url: str) -> None:  # noqa: ARG001
    install(empty_url, {}, report=quiet)
    storage = (
        "SELECT ini_trans FROM user_tables WHERE table_name = 'QTASK_TASK' UNION ALL "
        "SELECT ini_trans FROM user_indexes WHERE index_name = 'QTASK_DUE' UNION ALL "
        "SELECT DECODE(cache, 'YES', 10, 0) FROM user_lobs WHERE table_name = 'QTASK_TASK'"
    )
    with Database(empty_url).connect() as conn:
        assert query(conn, storage) == [(10,)] * 4


def test_the_storage_of_tables_in_use_is_left_alone(empty_url: str) -> None:
    install(empty_url, {}, report=quiet)
    (change,) = statements(directory("migrations") / "oracle" / "qtask-0002-storage.py", Settings())
    change = re.sub(r"'ALTER [^']*'", "'DROP TABLE none_of_this_name'", change)
    with Database(empty_url).connect() as conn:
        calls.create(conn, "job", {}, 60, "Q")
        execute(conn, change)
        execute(conn, "DELETE FROM qtask_task")
        with pytest.raises(oracledb.DatabaseError):
            execute(conn, change)
