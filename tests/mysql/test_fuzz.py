"""A short run of what scripts/fuzz does for long."""

from __future__ import annotations

import time
from random import Random

import pytest
from fuzzing import inputs, run, settings
from fuzzing.run import Run, Violation
from testing import execute

from qtask_db import Connection, Database, calls
from qtask_db.settings import Settings

SECONDS = 8


def test_hostile_arguments(database_url: str) -> None:
    seed = time.time_ns() % 10**6
    found = Run(Database(database_url), Random(seed))  # noqa: S311
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            found.make(100)
    except Violation as violation:
        pytest.fail(f"scripts/fuzz --seed {seed}, input {found.done + 1}: {violation}")
    assert found.done >= 100
    assert found.outcomes["InvalidArgument"] > 10
    assert found.outcomes["accepted"] > 10
    assert found.outcomes["settings"] > 0


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
    with pytest.raises(Violation, match="was refused and has changed something"):
        Run(Database(database_url), Random(1)).make(100)  # noqa: S311


def test_it_sees_a_setting_that_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "__post_init__", lambda _self: None)
    random = Random(1)  # noqa: S311
    assert any(settings.check(random)[1] for _ in range(50))
