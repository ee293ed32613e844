"""Errors are told apart by number; the tree in the docstring is the real one."""

from __future__ import annotations

import inspect
import re

import pymysql
import pytest

from qtask_db import errors
from qtask_db.constants import ERROR
from qtask_db.dialects import of_connection, of_scheme
from qtask_db.errors import (
    AccessDenied,
    BadInput,
    ConfigurationError,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    InvalidArgument,
    NotInstalled,
    ProcedureError,
    QtaskError,
)

CLASSES = {
    name: found
    for name, found in vars(errors).items()
    if inspect.isclass(found) and issubclass(found, QtaskError)
}


def test_every_number_has_a_class_of_its_name() -> None:
    assert set(ProcedureError.by_number) == set(ERROR.values())
    for name, number in ERROR.items():
        found = ProcedureError.by_number[number]
        assert found.__name__ == name.title().replace("_", "")
        assert found.number == number


def test_numbers_fit_the_driver() -> None:
    # PyMySQL reads them as signed 16-bit integers, and Oracle has -20999 to -20000 for us.
    assert all(20101 <= number <= 20999 for number in ERROR.values())
    assert len(set(ERROR.values())) == len(ERROR)


def test_bad_input_is_what_can_never_succeed() -> None:
    names = {c.__name__ for c in BadInput.__subclasses__()}
    assert names == {
        "InvalidArgument",
        "UnknownOption",
        "InvalidPayload",
        "PayloadTooLarge",
        "ReservedKey",
        "QueueNotAllowed",
    }


def test_the_tree_of_the_docstring_is_the_real_one() -> None:
    drawn: dict[str, str] = {}
    numbers: dict[str, int] = {}
    parents = ["", "", "", "", ""]
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^    ([│├└─ ]*)(\w+)(?: +(.*))?$", line)
        if not match or match[2] not in CLASSES:
            continue
        depth = len(match[1]) // 4
        parents[depth + 1] = match[2]
        drawn[match[2]] = parents[depth]
        if (match[3] or "").isdigit():
            numbers[match[2]] = int(match[3])
    real = {n: c.__bases__[0].__name__ if c is not QtaskError else "" for n, c in CLASSES.items()}
    assert drawn == real
    assert numbers == {c.__name__: n for n, c in ProcedureError.by_number.items()}


def test_every_class_says_what_it_means() -> None:
    for name, found in CLASSES.items():
        assert found.__doc__, name


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        *((number, found) for number, found in ProcedureError.by_number.items()),
        (0, DatabaseUnavailable),
        (2003, DatabaseUnavailable),
        (2006, DatabaseUnavailable),
        (2013, DatabaseUnavailable),
        (1053, DatabaseUnavailable),
        (1040, DatabaseUnavailable),
        (1290, DatabaseUnavailable),
        (1317, DatabaseUnavailable),
        (1205, Conflict),
        (1213, Conflict),
        (3101, Conflict),
        (1020, Conflict),
        (1044, AccessDenied),
        (1045, AccessDenied),
        (1142, AccessDenied),
        (1370, AccessDenied),
        (1146, NotInstalled),
        (1305, NotInstalled),
        (1318, NotInstalled),
        (1366, InvalidArgument),
        (1264, InvalidArgument),
        (1406, InvalidArgument),
        (1049, ConfigurationError),
        (1064, DatabaseError),
        (9999, DatabaseError),
    ],
)
def test_a_drivers_error_is_sorted_by_its_number(number: int, expected: type[QtaskError]) -> None:
    # The text says something else on purpose.
    found = of_scheme("mysql").translate(pymysql.err.OperationalError(number, "20106 not found"))
    assert type(found) is expected
    assert "20106 not found" in str(found)


def test_an_error_without_a_number_is_sorted_too() -> None:
    dialect = of_scheme("mysql")
    assert isinstance(dialect.translate(pymysql.err.InterfaceError(0, "")), DatabaseUnavailable)
    assert isinstance(dialect.translate(pymysql.err.Error()), DatabaseError)
    assert isinstance(
        dialect.translate(pymysql.err.InternalError("Packet sequence")), DatabaseError
    )


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(2, "x"), KeyboardInterrupt(), errors.QtaskError("x")]
)
def test_what_is_not_the_drivers_is_left_alone(error: Exception) -> None:
    assert of_scheme("mysql").translate(error) is None


@pytest.mark.parametrize("scheme", ["", "postgres", "http", "mysqlx", "MYSQL"])
def test_an_unknown_scheme_is_refused(scheme: str) -> None:
    with pytest.raises(ConfigurationError, match="mysql://"):
        of_scheme(scheme)


@pytest.mark.parametrize("thing", [None, 1, "x", object(), pymysql])
def test_what_is_no_connection_has_no_dialect(thing: object) -> None:
    assert of_connection(thing) is None
