"""A short run of what scripts/fuzz does for long."""

from __future__ import annotations

import time
from random import Random

import pytest
from fuzz import inputs, run
from fuzz.run import Run, Violation
from testing import execute

from qtask_db import Connection, Database

SECONDS = 8


def test_hostile_arguments(database_url: str) -> None:
    seed = time.time_ns() % 10**6
    found = Run(Database(database_url), Random(seed))  # noqa: S311
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            found.make(100)
    except Violation as violation:
        pytest.fail(
            f"scripts/fuzz --engine oracle --seed {seed}, input {found.done + 1}: {violation}"
        )
    assert found.outcomes["InvalidArgument"] > 10
    assert found.outcomes["accepted"] > 10


def test_every_procedure_gets_its_turn_in_both_ways() -> None:
    random = Random(1)  # noqa: S311
    made = [inputs.make(random, "oracle", [1], [1]) for _ in range(2000)]
    for direct in (False, True):
        assert {one.verb for one in made if one.direct is direct} == set(inputs.VERBS["oracle"])


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE qtask_task SET attempts = 9", "that it does not name|reading has changed"),
        ("DROP TABLE nothing", "unclear error"),
        ("DELETE FROM qtask_fuzz", "sentinel"),
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
