"""The installer's reads and changes of a MySQL or MariaDB schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

from yoyo.backends.core.mysql import MySQLBackend

from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.schema.mysql.ddl import can_be_opened_again, replacing
from qtask_db.schema.mysql.ddl import execute as execute
from qtask_db.schema.mysql.kept import statements
from qtask_db.schema.mysql.tables import differences as differences
from qtask_db.schema.render import INDEX, Renderer, SchemaObject
from qtask_db.settings import Settings

NEEDED_PRIVILEGES = (
    "the installing account needs CREATE, ALTER, DROP, INDEX, CREATE VIEW, CREATE ROUTINE, "
    "ALTER ROUTINE, EXECUTE and SELECT, INSERT, UPDATE, DELETE on the database, and EVENT for "
    "maintenance_minutes"
)

Backend = MySQLBackend
Create = Callable[[SchemaObject, Sequence[str]], None]

_GONE = {1045, 1449}
"""Of a view whose definer there is no more; only who is SUPER is told so."""


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


def current(raw: Any, prefix: str, stored: Mapping[str, str]) -> dict[str, str]:
    """The digest of each object that is there; but for procedures they are stored. Empty if the
    account with whose rights it runs is gone.
    """
    others = {name: stored.get(f"digest of {name}", "") for name in views(raw) | events(raw)}
    lost = _without_definer(raw, prefix)
    return {
        name: "" if name in lost else digest for name, digest in (_procedures(raw) | others).items()
    }


def definers(raw: Any, prefix: str) -> dict[str, set[str]]:
    """The objects of the prefix that each account has created and that run with its rights."""
    found: dict[str, set[str]] = {}
    for column, table, kind in _DEFINED:
        for name, definer in rows_of(raw, _OF_SCHEMA.format(f"{column}, definer", table, kind)):
            if name.startswith(prefix):
                found.setdefault(definer, set()).add(name)
    return found


def gone(raw: Any, created: Mapping[str, set[str]]) -> set[str]:
    """Those accounts of `definers` that are no more, as far as their views tell."""
    there = views(raw)
    return {
        definer
        for definer, names in created.items()
        if (view := next(iter(sorted(names & there)), None)) and _is_denied(raw, view)
    }


def _without_definer(raw: Any, prefix: str) -> set[str]:
    created = definers(raw, prefix)
    return {name for definer in gone(raw, created) for name in created[definer]}


def _is_denied(raw: Any, view: str) -> bool:
    try:
        rows_of(raw, f"SELECT 1 FROM {view} LIMIT 0")  # noqa: S608
    except raw.Error as error:
        return error.args[0] in _GONE
    return False


def verify(raw: Any, prefix: str) -> None:
    """MySQL refuses what does not compile when it is created."""


def _procedures(raw: Any) -> dict[str, str]:
    rows = rows_of(raw, _OF_SCHEMA.format("routine_name, routine_comment", "routines", "routine"))
    return {
        name: comment.split()[-1] if comment.startswith("qtask-db ") else ""
        for name, comment in rows
    }


_DEFINED = (
    ("routine_name", "routines", "routine"),
    ("table_name", "views", "table"),
    ("event_name", "events", "event"),
)
_OF_SCHEMA = "SELECT {} FROM information_schema.{} WHERE {}_schema = DATABASE()"


def prepare(raw: Any) -> None:
    """Gives a session the modes that are stored with what it creates, and that yoyo needs."""
    execute(raw, Renderer("mysql", Settings()).render("session"))


@contextmanager
def creating(raw: Any) -> Iterator[Create]:
    """Gives a function that creates a procedure, view or event, in place of one of its name, and
    runs the statements that grant it.
    """
    mariadb, there = is_mariadb(raw), _procedures(raw)
    with ExitStack() as stack:
        replace = cache(lambda: stack.enter_context(replacing(raw)))

        def create(wanted: SchemaObject, grants: Sequence[str]) -> None:
            if not mariadb and wanted.name in there and can_be_opened_again(raw):
                replace()(wanted.name, wanted.text, grants)
                return
            if wanted.kind == "view":
                execute(raw, wanted.text)
            elif mariadb:
                execute(raw, wanted.text.replace("CREATE", "CREATE OR REPLACE", 1))
            else:
                drop(raw, wanted.kind, wanted.name)
                execute(raw, wanted.text)
            for grant in grants:
                execute(raw, grant)

        yield create


def drop(raw: Any, kind: str, name: str) -> None:
    """Drops a procedure, view, event or table."""
    execute(raw, f"DROP {kind.upper()} IF EXISTS {name}")


def write_setting(raw: Any, table: str, name: str, value: str) -> None:
    """Stores one of the settings."""
    execute(raw, f"REPLACE INTO {table} (name, value) VALUES (%s, %s)", (name, value))  # noqa: S608


def forget_migrations(raw: Any, table: str, pattern: str) -> None:
    """Lets yoyo take migrations for not applied."""
    execute(raw, f"DELETE FROM {table} WHERE migration_id LIKE '{pattern}'")  # noqa: S608


def grants(
    raw: Any, prefix: str, created: Sequence[str], there: Mapping[str, str]
) -> dict[str, Sequence[str]]:
    """The grants to give when these procedures have been created. Raises ConfigurationError if this
    account cannot give them.
    """
    return statements(raw, prefix, created, there, kept=is_mariadb(raw))


def is_mariadb(raw: Any) -> bool:
    """Whether the server is MariaDB, not MySQL."""
    return "mariadb" in str(rows_of(raw, "SELECT VERSION()")[0][0]).lower()
