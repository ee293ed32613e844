"""A call is made again if that is safe, and only then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import oracledb
import pymysql
import pytest

from qtask_db import Connection, database
from qtask_db.dialects import of_scheme
from qtask_db.dialects.mysql.driver import MySQL
from qtask_db.errors import (
    AccessDenied,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    NotInstalled,
    QtaskError,
)


class Refusing(MySQL):
    """Raises the errors, one a call; then it answers."""

    def __init__(self, errors: list[QtaskError], *, own: bool = True) -> None:
        self.errors = errors
        self._own = own

    def call(self, *_: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return (1,), []

    def own_transaction(self, _raw: Any) -> bool:
        return self._own

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


@pytest.mark.parametrize(
    ("kind", "passing", "own", "calls"),
    [
        (NotInstalled, True, True, 8),
        (NotInstalled, True, False, 1),
        (NotInstalled, False, True, 1),
        (AccessDenied, True, True, 5),
        (AccessDenied, True, False, 5),
        (AccessDenied, False, True, 1),
    ],
)
def test_what_is_not_there_is_not_waited_for_long(
    clock: list[float], kind: type[DatabaseError], passing: bool, own: bool, calls: int
) -> None:
    error = kind("qtask_scan_tasks")
    error.passing = passing
    dialect = Refusing([error] * 20, own=own)
    with pytest.raises(kind):
        Connection(None, dialect, "qtask_").call("scan_tasks")
    assert (len(dialect.errors), sum(clock) < 1) == (20 - calls, True)


@pytest.mark.parametrize(
    ("full_code", "text", "passing"),
    [
        (1305, "PROCEDURE shop.qtask_scan_tasks does not exist", True),
        (1370, "execute command denied to user 'a'@'%' for routine 'qtask_scan_tasks'", True),
        (1045, "Access denied for user 'a'@'%'", False),
        (1054, "Unknown column 'a'", False),
        ("ORA-06508", "PL/SQL: could not find program unit being called: A.QTASK", True),
        ("ORA-06550", "line 1: PLS-00905: object A.QTASK is invalid", True),
        ("ORA-06550", "line 1: PLS-00201: identifier 'QTASK.SCAN_TASKS' must be declared", False),
        ("ORA-00942", "table or view does not exist", False),
    ],
)
def test_an_installation_at_work_is_told_from_a_mistake(
    full_code: int | str, text: str, passing: bool
) -> None:
    if isinstance(full_code, int):
        found = of_scheme("mysql").translate(pymysql.err.OperationalError(full_code, text))
    else:
        details = SimpleNamespace(code=int(full_code[4:]), full_code=full_code, message=text)
        found = of_scheme("oracle").translate(oracledb.DatabaseError(details))
    assert isinstance(found, NotInstalled | AccessDenied)
    assert found.passing is passing


@pytest.mark.parametrize(
    ("error", "own"), [(Conflict("deadlock"), False), (DatabaseUnavailable("lost"), True)]
)
def test_where_it_may_have_done_something_it_is_not_called_again(
    clock: list[float], error: QtaskError, own: bool
) -> None:
    dialect = Refusing([error], own=own)
    with pytest.raises(type(error)):
        Connection(None, dialect, "qtask_").call("scan_tasks")
    assert clock == [0.0]
