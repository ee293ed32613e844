"""The installer's reads and changes of an Oracle schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from yoyo.backends.contrib.oracle import OracleBackend

from qtask_db import urls
from qtask_db.dialects.oracle.driver import Oracle, rows_of
from qtask_db.errors import DatabaseError
from qtask_db.schema.oracle.tables import differences as differences
from qtask_db.schema.render import CALLERS, INDEX, SchemaObject
from qtask_db.settings import package

NEEDED_PRIVILEGES = (
    "the installing account needs CREATE SESSION, CREATE TABLE, CREATE SEQUENCE, CREATE VIEW, "
    "CREATE PROCEDURE, and CREATE JOB where maintenance_minutes is set, and a quota on its "
    "tablespace"
)

_THERE = {955, 1430}
"""A table, index or sequence; a column."""
_PARTS = {"PACKAGE": "spec", "PACKAGE BODY": "body"}


class Backend(OracleBackend):  # type: ignore[misc]
    """yoyo on python-oracledb: the entry point of URLs that begin with oracle+oracledb://."""

    driver_module = "oracledb"

    def connect(self, dburi: Any) -> Any:
        """Opened as all others are, with the same options in the URL."""
        return Oracle().connect(urls.split(dburi.uri), autocommit=False)

    def quote_identifier(self, identifier: str) -> str:
        """Upper case, as unquoted names are."""
        return f'"{identifier.upper()}"'

    def list_tables(self, **_kwargs: Any) -> list[str]:
        """In lower case, as yoyo writes its own."""
        return sorted(tables(self.connection))

    def _check_transactional_ddl(self) -> bool:
        return False


class Creation:
    """A migration's step that creates a table, index or sequence or adds a column, unless it is
    there: Oracle commits each by itself, so an installation that failed is run again over what it
    left.
    """

    def __init__(self, statement: str) -> None:
        self.statement = statement

    def __call__(self, raw: Any) -> None:
        """Raises the driver's error, unless it is there."""
        try:
            execute(raw, self.statement)
        except Exception as error:
            if getattr(error.args[0], "code", None) not in _THERE:
                raise


def tables(raw: Any) -> set[str]:
    """The names of the account's tables, in lower case."""
    return {row[0] for row in rows_of(raw, "SELECT LOWER(table_name) FROM user_tables")}


def installed(raw: Any, prefix: str) -> list[tuple[str, str]]:
    """Kind and name of all that is there of an installation, in an order in which it can be
    dropped.
    """
    found = _existing(raw)
    wanted = [
        *(("event", prefix + entry["name"]) for entry in INDEX["event"]),
        *(("package", name) for name in _packages(prefix)),
        *(("view", prefix + entry["name"]) for entry in INDEX["view"]),
        *(("table", prefix + entry["name"]) for entry in INDEX["table"]),
        *(("sequence", f"{prefix}{entry['name']}_seq") for entry in INDEX["table"]),
    ]
    return [each for each in wanted if each in found]


def current(raw: Any, prefix: str, stored: Mapping[str, str]) -> dict[str, str]:
    """The digest of each view and job, and of the two parts of each package, if they are there
    and valid.
    """
    rows = rows_of(
        raw,
        "SELECT object_type, LOWER(object_name) FROM user_objects WHERE status = 'VALID' "
        "AND object_type IN ('VIEW', 'PACKAGE', 'PACKAGE BODY')",
    )
    names = {name for kind, name in rows if kind == "VIEW"} | _jobs(raw)
    packages = _packages(prefix)
    names |= {f"{packages[name]}_{_PARTS[kind]}" for kind, name in rows if name in packages}
    return {name: stored.get(f"digest of {name}", "") for name in names}


def prepare(raw: Any) -> None:
    """Nothing of a session is stored with what it creates but NLS_LENGTH_SEMANTICS, and every
    length says its unit.
    """


@contextmanager
def creating(raw: Any) -> Iterator[Callable[[SchemaObject, Sequence[str]], None]]:
    """Gives `create`."""
    yield lambda wanted, _grants: create(raw, wanted)


def create(raw: Any, wanted: SchemaObject) -> None:
    """Creates a view, a part of the package or a job, in place of one of the same name."""
    if wanted.kind == "event":
        drop(raw, wanted.kind, wanted.name)
    execute(raw, wanted.text)


def verify(raw: Any, prefix: str) -> None:
    """Asks the dictionary for what does not compile. Raises DatabaseError with its text."""
    names = [*_packages(prefix), *(prefix + entry["name"] for entry in INDEX["view"])]
    ours = f"IN ({', '.join(repr(name.upper()) for name in names)})"
    invalid = f"SELECT object_type, object_name FROM user_objects WHERE status <> 'VALID' AND object_name {ours}"  # noqa: E501, S608
    for kind, name in sorted(rows_of(raw, invalid)):
        part = {"PACKAGE": " SPECIFICATION", "PACKAGE BODY": " BODY"}.get(kind, "")
        execute(raw, f"ALTER {kind.split()[0]} {name} COMPILE{part}")
    errors = rows_of(
        raw,
        "SELECT type, name, line, position, text FROM user_errors "  # noqa: S608
        f"WHERE attribute = 'ERROR' AND name {ours} ORDER BY name, type, sequence",
    )
    left = rows_of(raw, invalid)
    if errors or left:
        lines = [
            f"{kind} {name}, line {line}:{at}: {text}" for kind, name, line, at, text in errors
        ]
        lines = lines or [f"{kind} {name} is invalid" for kind, name in left]
        raise DatabaseError("a package does not compile:\n" + "\n".join(lines))


def drop(raw: Any, kind: str, name: str) -> None:
    """Drops a job, package, view, table or sequence, if it is there."""
    if (kind, name) not in _existing(raw):
        return
    if kind == "event":
        execute(raw, f"BEGIN DBMS_SCHEDULER.DROP_JOB('{name}', force => TRUE); END;")
    else:
        end = " CASCADE CONSTRAINTS PURGE" if kind == "table" else ""
        execute(raw, f'DROP {kind.upper()} "{name.upper()}"{end}')


def write_setting(raw: Any, table: str, name: str, value: str) -> None:
    """Stores one of the settings."""
    execute(
        raw,
        f"MERGE INTO {table} kept USING (SELECT :1 AS name, :2 AS value FROM dual) given "  # noqa: S608
        "ON (kept.name = given.name) WHEN MATCHED THEN UPDATE SET value = given.value "
        "WHEN NOT MATCHED THEN INSERT (name, value) VALUES (given.name, given.value)",
        (name, value),
    )


def forget_migrations(raw: Any, table: str, pattern: str) -> None:
    """Lets yoyo take migrations for not applied."""
    execute(raw, f"DELETE FROM \"{table.upper()}\" WHERE migration_id LIKE '{pattern}'")  # noqa: S608


def grants(
    raw: Any,  # noqa: ARG001
    prefix: str,  # noqa: ARG001
    created: Sequence[str],  # noqa: ARG001
    there: Mapping[str, str],  # noqa: ARG001
) -> dict[str, Sequence[str]]:
    """Oracle keeps the grants on what it replaces, and a role has its package as a whole."""
    return {}


def execute(raw: Any, statement: str, arguments: Sequence[Any] = ()) -> None:
    """Runs a statement."""
    with raw.cursor() as cursor:
        cursor.execute(statement, arguments)


def _packages(prefix: str) -> dict[str, str]:
    """Which packages there are, each with what the names of its two parts begin with."""
    callers = {prefix + role: prefix + role for role in CALLERS}
    return {package(prefix): f"{prefix}package", **callers}


def _existing(raw: Any) -> set[tuple[str, str]]:
    """Kind and name of what there is to drop."""
    objects = rows_of(
        raw,
        "SELECT LOWER(object_type), LOWER(object_name) FROM user_objects "
        "WHERE object_type IN ('PACKAGE', 'VIEW', 'TABLE', 'SEQUENCE')",
    )
    return {*objects, *(("event", name) for name in _jobs(raw))}


def _jobs(raw: Any) -> set[str]:
    return {row[0] for row in rows_of(raw, "SELECT LOWER(job_name) FROM user_scheduler_jobs")}
