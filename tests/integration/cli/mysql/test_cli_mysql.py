"""Commands on MySQL and MariaDB alone: grants of single procedures, databases, more for doctor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from command_line import Qtask
from testing import execute, query

from qtask_db.database import Connection


@pytest.fixture
def nobody_url(conn: Connection, database_url: str) -> Iterator[str]:
    """An account that may use the database and none of the procedures."""
    parts = urlsplit(database_url)
    name = f"nobody{os.getpid()}"
    execute(conn, f"CREATE USER '{name}'@'%' IDENTIFIED BY 's3cret'")
    execute(conn, f"GRANT CREATE TEMPORARY TABLES ON `{parts.path[1:]}`.* TO '{name}'@'%'")
    yield f"mysql://{name}:s3cret@{parts.hostname}:{parts.port}{parts.path}"
    execute(conn, f"DROP USER '{name}'@'%'")


def test_no_privilege_is_3(qtask: Qtask, nobody_url: str) -> None:
    for args in (["list"], ["stats"], ["purge"], ["create", "a", "{}", "60", "Q"], ["relay"]):
        result = qtask(*args, QTASK_DATABASE_URL=nobody_url)
        assert result.code == 3, result
        assert "`qtask render --grants`" in result.err or "qtask install" in result.err


def test_doctor_tells_a_role_from_none(
    qtask: Qtask, conn: Connection, nobody_url: str, database_url: str
) -> None:
    result = qtask("doctor", "--json", QTASK_DATABASE_URL=nobody_url)
    assert result.code == 1
    levels = {check["name"]: check for check in result.json["checks"]}
    assert levels["privileges"]["level"] == "fail"
    assert "render --grants" in levels["privileges"]["advice"]

    user, schema = urlsplit(nobody_url).username, urlsplit(database_url).path[1:]
    for verb in (
        "scan_tasks", "next_due", "confirm_batch", "release_batch", "expire_tasks", "purge_tasks",
        "report_process", "forget_process", "run_due_schedules", "due_schedules",
        "advance_schedules",
    ):  # fmt: skip
        execute(conn, f"GRANT EXECUTE ON PROCEDURE `{schema}`.qtask_{verb} TO '{user}'@'%'")
    result = qtask("doctor", "--json", QTASK_DATABASE_URL=nobody_url)
    levels = {check["name"]: check for check in result.json["checks"]}
    assert levels["privileges"]["level"] == "ok"
    assert "as relay, not as" in levels["privileges"]["text"]
    assert levels["schema"]["level"] == "ok"
    assert result.code == 0, result.json


def test_doctor_of_a_good_server(qtask: Qtask) -> None:
    levels = {check["name"]: check["level"] for check in qtask("doctor", "--json").json["checks"]}
    for name in ("isolation", "event scheduler", "time zone", "binary log", "durability"):
        assert levels[name] in ("ok", "warn"), name


def test_doctor_finds_a_procedure_that_was_changed(qtask: Qtask, conn: Connection) -> None:
    execute(conn, "DROP PROCEDURE qtask_extend_task")
    result = qtask("doctor")
    assert qtask("install").code == 0
    assert result.code == 1
    assert "FAIL  procedures" in result.out
    assert "qtask_extend_task" in result.out
    assert "-> run `qtask install`" in result.out
    assert qtask("doctor").code == 0


def test_a_wrong_password_is_3(qtask: Qtask, database_url: str) -> None:
    parts = urlsplit(database_url)
    url = f"mysql://root:s3cret@{parts.hostname}:{parts.port}{parts.path}"
    assert "check user and password" in qtask.fails(3, "stats", QTASK_DATABASE_URL=url)


def test_an_unknown_database_is_3(qtask: Qtask, database_url: str) -> None:
    url = database_url.replace(urlsplit(database_url).path, "/no_such_database")
    assert "create it first" in qtask.fails(3, "list", QTASK_DATABASE_URL=url)


def test_doctor_mends_what_does_no_harm(qtask: Qtask, conn: Connection) -> None:
    execute(conn, "ALTER PROCEDURE qtask_finish_task COMMENT 'old'")
    execute(conn, "ALTER TABLE qtask_batch DROP INDEX lapse")
    execute(conn, "ALTER TABLE qtask_batch MODIFY relay VARCHAR(32) COLLATE utf8mb4_bin NOT NULL")
    execute(conn, "ALTER TABLE qtask_queue DROP INDEX name")
    try:
        asked = qtask("doctor", "--fix")
        assert asked.code == 2
        assert "pass --yes" in asked.err
        assert "lapse" not in str(query(conn, "SHOW INDEX FROM qtask_batch"))
        mended = qtask("doctor", "--fix", "--yes")
        assert mended.code == 3
        assert "running qtask install" in mended.err
        assert (
            "running ALTER TABLE qtask_queue ADD UNIQUE KEY name (namespace, queue)" in mended.err
        )
        # A person must run the statements that rewrite the table.
        assert "running ALTER TABLE qtask_batch" not in mended.err
        assert "MODIFY COLUMN relay VARCHAR(64)" in mended.err
        found = qtask("doctor", "--json").json["checks"]
        assert [c["name"] for c in found if c["level"] == "fail"] == ["tables", "calls"]
    finally:
        execute(
            conn, "ALTER TABLE qtask_batch MODIFY relay VARCHAR(64) COLLATE utf8mb4_bin NOT NULL"
        )
        if "lapse" not in str(query(conn, "SHOW INDEX FROM qtask_batch")):
            execute(conn, "ALTER TABLE qtask_batch ADD INDEX lapse (lapses_at)")
