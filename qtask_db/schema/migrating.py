"""yoyo's backend on our connections: its errors are told at once, and it runs under any user."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from yoyo.connections import parse_uri
from yoyo.migrations import default_migration_table

from qtask_db import urls
from qtask_db.database import Database
from qtask_db.schema.objects import objects_of
from qtask_db.settings import DEFAULT_PREFIX


def migration_table(prefix: str) -> str:
    """The table in which yoyo notes the applied migrations: one for each prefix but the
    default one.
    """
    return default_migration_table if prefix == DEFAULT_PREFIX else f"{prefix}yoyo_migration"


@contextmanager
def backend(database: Database) -> Iterator[Any]:
    """Raises the driver's errors."""
    objects = objects_of(database.dialect)

    class Backend(objects.Backend):  # type: ignore[misc, name-defined]
        def connect(self, _dburi: Any) -> Any:
            return database.connect(autocommit=False).raw

        def init_connection(self, connection: Any) -> None:
            objects.prepare(connection)

        def create_lock_table(self) -> None:
            # yoyo takes every error for one that says that the table is there.
            try:
                if self.lock_table not in self.list_tables():
                    self.execute(self.format_sql(self.create_lock_table_sql))
            except self.DatabaseError:
                if self.lock_table not in self.list_tables():
                    raise

        def init_database(self) -> None:
            super().init_database()
            # yoyo waits for every error of its lock, the row 1, to pass.
            names = ", ".join(map(self.quote_identifier, ("locked", "ctime", "pid")))
            statement = f"INSERT INTO {self.lock_table_quoted} ({names}) VALUES (0, :when, :pid)"  # noqa: S608
            with self.transaction(rollback_on_exit=True):
                self.execute(statement, {"when": _now(), "pid": os.getpid()})

        def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
            # As yoyo's own, which fails if the user has no name, as a container's may.
            return {
                "id": str(uuid.uuid1()),
                "migration_id": migration.id if migration else None,
                "migration_hash": migration.hash if migration else None,
                "username": _user(),
                "hostname": socket.getfqdn(),
                "created_at_utc": _now(),
                "operation": operation,
            }

    if database.prefix != DEFAULT_PREFIX:
        # If its migration table is missing, yoyo takes its other tables for missing, too.
        for name in ("log", "lock", "version"):
            setattr(Backend, f"{name}_table", f"{database.prefix}yoyo_{name}")

    # yoyo connects by the method above; of the URL it reads the schema, and it knows one host only.
    first = urls.hosts(urls.split(database.url))[0].geturl()
    with Backend(parse_uri(first), migration_table(database.prefix)) as opened:
        yield opened


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
