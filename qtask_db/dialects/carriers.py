"""Connections in the wrapping of another library: what is inside, and who hears of its loss."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from qtask_db import dialects
from qtask_db.dialects import Dialect
from qtask_db.errors import ConfigurationError
from qtask_db.log import get_logger

log = get_logger("qtask_db")

Lost = Callable[[Exception], None]

_DEPTH = 4  # session, connection, pooled connection, the driver's own


def unwrap(conn: Any) -> tuple[Any, Dialect, Lost | None]:
    """The driver's connection in `conn`, its dialect, and what tells the one that carries it of an
    error after which it should connect again: by itself it sees only errors of its own statements.

    Raises ConfigurationError if there is none.
    """
    raw, lost = conn, None
    for _ in range(_DEPTH):
        if inspect.iscoroutinefunction(getattr(raw, "commit", None)):
            raise ConfigurationError(
                f"{name_of(conn)} is asynchronous: call in a thread (asyncio.to_thread), with a "
                "connection of PyMySQL, mysqlclient or python-oracledb's oracledb.connect"
            )
        dialect = dialects.of_connection(raw)
        if dialect is not None:
            return raw, dialect, lost
        raw, lost = _inside(raw, lost)
    raise ConfigurationError(
        f"{name_of(conn)} is not a connection of a supported driver "
        "(PyMySQL, mysqlclient, python-oracledb) and carries none"
    )


def close_old_connections() -> None:
    """Lets Django give up this thread's connections that are lost or too old.

    It does so around each request; a program that serves none must ask for it, and would otherwise
    go on with a lost connection for ever.
    """
    django = sys.modules.get("django")
    if django is None or not hasattr(django, "db") or not django.conf.settings.configured:
        return
    try:
        django.db.close_old_connections()
    except Exception:
        log.warning("Django could not close its old connections", exc_info=True)


def _inside(carrier: Any, lost: Lost | None) -> tuple[Any, Lost | None]:
    if hasattr(carrier, "driver_connection"):  # SQLAlchemy: a pooled connection
        return carrier.driver_connection, lost or carrier.invalidate
    if hasattr(carrier, "ensure_connection"):  # Django
        if hasattr(carrier, "close_if_health_check_failed"):  # since 4.1
            carrier.close_if_health_check_failed()
        carrier.ensure_connection()
        return carrier.connection, lambda _error: setattr(carrier, "errors_occurred", True)
    inner = getattr(carrier, "connection", None)
    if callable(inner):  # SQLAlchemy: a session's method
        return inner(), lost
    if callable(getattr(carrier, "in_transaction", None)):  # SQLAlchemy: a connection
        lost = carrier.invalidate
        if not carrier.in_transaction():
            carrier.begin()  # its commit() does nothing if it has not seen a statement
    return inner, lost


def name_of(thing: Any) -> str:
    """Its class, as it is imported."""
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
