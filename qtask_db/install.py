"""Installs, refreshes and removes the schema. `yoyo apply` runs the same migrations and so the same code.

Tables change only in migrations. Procedures and views are compared with the text of this version by a digest that
the schema keeps, and only those that differ are created again: to install twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from yoyo import read_migrations
from yoyo.connections import parse_uri
from yoyo.exceptions import LockTimeout
from yoyo.migrations import default_migration_table

from qtask_db import dialects
from qtask_db.database import Connection, Database, bind
from qtask_db.errors import AccessDenied, ConfigurationError, DatabaseError, QtaskError
from qtask_db.render import INDEX, VERSION, Renderer
from qtask_db.resources import directory
from qtask_db.settings import DEFAULT_PREFIX, Settings, requested, requesting

Report = Callable[[str], None]
_REFRESH = "qtask-9999-procedures"


def install(url: str, settings: Mapping[str, str] | None = None, report: Report = print) -> None:
    """Creates the schema or brings it to this version. Of the settings, those left out stay as they are installed.

    Raises ConfigurationError for a wrong setting and DatabaseError with the server's reason; it can then be run again.
    """
    given = requested() if settings is None else settings
    database = Database(url, prefix=Settings().updated(given).prefix)
    with requesting(given), _backend(database) as backend, backend.lock():
        pending = backend.to_apply(read_migrations(str(directory("migrations") / database.dialect)))
        for migration in pending:
            report(f"applying {migration.id}")
            migration.load()
            backend.apply_one(migration)
        backend.run_post_apply(pending)
    report(f"{database} holds qtask-db {VERSION}, prefix {database.prefix}")


def uninstall(url: str, prefix: str | None = None, report: Report = print) -> None:
    """Drops the procedures, views and tables of the prefix, with all tasks in them. What is not there is passed over."""
    database = Database(url, prefix=prefix)
    with database.connect() as conn, _errors_of(conn):
        schema = conn.dialect.schema
        found = {
            "procedure": set(schema.procedures(conn.raw)),
            "view": schema.views(conn.raw),
            "table": schema.tables(conn.raw),
        }
        for kind, names in found.items():
            for entry in INDEX[kind]:
                name = database.prefix + entry["name"]
                if name in names:
                    report(f"dropping {kind} {name}")
                    schema.drop(conn.raw, kind, name)
        _forget(conn, "qtask-%")


def installed_version(conn: Connection) -> str | None:
    """The version of qtask-db that the schema has; None where there is none. Needs the right to read its tables."""
    with _errors_of(conn):
        return _stored(conn).get("version")


def refresh(raw: Any) -> None:
    """The migrations' last step: creates what is missing or not current, keeps who may execute it, notes the settings."""
    conn = bind(raw, prefix=Settings().updated(requested()).prefix)
    with _errors_of(conn):
        schema = conn.dialect.schema
        stored = _stored(conn)
        chosen = {name: stored[name] for name in Settings().stored() if name in stored}
        settings = Settings().updated({**chosen, **requested()})

        current = schema.procedures(raw)
        views = schema.views(raw)
        current |= {name: stored.get(f"digest of {name}", "") for name in views}
        wanted = Renderer(conn.dialect.name, settings).objects
        stale = [found for found in wanted if current.get(found.name) != found.digest]

        granted = schema.grants(raw, (found.name for found in stale)) if stale else []
        schema.prepare(raw)
        for found in stale:
            schema.create(raw, found)
        for grant in granted or []:
            schema.grant(raw, grant)

        notes = {
            **settings.stored(),
            **{f"digest of {found.name}": found.digest for found in wanted if found.kind == "view"},
            "version": VERSION,
        }
        for name, value in notes.items():
            if stored.get(name) != value:
                _store(conn, name, value)
        raw.commit()


def forget_refresh(raw: Any) -> None:
    """Makes `refresh` pending again, so that each apply runs it."""
    conn = bind(raw, prefix=Settings().updated(requested()).prefix)
    with _errors_of(conn):
        _forget(conn, _REFRESH)
        raw.commit()


def migration_table(prefix: str) -> str:
    """Where yoyo notes which migrations are applied: a table of its own for each prefix but the default one."""
    return default_migration_table if prefix == DEFAULT_PREFIX else f"{prefix}yoyo_migration"


@contextmanager
def _backend(database: Database) -> Iterator[Any]:
    """yoyo's backend, on connections that are opened as all others are."""
    base = dialects.of_scheme(database.scheme).schema.Backend

    class Backend(base):  # type: ignore[misc, valid-type]
        def connect(self, _dburi: Any) -> Any:
            return database.connect(autocommit=False).raw

    with Backend(parse_uri(database.url), migration_table(database.prefix)) as backend:
        conn = bind(backend.connection, prefix=database.prefix)
        with _errors_of(conn):
            try:
                backend.init_database()
                yield backend
            except LockTimeout as error:
                raise ConfigurationError(
                    f"another installation is running, or one was killed: {error}"
                ) from error


@contextmanager
def _errors_of(conn: Connection) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        first = _first(error, conn)
        if isinstance(first, AccessDenied):
            raise AccessDenied(
                f"{first}; the installing account needs CREATE, ALTER, DROP, INDEX, CREATE VIEW, CREATE ROUTINE, "
                "ALTER ROUTINE, EXECUTE and SELECT, INSERT, UPDATE, DELETE on the database"
            ) from error
        if first is None:
            raise
        raise first from error


def _first(error: BaseException | None, conn: Connection) -> QtaskError | None:
    """The error that began it: where DDL has committed, yoyo fails once more on a savepoint that is gone."""
    first = None
    while error is not None:
        if isinstance(error, QtaskError):
            return error
        if isinstance(error, Exception):
            first = conn.dialect.translate(error) or first
        error = error.__context__
    return first


def _stored(conn: Connection) -> dict[str, str]:
    if conn.prefix + "setting" not in conn.dialect.schema.tables(conn.raw):
        return {}
    return {name: value for name, value in conn.select("setting", ("name", "value"))}


def _store(conn: Connection, name: str, value: str) -> None:
    with conn.raw.cursor() as cursor:
        cursor.execute(f"DELETE FROM {conn.prefix}setting WHERE name = '{name}'")  # noqa: S608 - names of ours
        cursor.execute(f"INSERT INTO {conn.prefix}setting (name, value) VALUES ('{name}', '{value}')")  # noqa: S608


def _forget(conn: Connection, pattern: str) -> None:
    for table in {default_migration_table, migration_table(conn.prefix)} & conn.dialect.schema.tables(conn.raw):
        with conn.raw.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE migration_id LIKE '{pattern}'")  # noqa: S608 - names of ours
    conn.raw.commit()
