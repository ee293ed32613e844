"""Values on their way to Oracle, and checks of the doctor that need no server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import oracledb
import pytest

from qtask_db import errors
from qtask_db.dialects.oracle.driver import _fitting, fetch_at_once
from qtask_db.doctor.oracle.server import check_comparison, check_encryption, check_version


@pytest.mark.parametrize("rows", [1000, 10_001])
def test_a_callers_converters_are_left_out(rows: int) -> None:
    """The driver asks the cursor's handler first, and the connection's if there is none."""
    cursor = SimpleNamespace(var=lambda kind, **_: kind, arraysize=rows)
    fetch_at_once(cursor, rows)
    handler = cursor.outputtypehandler
    assert handler(cursor, SimpleNamespace(type_code=oracledb.DB_TYPE_NUMBER)) is None
    clob = SimpleNamespace(type_code=oracledb.DB_TYPE_CLOB)
    assert handler(cursor, clob) is oracledb.DB_TYPE_LONG
    assert (cursor.prefetchrows, cursor.arraysize) == (rows, rows)


@pytest.mark.parametrize(
    ("value", "kind", "sent"),
    [("a", "CLOB", "a"), ("", "VARCHAR2", " "), (None, "NUMBER", None), (-(2**63), "NUMBER", None)],
)
def test_a_value_that_fits(value: Any, kind: str, sent: Any) -> None:
    assert _fitting(value, "in_x", kind) == (value if sent is None else sent)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(5, "VARCHAR2"), ([], "CLOB"), (b"{}", "CLOB")]
    + [(value, "NUMBER") for value in ("5", "", 1.0, True, 2**63, -(2**63) - 1, {})],
)
def test_a_value_that_does_not_fit_is_refused(value: Any, kind: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="in_x must be a"):
        _fitting(value, "in_x", kind)


@pytest.mark.parametrize(("value", "kind"), [("x" * 70_000, "NUMBER"), (b"x" * 70_000, "CLOB")])
def test_a_refusal_shows_no_more_than_the_beginning_of_a_value(value: Any, kind: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="xxx") as caught:
        _fitting(value, "in_x", kind)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("version", "level"),
    [("12.1.0.2.0", "fail"), ("18.4.0.0.0", "fail"), ("19.3.0.0.0", "ok"), ("23.9.0.25.7", "ok")],
)
def test_server_versions(version: str, level: str) -> None:
    assert check_version(version).level.value == level


def test_sessions_that_compare_by_a_language_are_told() -> None:
    assert check_comparison("BINARY").level.value == "ok"
    found = check_comparison("LINGUISTIC")
    assert (found.level.value, "without their indexes" in found.text) == ("warn", True)


def test_what_the_way_to_the_server_is_worth() -> None:
    for protocol, address, proves_host, level, words in (
        ("tcps", "192.0.2.7", True, "ok", "host name"),
        ("tcps", "192.0.2.7", False, "ok", "its authority"),
        ("tcp", "127.0.0.1", True, "ok", "this machine"),
        ("tcp", "::1", True, "ok", "this machine"),
        (None, None, True, "ok", "this machine"),
        ("tcp", "192.0.2.7", True, "warn", "whoever is on the way"),
        ("tcp", None, True, "warn", "whoever is on the way"),
    ):
        found = check_encryption(protocol, address, proves_host=proves_host)
        assert (found.level.value, words in found.text) == (level, True)
