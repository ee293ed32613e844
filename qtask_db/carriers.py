"""Connections in the wrapping of another library: what is inside, and who hears of its loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from qtask_db import dialects
from qtask_db.dialects import Dialect
from qtask_db.errors import ConfigurationError

Lost = Callable[[Exception], None]

_DEPTH = 4  # session, connection, pooled connection, the driver's own


def unwrap(conn: Any) -> tuple[Any, Dialect, Lost | None]:
    """The driver's connection in `conn`, its dialect, and what tells the one that carries it of an
    error after which it should connect again: by itself it sees only errors of its own statements.

    Raises ConfigurationError where there is none.
    """
    raw, lost = conn, None
    for _ in range(_DEPTH):
        if inspect.iscoroutinefunction(getattr(raw, "commit", None)):
            raise ConfigurationError(
                f"{_name(conn)} is asynchronous: call with a connection of PyMySQL, mysqlclient or "
                "python-oracledb's oracledb.connect, in a thread (asyncio.to_thread)"
            )
        dialect = dialects.of_connection(raw)
        if dialect is not None:
            return raw, dialect, lost
        raw, lost = _inside(raw, lost)
    raise ConfigurationError(
        f"{_name(conn)} is no connection of a supported driver "
        "(PyMySQL, mysqlclient, python-oracledb) and carries none"
    )


def _inside(carrier: Any, lost: Lost | None) -> tuple[Any, Lost | None]:
    if hasattr(carrier, "driver_connection"):  # SQLAlchemy: a pooled connection
        return carrier.driver_connection, carrier.invalidate
    if hasattr(carrier, "ensure_connection"):  # Django
        if hasattr(carrier, "close_if_health_check_failed"):  # since 4.1
            carrier.close_if_health_check_failed()
        carrier.ensure_connection()
        return carrier.connection, lambda _error: setattr(carrier, "errors_occurred", True)
    inner = getattr(carrier, "connection", None)
    if callable(inner):  # SQLAlchemy: a session's method
        return inner(), lost
    begun = getattr(carrier, "in_transaction", None)
    if callable(begun) and not begun():
        carrier.begin()  # SQLAlchemy: its commit() does nothing where it has not seen a statement
    return inner, lost


def _name(conn: Any) -> str:
    return f"{type(conn).__module__}.{type(conn).__qualname__}"
