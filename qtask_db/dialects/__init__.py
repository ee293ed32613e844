"""The databases behind one interface: nothing else knows which one it talks to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import SplitResult

from qtask_db.errors import ConfigurationError, QtaskError


class Dialect(Protocol):
    """The calls that differ between the databases."""

    @property
    def name(self) -> str:
        """Of its folder in `sql/` and `migrations/`."""

    def connect(self, url: SplitResult, *, autocommit: bool) -> Any:
        """Opens a driver connection. Raises ConfigurationError, DatabaseUnavailable or
        AccessDenied.
        """

    def call(
        self,
        raw: Any,
        prefix: str,
        verb: str,
        arguments: Sequence[Any],
        options: Mapping[str, Any] | None,
    ) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        """Calls a procedure and returns its OUT values and its rows; one round trip if the
        driver can. `options` is None if the procedure has none.
        """

    def meet(self, raw: Any) -> None:
        """Makes sure, once, of what the driver believes of a connection that the caller opened."""

    def own_transaction(self, raw: Any) -> bool:
        """Whether a call would be a transaction of its own: autocommit is on and none is open."""

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Whether each call is a transaction of its own; one round trip at most."""

    def select(self, raw: Any, view: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """All rows of a view."""

    def has_ended(self, raw: Any) -> bool:
        """Whether it is known, without asking the server, that the connection is of no use."""

    def ping(self, raw: Any, patience: float) -> None:
        """Asks the server for a sign of life, within so many seconds; does not connect again."""

    def translate(self, error: Exception) -> QtaskError | None:
        """The error of this package for one of the driver's; None if it is not the driver's."""


def of_scheme(scheme: str) -> Dialect:
    """The dialect that a URL's scheme names."""
    if scheme in ("mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"):
        from qtask_db.dialects.mysql.driver import MySQL

        return MySQL()
    if scheme in ("oracle", "oracle+oracledb"):
        from qtask_db.dialects.oracle.driver import Oracle

        return Oracle()
    raise ConfigurationError(
        "the database URL must begin with mysql://, mariadb:// or oracle://, or with zk:// or "
        f"fs:// of a registry, not {scheme or 'nothing'!r}"
    )


def of_connection(raw: object) -> Dialect | None:
    """The dialect of a driver's connection; None if it is not one of a supported driver."""
    for kind in raw.__class__.__mro__:  # which a proxy gives as that of what it wraps
        module = kind.__module__.partition(".")[0]
        if module in ("pymysql", "MySQLdb"):
            return of_scheme("mysql")
        if module == "oracledb":
            return of_scheme("oracle")
    return None
