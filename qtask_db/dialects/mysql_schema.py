"""What the installer needs to know of a MySQL or MariaDB schema, and does to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

from yoyo.backends.core.mysql import MySQLBackend

from qtask_db.dialects.mysql import rows_of
from qtask_db.dialects.mysql_ddl import can_be_opened_again, execute, replacing
from qtask_db.render import INDEX, SchemaObject

NEEDED_PRIVILEGES = (
    "the installing account needs CREATE, ALTER, DROP, INDEX, CREATE VIEW, CREATE ROUTINE, "
    "ALTER ROUTINE, EXECUTE and SELECT, INSERT, UPDATE, DELETE on the database, and EVENT for "
    "maintenance_minutes"
)

Grant = tuple[str, str, str]
"""User or role, host, procedure."""

Backend = MySQLBackend


def tables(raw: Any) -> set[str]:
    """The names of the tables of the current database."""
    return {row[0] for row in rows_of(raw, _OF_SCHEMA.format("table_name", "tables", "table"))}


def views(raw: Any) -> set[str]:
    """The names of its views."""
    return {row[0] for row in rows_of(raw, _OF_SCHEMA.format("table_name", "views", "table"))}


def events(raw: Any) -> set[str]:
    """The names of those of its events that this account may see."""
    return {row[0] for row in rows_of(raw, _OF_SCHEMA.format("event_name", "events", "event"))}


def installed(raw: Any, prefix: str) -> list[tuple[str, str]]:
    """Kind and name of all that is there of an installation, in an order in which it can be
    dropped.
    """
    found = {
        "event": events(raw),
        "procedure": set(_procedures(raw)),
        "view": views(raw),
        "table": tables(raw),
    }
    return [
        (kind, prefix + entry["name"])
        for kind, names in found.items()
        for entry in INDEX[kind] + (INDEX["retired"] if kind == "procedure" else [])
        if prefix + entry["name"] in names
    ]


def current(raw: Any, prefix: str, stored: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG001
    """The digest of each object that is there; but for procedures they are stored."""
    others = views(raw) | events(raw)
    return _procedures(raw) | {name: stored.get(f"digest of {name}", "") for name in others}


def verify(raw: Any, prefix: str) -> None:
    """MySQL refuses what does not compile when it is created."""


def _procedures(raw: Any) -> dict[str, str]:
    rows = rows_of(raw, _OF_SCHEMA.format("routine_name, routine_comment", "routines", "routine"))
    return {
        name: comment.split()[-1] if comment.startswith("qtask-db ") else ""
        for name, comment in rows
    }


_OF_SCHEMA = "SELECT {} FROM information_schema.{} WHERE {}_schema = DATABASE()"


@contextmanager
def creating(raw: Any, session: str) -> Iterator[Callable[[SchemaObject], None]]:
    """Gives a function that creates a procedure, view or event, in place of one of the same name,
    and by `session.sql` the session the modes that are stored with it.
    """
    execute(raw, session)
    mariadb, there = _is_mariadb(raw), _procedures(raw)
    with ExitStack() as stack:
        replace = cache(lambda: stack.enter_context(replacing(raw)))

        def create(wanted: SchemaObject) -> None:
            if wanted.kind == "view":
                execute(raw, wanted.text)
            elif mariadb:
                execute(raw, wanted.text.replace("CREATE", "CREATE OR REPLACE", 1))
            elif wanted.name in there and can_be_opened_again(raw):
                replace()(wanted.name, wanted.text)
            else:
                drop(raw, wanted.kind, wanted.name)
                execute(raw, wanted.text)

        yield create


def drop(raw: Any, kind: str, name: str) -> None:
    """Drops a procedure, view, event or table."""
    execute(raw, f"DROP {kind.upper()} IF EXISTS {name}")


def write_setting(raw: Any, table: str, name: str, value: str) -> None:
    """Stores one of the settings, which are validated before they come here."""
    execute(raw, f"REPLACE INTO {table} (name, value) VALUES ('{name}', '{value}')")  # noqa: S608


def forget_migrations(raw: Any, table: str, pattern: str) -> None:
    """Lets yoyo take migrations for not applied."""
    execute(raw, f"DELETE FROM {table} WHERE migration_id LIKE '{pattern}'")  # noqa: S608


def grants(raw: Any, names: Iterable[str]) -> dict[str, list[Grant]] | None:
    """Who may execute these procedures, where the server forgets it when it replaces them.

    None where that may not be read.
    """
    if _is_mariadb(raw):
        return {}
    try:
        rows = rows_of(
            raw, "SELECT user, host, routine_name FROM mysql.procs_priv WHERE db = DATABASE()"
        )
    except raw.Error:
        return None
    return {wanted: [row for row in rows if row[2] == wanted] for wanted in names}


def grant(raw: Any, given: Grant) -> None:
    """Gives a privilege back that `grants` has found."""
    user, host, name = (re.sub(r"(['\\])", r"\\\1", part) for part in given)
    execute(raw, f"GRANT EXECUTE ON PROCEDURE {name} TO '{user}'@'{host}'")


def _is_mariadb(raw: Any) -> bool:
    return "mariadb" in str(rows_of(raw, "SELECT VERSION()")[0][0]).lower()
