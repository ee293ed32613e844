"""Installs, refreshes and removes the schema. `yoyo apply` runs the same migrations and so the same
code.

Tables change only in migrations. Procedures and views are compared with the text of this version by
a digest that the schema keeps, and only those that differ are created again: to install twice
changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from yoyo import read_migrations
from yoyo.connections import parse_uri
from yoyo.exceptions import LockTimeout
from yoyo.migrations import default_migration_table

from qtask_db import dialects, urls
from qtask_db.database import Connection, Database, bind
from qtask_db.errors import AccessDenied, ConfigurationError, QtaskError
from qtask_db.render import INDEX, VERSION, Renderer, is_newer
from qtask_db.resources import directory
from qtask_db.settings import DEFAULT_PREFIX, Settings, requested, requesting

log = logging.getLogger("qtask_db.install")

Report = Callable[[str], None]
_REFRESH = "qtask-9999-procedures"


def install(url: str, settings: Mapping[str, str] | None = None, report: Report = print) -> None:
    """Creates the schema or brings it to this version. Of the settings, those left out stay as they
    are installed.

    Raises ConfigurationError for a wrong setting and DatabaseError with the server's reason; it can
    then be run again.
    """
    given = requested() if settings is None else settings
    settings_given = Settings().updated(given)
    database = Database(url, prefix=settings_given.prefix)
    Renderer(database.dialect, settings_given)  # refuses what this dialect cannot have
    with requesting(given), _backend(database) as backend, backend.lock():
        pending = backend.to_apply(read_migrations(str(directory("migrations") / database.dialect)))
        for migration in pending:
            report(f"applying {migration.id}")
            migration.load()
            backend.apply_one(migration)
        backend.run_post_apply(pending)
    report(f"{database} holds qtask-db {VERSION}, prefix {database.prefix}")


def uninstall(url: str, prefix: str | None = None, report: Report = print) -> bool:
    """Drops what `install` has made under the prefix, with all tasks in them; returns whether
    anything was there. Raises ConfigurationError where a newer package has installed it.
    """
    database = Database(url, prefix=prefix)
    with database.connect() as conn, _errors_of(conn):
        schema = conn.dialect.schema
        stored = _stored(conn)
        if is_newer(stored.get("version", "")):
            raise ConfigurationError(
                f"the schema is of qtask-db {stored['version']}, this package is {VERSION}: it "
                "does not know all that is to be dropped"
            )
        found = list(_installed(conn, stored))
        for kind, name in found:
            report(f"dropping {kind} {name}")
            schema.drop(conn.raw, kind, name)
        if database.prefix == DEFAULT_PREFIX:
            _forget(conn, "qtask-%")
        else:
            for name in ("migration", "log", "lock", "version"):
                schema.drop(conn.raw, "table", f"{database.prefix}yoyo_{name}")
        return bool(found)


def refresh(raw: Any) -> None:
    """The migrations' last step: creates what is missing or not current, keeps who may execute it,
    notes the settings.
    """
    conn = bind(raw, prefix=Settings().updated(requested()).prefix)
    with _errors_of(conn):
        schema = conn.dialect.schema
        stored = _stored(conn)
        if is_newer(stored.get("version", "")):
            raise ConfigurationError(
                f"the schema is of qtask-db {stored['version']}, this package is {VERSION}: it "
                "works with a newer schema, but does not install over it"
            )
        chosen = {name: stored[name] for name in Settings().stored() if name in stored}
        settings = Settings().updated({**chosen, **requested()})

        current = schema.current(raw, conn.prefix, stored)
        renderer = Renderer(conn.dialect.name, settings)
        stale = [found for found in renderer.objects if current.get(found.name) != found.digest]

        called = [found for found in stale if found.kind not in ("view", "event")]
        replaced = [found.name for found in called if found.name in current]
        granted = schema.grants(raw, replaced) if replaced else {}
        wanted = {found.name for found in renderer.objects}
        for kind, name in _installed(conn, stored):
            # A procedure of an earlier version may be wanted by calls that are under way.
            if name not in wanted and (kind == "event" or (kind == "procedure" and not stale)):
                schema.drop(raw, kind, name)
        with schema.creating(raw, renderer.render("session")) as create:
            for found in stale:
                create(found)
                for grant in (granted or {}).get(found.name, ()):
                    schema.grant(raw, grant)
        schema.verify(raw, conn.prefix)
        if granted is None:
            log.warning(
                "%d procedures were created again, and the server has forgotten who may execute "
                "them: run the script of `qtask render --grants` again",
                len(replaced),
            )

        for name, value in renderer.notes.items():
            if stored.get(name) != value:
                schema.write_setting(raw, f"{conn.prefix}setting", name, value)
        raw.commit()


def forget_refresh(raw: Any) -> None:
    """Makes `refresh` pending again, so that each apply runs it."""
    conn = bind(raw, prefix=Settings().updated(requested()).prefix)
    with _errors_of(conn):
        _forget(conn, _REFRESH)
        raw.commit()


def migration_table(prefix: str) -> str:
    """Where yoyo notes which migrations are applied: a table of its own for each prefix but the
    default one.
    """
    return default_migration_table if prefix == DEFAULT_PREFIX else f"{prefix}yoyo_migration"


@contextmanager
def _backend(database: Database) -> Iterator[Any]:
    """yoyo's backend, on connections that are opened as all others are."""
    base = dialects.of_scheme(database.scheme).schema.Backend

    class Backend(base):  # type: ignore[misc, valid-type]
        def connect(self, _dburi: Any) -> Any:
            return database.connect(autocommit=False).raw

    if database.prefix != DEFAULT_PREFIX:
        # yoyo takes its other tables for missing where its migration table is.
        for name in ("log", "lock", "version"):
            setattr(Backend, f"{name}_table", f"{database.prefix}yoyo_{name}")

    # yoyo connects by the method above; of the URL it reads the schema, and it knows one host only.
    first = urls.hosts(urls.split(database.url))[0].geturl()
    with Backend(parse_uri(first), migration_table(database.prefix)) as backend:
        conn = bind(backend.connection, prefix=database.prefix)
        with _errors_of(conn):
            try:
                backend.init_database()
                yield backend
            except LockTimeout as error:
                raise ConfigurationError(
                    "another installation is running, the server is read-only, or an installation "
                    f"was killed: then delete the row of the table {backend.lock_table}"
                ) from error


@contextmanager
def _errors_of(conn: Connection) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        first = _first(error, conn)
        if first is None or first is error:
            raise
        needed = conn.dialect.schema.NEEDED_PRIVILEGES
        if isinstance(first, AccessDenied) and needed not in str(first):
            raise AccessDenied(f"{first}; {needed}") from error
        raise first from error


def _first(error: BaseException | None, conn: Connection) -> QtaskError | None:
    """The error that began it: yoyo fails once more on the savepoint that DDL has ended."""
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
    return dict(conn.select("setting", ("name", "value")))


def _installed(conn: Connection, stored: Mapping[str, str]) -> list[tuple[str, str]]:
    """Kind and name of what is there, in an order in which it can be dropped; also an event that
    was chosen and that this account may not see.
    """
    chosen = INDEX["event"] if stored.get("maintenance_minutes", "0") != "0" else []
    events = [("event", conn.prefix + entry["name"]) for entry in chosen]
    return list(dict.fromkeys([*events, *conn.dialect.schema.installed(conn.raw, conn.prefix)]))


def _forget(conn: Connection, pattern: str) -> None:
    schema = conn.dialect.schema
    known = {default_migration_table, migration_table(conn.prefix)}
    for table in known & schema.tables(conn.raw):
        schema.forget_migrations(conn.raw, table, pattern)
    conn.raw.commit()
