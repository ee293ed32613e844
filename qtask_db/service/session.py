"""One database connection of a thread, for a service that runs for long."""

from __future__ import annotations

import contextlib
import time

from qtask_db.database import Connection, Database
from qtask_db.errors import AccessDenied, Conflict, ProcedureError


class Session:
    """One database connection, opened when it is needed and replaced when it was lost.

    It is to be asked for at each use: one that has idled may be lost, which is nobody's trouble.
    """

    def __init__(self, database: Database | str) -> None:
        self.database = database if isinstance(database, Database) else Database(database)
        self._connection: Connection | None = None
        self._used_at = 0.0

    @property
    def connection(self) -> Connection:
        """Raises DatabaseUnavailable or AccessDenied if it cannot be opened."""
        now = time.monotonic()
        if self._connection is not None and not self._connection.usable(now - self._used_at):
            self.close()
        if self._connection is None:
            self._connection = self.database.connect(autocommit=True)
        self._used_at = now
        return self._connection

    def close(self) -> None:
        """The next use opens a new one. That a lost one fails to close changes nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    def close_after(self, error: Exception) -> None:
        """The same, unless the server has just used the connection to refuse something."""
        if not isinstance(error, ProcedureError | Conflict | AccessDenied):
            self.close()
