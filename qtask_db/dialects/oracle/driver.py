"""Oracle Database through python-oracledb, in its thin mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, unquote

from qtask_db import urls
from qtask_db.constants import LIMIT
from qtask_db.dialects import signature
from qtask_db.dialects.oracle import errors as oracle_errors
from qtask_db.errors import ConfigurationError, InvalidArgument, QtaskError
from qtask_db.settings import package

_URL_OPTIONS = {
    "service_name": str,
    "sid": str,
    "dsn": str,
    "config_dir": str,
    "protocol": str,
    "wallet_location": str,
    "wallet_password": str,
    "ssl_server_dn_match": str,
    "ssl_server_cert_dn": str,
    "tcp_connect_timeout": float,
    "expire_time": int,
    "retry_count": int,
    "retry_delay": int,
    "edition": str,
    "server_type": str,
    "cclass": str,
    "purity": str,
}
_PURITY = {"new": "PURITY_NEW", "self": "PURITY_SELF"}
_SWITCH = {"on": True, "true": True, "off": False, "false": False}
_SESSION_OPTIONS = {"call_timeout": float, "current_schema": str}

_LEAST, _MOST = -(2**63), 2**63 - 1
_ROWS = LIMIT["rows"] + 1
"""Fetched in one round trip; one more than there can be, so that the driver need not ask again."""


class Oracle:
    """The dialect of Oracle Database 19c and later."""

    name = "oracle"

    def connect(self, url: SplitResult, *, autocommit: bool) -> Any:
        """Opens a python-oracledb connection.

        It waits 10 s for the server and 60 s for an answer, unless the URL says otherwise.
        """
        try:
            import oracledb
        except ImportError:
            raise ConfigurationError(
                "the driver for Oracle is missing: pip install 'qtask-db[oracle]'"
            ) from None
        arguments = _arguments(url)
        call_timeout = arguments.pop("call_timeout", 60)
        current_schema = arguments.pop("current_schema", None)
        if "purity" in arguments:
            arguments["purity"] = getattr(oracledb, _PURITY[arguments["purity"]])
        try:
            raw = oracledb.connect(**arguments)
        except Exception as error:
            raise self.translate(error) or error from error
        raw.autocommit = autocommit
        raw.call_timeout = int(call_timeout * 1000)
        if current_schema:
            raw.current_schema = current_schema
        return raw

    def call(
        self,
        raw: Any,
        prefix: str,
        verb: str,
        arguments: Sequence[Any],
        options: Mapping[str, Any] | None,
    ) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        """One anonymous block, and one fetch if the procedure returns a cursor."""
        declared = signature.read(self.name, verb)
        given = [
            _fitting(value, place.name, place.type)
            for value, place in zip(arguments, declared.inputs.values(), strict=False)
        ]
        named = {
            f"in_{name}": _fitting(value, name, declared.inputs[f"in_{name}"].type)
            for name, value in (options or {}).items()
        }
        with raw.cursor() as cursor, raw.cursor() as found:
            outs = [cursor.var(_out_type(out.type)) for out in declared.outs]
            places = [*given, *outs]
            if declared.rows:
                fetch_at_once(found)
                places.append(found)
            own = self.own_transaction(raw)
            try:
                cursor.callproc(f"{package(prefix)}.{verb}", places, named)
            except Exception:
                # The server has undone what the call did, but not ended the transaction for it.
                if own and raw.is_healthy() and raw.transaction_in_progress:
                    raw.rollback()
                raise
            values = tuple(_text(out.getvalue()) for out in outs)
            return values, found.fetchall() if declared.rows else []

    def meet(self, raw: Any) -> None:
        """Nothing that the server could know otherwise: the driver commits by its own flag."""

    def own_transaction(self, raw: Any) -> bool:
        """Known of the driver, to which the server tells it with every answer."""
        return bool(raw.is_healthy() and raw.autocommit and not raw.transaction_in_progress)

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Only the driver knows it: it sends its wish with each statement."""
        raw.autocommit = on

    def select(self, raw: Any, view: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """All rows of a view."""
        return rows_of(raw, f"SELECT {', '.join(columns)} FROM {view}")  # noqa: S608

    def has_ended(self, raw: Any) -> bool:
        """Known of the driver, which has read what the server said unasked."""
        return not raw.is_healthy()

    def ping(self, raw: Any, patience: float) -> None:
        """A round trip."""
        before, raw.call_timeout = raw.call_timeout, int(patience * 1000)
        try:
            raw.ping()
        finally:
            raw.call_timeout = before

    def translate(self, error: Exception) -> QtaskError | None:
        """Sorts a driver's error by its number."""
        return oracle_errors.translate(error)


def _out_type(kind: str) -> Any:
    import oracledb

    return oracledb.DB_TYPE_CLOB if kind == "CLOB" else int


def _text(value: Any) -> Any:
    """The text of a CLOB; a number is itself."""
    return value.read() if hasattr(value, "read") else value


def _fitting(value: Any, name: str, kind: str) -> Any:
    """The value as it is sent. Refuses what PL/SQL would silently convert to the parameter's type.

    A blank, which is neither a valid name nor JSON, stands for the empty text: that is NULL.
    """
    if value is None or (isinstance(value, str) and kind != "NUMBER"):
        return " " if value == "" else value
    if kind != "NUMBER":
        raise InvalidArgument(f"{name} must be a text, not {value!r:.100}")
    if not isinstance(value, int) or isinstance(value, bool) or not _LEAST <= value <= _MOST:
        raise InvalidArgument(
            f"{name} must be a whole number of at most 64 bits, not {value!r:.100}"
        )
    return value


def rows_of(raw: Any, statement: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with raw.cursor() as cursor:
        fetch_at_once(cursor, 1000)
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def fetch_at_once(cursor: Any, rows: int = _ROWS) -> None:
    """Lets a cursor fetch so many rows, with the texts of their CLOBs, in one round trip, whatever
    the caller has told the connection to make of values.
    """
    import oracledb

    def inline(cursor: Any, column: Any) -> Any:
        if column.type_code is oracledb.DB_TYPE_CLOB:
            return cursor.var(oracledb.DB_TYPE_LONG, arraysize=cursor.arraysize)
        return None

    cursor.prefetchrows = cursor.arraysize = rows
    cursor.outputtypehandler = inline


def _arguments(url: SplitResult) -> dict[str, Any]:
    if len(urls.hosts(url)) > 1:
        raise ConfigurationError(
            "the database URL names several hosts: give the dsn option a descriptor with an "
            "ADDRESS_LIST, or host the name of a SCAN listener"
        )
    options: dict[str, Any] = urls.options(url, _URL_OPTIONS | _SESSION_OPTIONS)
    service = unquote(url.path.strip("/"))
    if service:
        options.setdefault("service_name", service)
    if "dsn" not in options:
        if "service_name" not in options and "sid" not in options:
            raise ConfigurationError(
                "the database URL names no service: "
                "oracle://user:password@host:1521/?service_name=FREEPDB1"
            )
        options = {"host": url.hostname or "127.0.0.1", "port": url.port or 1521, **options}
    match = options.pop("ssl_server_dn_match", "on")
    if match not in _SWITCH:
        raise ConfigurationError(f"ssl_server_dn_match must be on or off, not {match!r}")
    options["ssl_server_dn_match"] = _SWITCH[match]
    if options.get("purity", "new") not in _PURITY:
        raise ConfigurationError(f"purity must be new or self, not {options['purity']!r}")
    if url.username is not None:
        options["user"] = unquote(url.username)
    if url.password is not None:
        options["password"] = unquote(url.password)
    # After a minute of silence a packet, so that nothing on the way forgets the connection.
    return {"tcp_connect_timeout": 10, "expire_time": 1, "program": "qtask-db", **options}
