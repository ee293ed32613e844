"""doctor, and what an account without privileges sees."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from command_line import AWAY, Qtask
from testing import age, execute

from qtask_db import calls
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
    ):  # fmt: skip
        execute(conn, f"GRANT EXECUTE ON PROCEDURE `{schema}`.qtask_{verb} TO '{user}'@'%'")
    result = qtask("doctor", "--json", QTASK_DATABASE_URL=nobody_url)
    levels = {check["name"]: check for check in result.json["checks"]}
    assert levels["privileges"]["level"] == "ok"
    assert "as relay, not as" in levels["privileges"]["text"]
    assert levels["schema"]["level"] == "ok"
    assert result.code == 0, result.json


def test_doctor_of_a_good_installation(qtask: Qtask) -> None:
    result = qtask("doctor", "--json")
    assert result.code == 0, result.json
    assert result.json["ok"] is True
    levels = {check["name"]: check["level"] for check in result.json["checks"]}
    for name in (
        "connection", "server", "isolation", "event scheduler", "server clock", "time zone",
        "binary log", "durability", "privileges", "schema", "procedures", "relays",
        "Redis", "Redis version", "Redis memory",
    ):  # fmt: skip
        assert levels[name] in ("ok", "warn"), name
    plain = qtask("doctor")
    assert re.search(r"^ok    server ", plain.out, re.MULTILINE)
    assert re.search(r"\d+ ok, \d+ warnings?, 0 failed", plain.out)


def test_doctor_finds_a_procedure_that_was_changed(qtask: Qtask, conn: Connection) -> None:
    execute(conn, "DROP PROCEDURE qtask_extend_task")
    result = qtask("doctor")
    assert qtask("install").code == 0
    assert result.code == 1
    assert "FAIL  procedures" in result.out
    assert "qtask_extend_task" in result.out
    assert "-> run `qtask install`" in result.out
    assert qtask("doctor").code == 0


def test_doctor_finds_a_missing_and_an_older_schema(qtask: Qtask, conn: Connection) -> None:
    result = qtask("doctor", "--prefix", "absent_")
    assert result.code == 1
    assert "FAIL  schema" in result.out
    execute(conn, "UPDATE qtask_setting SET value = '0.0.1' WHERE name = 'version'")
    result = qtask("doctor")
    assert qtask("install").code == 0
    assert result.code == 1
    assert "0.0.1 is installed" in result.out


def test_doctor_finds_servers_that_are_away(qtask: Qtask) -> None:
    result = qtask("doctor", QTASK_REDIS_URL=f"redis://:s3cret@{AWAY}/0")
    assert result.code == 1
    assert "FAIL  Redis" in result.out
    result = qtask("doctor", QTASK_DATABASE_URL=f"mysql://u:s3cret@{AWAY}/x")
    assert result.code == 1
    assert "FAIL  connection" in result.out
    assert "-> check that the server is up" in result.out


def test_doctor_warns_of_tasks_that_nobody_takes(qtask: Qtask, conn: Connection) -> None:
    calls.delay(conn, "bind", {}, 0, 60, "Q")
    age(conn, 3600)
    result = qtask("doctor")
    assert result.code == 0
    assert "warn  relays" in result.out
    assert "start `qtask relay`" in result.out
