"""Connections: opened from a URL, or brought by the caller in whatever wrapping."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from qtask_db import dialects, urls
from qtask_db.dialects import Dialect, carriers
from qtask_db.dialects.carriers import Lost
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    Conflict,
    DatabaseUnavailable,
    NotInstalled,
    QtaskError,
)
from qtask_db.log import mask
from qtask_db.process import sockets
from qtask_db.registry.names import Given, look_up
from qtask_db.settings import DEFAULT_PREFIX, Settings

_PATIENCE = 60.0  # seconds; how many conflicts a call meets depends on how many others there are


def _tries(error: Exception, own: bool) -> int:
    if own and isinstance(error, NotInstalled) and error.passing:
        return 8
    # Between its CREATE and its GRANT; this is more often a mistake, which must not take long.
    return 5 if isinstance(error, AccessDenied) and error.passing else 1


@dataclass(slots=True)
class Connection:
    """A driver's connection, its dialect and the prefix of the schema. Every call accepts one."""

    raw: Any
    """The driver's own connection."""
    dialect: Dialect
    """Knows the driver and the server."""
    prefix: str
    """Begins the names of the schema."""
    lost: Lost | None = None
    """Tells the library that carries the connection to open it again."""

    def call(
        self,
        verb: str,
        *arguments: Any,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        """Calls a procedure; returns its OUT values and its rows. Raises only errors of
        `qtask_db.errors`.

        If the caller has no transaction open, the call is repeated after a conflict with another
        transaction, and while a script replaces the procedure: it has done nothing then. (Inside a
        transaction it would wait in vain, because the script waits for that transaction.) If the
        account may not execute the procedure, the call is repeated a few times in any case: an
        installer that has just replaced the procedure is about to give the right back.
        """
        own = self.dialect.own_transaction(self.raw)
        began = time.monotonic()
        for tries in itertools.count(1):
            try:
                return self.dialect.call(self.raw, self.prefix, verb, arguments, options)
            except Exception as error:
                translated = self._translated(error)
                if own and isinstance(translated, Conflict):
                    again = tries < 3 or time.monotonic() - began < _PATIENCE
                else:
                    again = tries < _tries(translated, own)
                if not again:
                    raise translated from error
            longest = 0.0025 * 2 ** min(tries, 7)
            time.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - spreads the callers
        raise AssertionError("unreachable")

    def select(self, view: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Returns all rows of a view."""
        try:
            return self.dialect.select(self.raw, self.prefix + view, columns)
        except Exception as error:
            raise self._translated(error) from error

    def set_autocommit(self, on: bool) -> None:
        """Switches whether each call is its own transaction; a round trip only if that changes."""
        self._do(lambda: self.dialect.set_autocommit(self.raw, on))

    def commit(self) -> None:
        """Commits the transaction. Raises Conflict or DatabaseUnavailable."""
        self._do(self.raw.commit)

    def rollback(self) -> None:
        """Rolls the transaction back. Raises DatabaseUnavailable."""
        self._do(self.raw.rollback)

    def usable(self, idle: float) -> bool:
        """Whether a connection that was not used for `idle` seconds still leads to the server. The
        server is asked only after 10 s.
        """
        if self.dialect.has_ended(self.raw):
            return False
        return idle < sockets.LOOK_AFTER or self.alive()

    def alive(self) -> bool:
        """Whether the server still answers, within 3 s; a dead connection is not opened again."""
        try:
            self.dialect.ping(self.raw, sockets.PATIENCE)
        except Exception as error:
            if self.dialect.translate(error) is None:
                raise
            return False
        return True

    def close(self) -> None:
        """Closes the connection, also one that is broken."""
        try:
            self.raw.close()
        except Exception as error:
            if self.dialect.translate(error) is None:
                raise

    def _do(self, method: Any) -> None:
        try:
            method()
        except Exception as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> Exception:
        translated = self.dialect.translate(error)
        if self.lost is not None and isinstance(translated, DatabaseUnavailable):
            self.lost(error)
        return translated or error

    def __enter__(self) -> Connection:
        """The end of the block closes the connection; what is not committed is rolled back."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Database:
    """The URL and the prefix of a schema. Shows itself without the password."""

    def __init__(self, url: str, *, prefix: str | None = None) -> None:
        """`url` is the database's, that of a registry which has it (`zk://host/platform`), or a
        name (`configure`).

        A registry is read now; to the database nothing connects yet. Raises ConfigurationError for
        a wrong URL, name, prefix or node, and DatabaseUnavailable.
        """
        if not isinstance(url, str):
            raise ConfigurationError(f"{carriers.name_of(url)} is not a database URL")
        self._place = look_up(Given(url, ""))
        self.url = self._place.database().text
        if prefix is None:
            prefix = self._place.prefix.text if self._place.prefix else default_prefix()
        self.prefix = Settings(prefix).prefix
        self._parts = urls.split(self.url)
        self._dialect = dialects.of_scheme(self._parts.scheme)

    @property
    def redis_url(self) -> str | None:
        """The URL of Redis that the name has, or the registry, which is read now; None if there is
        neither. Raises ConfigurationError for a wrong node, and DatabaseUnavailable.
        """
        found = self._place.redis or self._place.registered_redis()
        return found.text if found else None

    @property
    def scheme(self) -> str:
        """The URL's scheme."""
        return self._parts.scheme

    @property
    def dialect(self) -> str:
        """The name of the dialect."""
        return self._dialect.name

    @property
    def queue_prefix(self) -> str | None:
        """What the name says that stands before the names of queues in Redis."""
        found = self._place.queue_prefix
        return found.text if found else None

    def connect(self, *, autocommit: bool = True) -> Connection:
        """Opens a connection. Raises ConfigurationError, DatabaseUnavailable or AccessDenied."""
        raw = self._dialect.connect(self._parts, autocommit=autocommit)
        return Connection(raw, self._dialect, self.prefix)

    def translate(self, error: Exception) -> QtaskError | None:
        """The error of this package for one of the driver's; None if it is not the driver's."""
        return self._dialect.translate(error)

    def __str__(self) -> str:
        return mask(self.url)

    __repr__ = __str__


def default_prefix() -> str:
    """The value of `QTASK_PREFIX`, else `qtask_`."""
    return os.environ.get("QTASK_PREFIX") or DEFAULT_PREFIX


def bind(conn: Any, *, prefix: str | None = None) -> Connection:
    """The driver's connection inside `conn`: a DB-API connection of a supported driver, or a
    SQLAlchemy connection, session or pooled connection, or a Django connection, that carries one.

    Raises ConfigurationError if there is none, and DatabaseUnavailable if it is lost.
    """
    if isinstance(conn, Connection):
        return conn
    raw, dialect, lost = carriers.unwrap(conn)
    found = Connection(raw, dialect, Settings(prefix or default_prefix()).prefix, lost)
    found._do(lambda: dialect.meet(raw))
    return found
