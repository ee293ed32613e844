"""A call is made again if that is safe, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from qtask_db import Connection, database
from qtask_db.dialects.mysql.driver import MySQL
from qtask_db.errors import Conflict, DatabaseUnavailable, NotInstalled, QtaskError


class Refusing(MySQL):
    """Raises the errors, one a call; then it answers."""

    def __init__(self, errors: list[QtaskError], *, alone: bool = True) -> None:
        self.errors = errors
        self._alone = alone

    def call(self, *_: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return (1,), []

    def alone(self, _raw: Any) -> bool:
        return self._alone

    def translate(self, error: Exception) -> QtaskError | None:
        return error if isinstance(error, QtaskError) else None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Only sleeping takes time."""
    slept = [0.0]
    monkeypatch.setattr(database.time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(database.time, "sleep", slept.append)
    return slept


def test_conflicts_are_met_with_patience(clock: list[float]) -> None:
    dialect = Refusing([Conflict("deadlock")] * 30)
    assert Connection(None, dialect, "qtask_").call("scan_tasks") == ((1,), [])
    assert max(clock) < 0.5


def test_patience_ends(clock: list[float]) -> None:
    dialect = Refusing([Conflict("deadlock")] * 1000)
    with pytest.raises(Conflict):
        Connection(None, dialect, "qtask_").call("scan_tasks")
    assert 60 <= sum(clock) < 61


def test_a_wait_that_took_long_is_tried_three_times(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect = Refusing([Conflict("lock wait timeout")] * 20)
    monkeypatch.setattr(
        dialect, "call", lambda *a: clock.append(50.0) or Refusing.call(dialect, *a)
    )
    with pytest.raises(Conflict):
        Connection(None, dialect, "qtask_").call("scan_tasks")
    assert len(dialect.errors) == 20 - 3


def test_what_is_not_there_is_not_waited_for_long(clock: list[float]) -> None:
    dialect = Refusing([NotInstalled("qtask_scan_tasks")] * 20)
    with pytest.raises(NotInstalled):
        Connection(None, dialect, "qtask_").call("scan_tasks")
    assert (len(dialect.errors), sum(clock) < 1) == (20 - 8, True)


@pytest.mark.parametrize(
    ("error", "alone"), [(Conflict("deadlock"), False), (DatabaseUnavailable("lost"), True)]
)
def test_where_it_may_have_done_something_it_is_not_called_again(
    clock: list[float], error: QtaskError, alone: bool
) -> None:
    dialect = Refusing([error], alone=alone)
    with pytest.raises(type(error)):
        Connection(None, dialect, "qtask_").call("scan_tasks")
    assert clock == [0.0]
