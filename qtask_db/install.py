"""Installs, refreshes and removes the schema. `yoyo apply` runs the same migrations and so the same
code.

Tables change only in migrations. Procedures and views are compared with the text of this version by
a digest that the schema keeps, and only those that differ are created again: to install twice
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from yoyo import read_migrations
from yoyo.exceptions import LockTimeout
from yoyo.migrations import default_migration_table

from qtask_db.database import Connection, Database, bind
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    DatabaseError,
    NotInstalled,
    QtaskError,
)
from qtask_db.log import get_logger
from qtask_db.resources import directory
from qtask_db.schema.migrating import backend, migration_table
from qtask_db.schema.objects import Objects, objects_of
from qtask_db.schema.render import INDEX, VERSION, Renderer, SchemaObject, is_newer
from qtask_db.settings import DEFAULT_PREFIX, Settings, requested, requesting

log = get_logger("qtask_db.install")

Report = Callable[[str], None]
_REFRESH = "qtask-9999-procedures"
_forget_grants: ContextVar[bool] = ContextVar("qtask_forget_grants", default=False)


def install(
    url: str,
    settings: Mapping[str, str] | None = None,
    report: Report = print,
    *,
    forget_grants: bool = False,
) -> None:
    """Creates the schema or brings it to this version. Of the settings, those left out stay as they
    are installed.

    Raises ConfigurationError for a wrong setting, or, before anything is changed, if the server
    would forget who may execute a procedure and this account cannot grant it again, unless
    `forget_grants`. Raises DatabaseError with the server's reason; it can then be run again.
    """
    given = dict(requested() if settings is None else settings)
    database = Database(url, prefix=given.get("prefix"))
    given["prefix"] = database.prefix
    settings_given = Settings().updated(given)
    Renderer(database.dialect, settings_given)  # refuses what this dialect cannot have
    with requesting(given), _forgetting(forget_grants), _locked(database) as (yoyo, conn):
        _plan(conn)  # it refuses before a migration has changed a table
        pending = yoyo.to_apply(read_migrations(str(directory("migrations") / database.dialect)))
        for migration in pending:
            report(f"applying {migration.id}")
            migration.load()
            yoyo.apply_one(migration)
        yoyo.run_post_apply(pending)
        _compare(conn)
    report(f"{database} holds qtask-db {VERSION}, prefix {database.prefix}")


def uninstall(url: str, prefix: str | None = None, report: Report = print) -> bool:
    """Drops what `install` has made under the prefix, with all tasks in them; returns whether
    anything was there. Raises ConfigurationError if a newer package has installed it.
    """
    database = Database(url, prefix=prefix)
    with database.connect() as conn, _errors_of(conn):
        schema = _objects(conn)
        schema.prepare(conn.raw)
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """The steps of a refresh."""

    renderer: Renderer
    stored: Mapping[str, str]
    stale: Sequence[SchemaObject]
    grants: Mapping[str, Sequence[str]]
    """The statements that give back what the server forgets, by the name of the object."""


def _plan(conn: Connection) -> _Plan:
    """Raises ConfigurationError if it must not be done; changes nothing."""
    schema = _objects(conn)
    stored = _stored(conn)
    if is_newer(stored.get("version", "")):
        raise ConfigurationError(
            f"the schema is of qtask-db {stored['version']}, this package is {VERSION}: it "
            "works with a newer schema, but does not install over it"
        )
    chosen = {name: stored[name] for name in Settings().stored() if name in stored}
    renderer = Renderer(conn.dialect.name, Settings().updated({**chosen, **requested()}))
    current = schema.current(conn.raw, conn.prefix, stored)
    stale = [found for found in renderer.objects if current.get(found.name) != found.digest]
    called = [one.name for one in stale if one.kind == "procedure"]
    # Of an installation that has not come to its end nobody can have been granted anything.
    there = current if "version" in stored else {}
    try:
        grants = schema.grants(conn.raw, conn.prefix, called, there)
    except ConfigurationError as error:
        if not _forget_grants.get():
            raise
        log.warning("%s", error)
        grants = {}
    conn.commit()  # of what it has looked at it holds the metadata locks until then
    return _Plan(renderer, stored, stale, grants)


def _compare(conn: Connection) -> None:
    """Raises DatabaseError if a table is not as the migrations make it."""
    changes = Renderer(conn.dialect.name, Settings(conn.prefix)).changes()
    try:
        found = list(_objects(conn).differences(conn.raw, changes))
    except Exception as error:
        if not isinstance(conn.dialect.translate(error), (AccessDenied, NotInstalled)):
            raise
        log.warning("whether the tables are sound cannot be seen: %s", error)
        return
    conn.commit()
    if found:
        told = "; ".join(f"{one.table}: {one.text}: {one.statement}" for one in found)
        raise DatabaseError(f"procedures and views are of this version, the tables are not: {told}")


def refresh(raw: Any) -> None:
    """The migrations' last step: creates what is missing or not current, keeps who may execute it,
    notes the settings.
    """
    conn = bind(raw, prefix=Settings().updated(requested()).prefix)
    with _errors_of(conn):
        schema = _objects(conn)
        schema.prepare(raw)
        plan = _plan(conn)
        wanted = {found.name for found in plan.renderer.objects}
        for kind, name in _installed(conn, plan.stored):
            # A procedure of an earlier version may be wanted by calls that are under way.
            if name not in wanted and (kind == "event" or (kind == "procedure" and not plan.stale)):
                schema.drop(raw, kind, name)
        with schema.creating(raw) as create:
            for found in plan.stale:
                create(found, plan.grants.get(found.name, ()))
        # Once more, in case that one came before its procedure was dropped.
        for grant in (one for grants in plan.grants.values() for one in grants):
            schema.execute(raw, grant)
        schema.verify(raw, conn.prefix)
        for name, value in plan.renderer.notes.items():
            if plan.stored.get(name) != value:
                schema.write_setting(raw, f"{conn.prefix}setting", name, value)
        raw.commit()


def forget_refresh(raw: Any) -> None:
    """Makes `refresh` pending again, so that each apply runs it."""
    conn = bind(raw, prefix=Settings().updated(requested()).prefix)
    with _errors_of(conn):
        _objects(conn).prepare(raw)
        _forget(conn, _REFRESH)
        raw.commit()


@contextmanager
def _forgetting(grants: bool) -> Iterator[None]:
    token = _forget_grants.set(grants)
    try:
        yield
    finally:
        _forget_grants.reset(token)


@contextmanager
def _locked(database: Database) -> Iterator[tuple[Any, Connection]]:
    """yoyo's backend, which holds its lock, and a connection to the same schema."""
    with backend(database) as opened:
        conn = bind(opened.connection, prefix=database.prefix)
        with _errors_of(conn):
            opened.init_database()
            try:
                with opened.lock():
                    yield opened, conn
            except LockTimeout as error:
                raise ConfigurationError(
                    "another installation is running, or one was killed: then delete the row of "
                    f"the table {opened.lock_table}"
                ) from error


@contextmanager
def _errors_of(conn: Connection) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        first = _first(error, conn)
        if first is None or first is error:
            raise
        needed = _objects(conn).NEEDED_PRIVILEGES
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


def _objects(conn: Connection) -> Objects:
    return objects_of(conn.dialect.name)


def _stored(conn: Connection) -> dict[str, str]:
    if conn.prefix + "setting" not in _objects(conn).tables(conn.raw):
        return {}
    return dict(conn.select("setting", ("name", "value")))


def _installed(conn: Connection, stored: Mapping[str, str]) -> list[tuple[str, str]]:
    """Kind and name of what is there, in an order in which it can be dropped; also an event that
    was chosen and that this account may not see.
    """
    chosen = INDEX["event"] if stored.get("maintenance_minutes", "0") != "0" else []
    events = [("event", conn.prefix + entry["name"]) for entry in chosen]
    return list(dict.fromkeys([*events, *_objects(conn).installed(conn.raw, conn.prefix)]))


def _forget(conn: Connection, pattern: str) -> None:
    schema = _objects(conn)
    known = {default_migration_table, migration_table(conn.prefix)}
    for table in known & schema.tables(conn.raw):
        schema.forget_migrations(conn.raw, table, pattern)
    conn.raw.commit()
