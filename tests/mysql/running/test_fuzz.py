"""A short run of what scripts/fuzz does for long."""

from __future__ import annotations

import os
import time
from random import Random

import pymysql
import pytest
from fuzz import inputs, run, settings, staging
from fuzz.run import Run, Violation
from testing import execute, query

from qtask_db import Connection, Database, calls
from qtask_db.settings import Settings

SECONDS = 8
ENOUGH = 500
"""Inputs, however long they take: fewer may leave an outcome out."""


def test_hostile_arguments(database_url: str) -> None:
    seed = int(os.environ.get("QTASK_TEST_SEED", "1"))
    found = Run(Database(database_url), Random(seed))  # noqa: S311
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end or found.done < ENOUGH:
            found.make(100)
    except Violation as violation:
        pytest.fail(f"scripts/fuzz --seed {seed}, input {found.done + 1}: {violation}")
    assert found.outcomes["InvalidArgument"] > 10
    assert found.outcomes["accepted"] > 10
    assert found.outcomes["settings"] > 0
    assert found.outcomes["sessions"] > 10


def test_every_procedure_gets_its_turn() -> None:
    random = Random(1)  # noqa: S311
    made = {inputs.make(random, "mysql", [1], [1]).verb for _ in range(1000)}
    assert made == set(inputs.VERBS["mysql"])


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM qtask_task", "that it does not name|reading has changed"),
        ("DROP TABLE nothing", "unclear error"),
        ("KILL CONNECTION_ID()", "the connection is lost"),
        ("DELETE FROM qtask_fuzz", "sentinel"),
        ("BEGIN", "left a transaction open"),
    ],
)
def test_it_sees_what_goes_wrong(
    database_url: str, monkeypatch: pytest.MonkeyPatch, statement: str, fault: str
) -> None:
    def call(conn: Connection, _made: inputs.Input) -> list[object]:
        try:
            execute(conn, statement)
        except Exception as error:
            raise conn.dialect.translate(error) or error from error
        return [(0,)]

    monkeypatch.setattr(run, "_call", call)
    monkeypatch.setattr(run, "SETTING_SHARE", 0)
    monkeypatch.setattr(run, "TRANSACTION_SHARE", 0)
    monkeypatch.setattr(run, "SESSION_SHARE", 0)
    # The first call of each hundred, which begins anew, may be one that is allowed to delete.
    with pytest.raises(Violation, match=fault):
        Run(Database(database_url), Random(1)).make(500)  # noqa: S311


def test_it_sees_a_refusal_that_has_changed_something(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(conn: Connection, _made: inputs.Input) -> list[object]:
        calls.pause(conn, "HALF")
        calls.pause(conn, "")
        return []

    monkeypatch.setattr(run, "_call", call)
    monkeypatch.setattr(run, "SESSION_SHARE", 0)
    with pytest.raises(Violation, match="was refused and has changed something"):
        Run(Database(database_url), Random(1)).make(100)  # noqa: S311


CREATED = "INSERT INTO qtask_queue (queue, namespace) VALUES ('HALF', 'half')"


@pytest.mark.parametrize(
    ("setting", "statement", "fault"),
    [
        ("autocommit = 0", f"{CREATED}; SIGNAL 20101", "was refused and has changed something"),
        ("sql_notes = 0", "SIGNAL 1792", r"unclear error .* after SET SESSION sql_notes = 0"),
        ("transaction_read_only = 1", "SIGNAL 1792", ""),
        ("sql_select_limit = 1", "SELECT 1 UNION SELECT 2", ""),
    ],
)
def test_it_sees_what_a_session_has_set(
    engine: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    statement: str,
    fault: str,
) -> None:
    """A setting excuses its own errors alone, holds in its call alone, and hides nothing."""
    if engine == "mariadb":
        setting = setting.replace("transaction_read", "tx_read")
    name = setting.partition(" = ")[0]
    seen = []

    def call(conn: Connection, made: inputs.Input) -> list[object]:
        seen.append((str(query(conn, f"SELECT @@{name}")[0][0]), bool(made.settings)))
        for each in statement.split("; "):
            if each.startswith("SIGNAL"):
                error = pymysql.err.OperationalError(int(each.split()[1]), "a refusal")
                raise conn.dialect.translate(error) or error from error
            execute(conn, each)
        return [(0,)]

    monkeypatch.setattr(run, "_call", call)
    monkeypatch.setattr(run, "SETTING_SHARE", 0)
    monkeypatch.setattr(run, "SESSION_SHARE", 1)
    monkeypatch.setattr(staging, "settable", lambda _conn: {name: [setting.split(" = ")[1]]})
    monkeypatch.setattr(staging, "NUMBERS", (1,))
    tried = Run(Database(database_url), Random(1))  # noqa: S311
    if fault:
        with pytest.raises(Violation, match=fault):
            tried.make(20)
    else:
        tried.make(20)
    assert len(set(seen)) == 1


def test_it_sees_a_setting_that_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "__post_init__", lambda _self: None)
    random = Random(1)  # noqa: S311
    assert any(settings.check(random)[1] for _ in range(50))
