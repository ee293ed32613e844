"""What the installer needs to know of a MySQL or MariaDB schema, and does to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from yoyo.backends.core.mysql import MySQLBackend

from qtask_db.render import SchemaObject

_SQL_MODE = (
    "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)
"""Stored with each procedure, so that it does the same whatever the caller's session says."""

Grant = tuple[str, str, str]
"""User or role, host, procedure."""

Backend = MySQLBackend


def tables(raw: Any) -> set[str]:
    """The names of the tables of the current database."""
    return {row[0] for row in _rows(raw, _OF_SCHEMA.format("table_name", "tables", "table"))}


def views(raw: Any) -> set[str]:
    """The names of its views."""
    return {row[0] for row in _rows(raw, _OF_SCHEMA.format("table_name", "views", "table"))}


def procedures(raw: Any) -> dict[str, str]:
    """Its procedures, each with the digest in its comment, or with an empty text."""
    rows = _rows(raw, _OF_SCHEMA.format("routine_name, routine_comment", "routines", "routine"))
    return {name: comment.split()[-1] if comment.startswith("qtask-db ") else "" for name, comment in rows}


_OF_SCHEMA = "SELECT {} FROM information_schema.{} WHERE {}_schema = DATABASE()"


def prepare(raw: Any) -> None:
    """Gives the session the modes that are stored with what it creates."""
    _execute(raw, f"SET SESSION sql_mode = '{_SQL_MODE}'")


def create(raw: Any, wanted: SchemaObject) -> None:
    """Creates a procedure or view, in place of one of the same name."""
    if wanted.kind == "procedure":
        _execute(raw, f"DROP PROCEDURE IF EXISTS {wanted.name}")
    _execute(raw, wanted.text)


def drop(raw: Any, kind: str, name: str) -> None:
    """Drops a procedure, view or table."""
    _execute(raw, f"DROP {kind.upper()} IF EXISTS {name}")


def grants(raw: Any, names: Iterable[str]) -> list[Grant] | None:
    """Who may execute these procedures: the server forgets it when one is dropped. None where it may not be read."""
    wanted = set(names)
    try:
        rows = _rows(
            raw, "SELECT user, host, routine_name FROM mysql.procs_priv WHERE db = DATABASE()"
        )
    except raw.Error:
        return None
    return [(user, host, name) for user, host, name in rows if name in wanted]


def grant(raw: Any, given: Grant) -> None:
    """Gives a privilege back that `grants` has found."""
    user, host, name = (re.sub(r"(['\\])", r"\\\1", part) for part in given)
    # A role of MariaDB has no host.
    account = f"'{user}'@'{host}'" if host else f"'{user}'"
    _execute(raw, f"GRANT EXECUTE ON PROCEDURE {name} TO {account}")


def _rows(raw: Any, statement: str) -> list[tuple[Any, ...]]:
    with raw.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _execute(raw: Any, statement: str) -> None:
    with raw.cursor() as cursor:
        cursor.execute(statement)
