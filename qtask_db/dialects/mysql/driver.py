"""MySQL and MariaDB through PyMySQL (or mysqlclient, if the caller brings its connection)."""

from __future__ import annotations

import importlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, unquote

from qtask_db import urls
from qtask_db.dialects import remedies, signature
from qtask_db.dialects.mysql import errors as mysql_errors
from qtask_db.dialects.mysql import tls as mysql_tls
from qtask_db.dialects.mysql.errors import (
    DRIVERS,
    LOST,
    PACKET_TOO_LARGE,
    WRONG_PASSWORD,
    number_and_text,
)
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    DatabaseUnavailable,
    InvalidArgument,
    QtaskError,
)
from qtask_db.process import sockets

_URL_OPTIONS = {
    "connect_timeout": float,
    "read_timeout": float,
    "write_timeout": float,
    "unix_socket": str,
    "ssl_ca": str,
    "ssl_cert": str,
    "ssl_key": str,
    "ssl_mode": str,
}

_LONG = 2_000  # characters
_ALL = 2**64 - 1  # rows
_LARGE = 4_000_000  # characters: the smallest max_allowed_packet that is usual
_IN_TRANSACTION, _AUTOCOMMIT = 1, 2  # of the protocol's status flags
_MET = "_qtask_met"


class MySQL:
    """The dialect of MySQL 8.0.21+ and MariaDB 10.6+."""

    name = "mysql"

    def connect(self, url: SplitResult, *, autocommit: bool) -> Any:
        """Opens a PyMySQL connection to the first of the URL's hosts that takes writes.

        It waits 10 s for a server, its greeting and its consent to the login, each, and 60 s for an
        answer, unless the URL says otherwise.
        """
        named = urls.hosts(url)
        if len(named) == 1:
            return self._open(url, autocommit=autocommit)
        reasons, remedy = [], None
        for one in named:
            try:
                raw = self._open(one, autocommit=autocommit)
                if not _is_read_only(raw):
                    return raw
                raw.close()
                reasons.append(f"{one.hostname} is read-only")
            except Exception as error:
                translated = self.translate(error) or error
                if not isinstance(translated, DatabaseUnavailable):
                    raise translated from error
                reasons.append(str(translated))
                remedy = remedy or translated.remedy
        unavailable = DatabaseUnavailable("no host takes writes: " + "; ".join(reasons))
        unavailable.remedy = remedy
        raise unavailable

    def _open(self, url: SplitResult, *, autocommit: bool) -> Any:
        try:
            import pymysql
        except ImportError:
            raise ConfigurationError(
                "the driver for MySQL is missing: pip install 'qtask-db[mysql]'"
            ) from None
        timeouts = {"connect_timeout": 10, "read_timeout": 60, "write_timeout": 60}
        arguments: dict[str, Any] = timeouts | _arguments(url)
        patience = arguments["read_timeout"]
        # A server that hangs is connected to by the system and then says nothing.
        arguments["read_timeout"] = min(patience, arguments["connect_timeout"])
        try:
            raw: Any = pymysql.connect(
                charset="utf8mb4",
                autocommit=autocommit,
                # By itself the driver compares with the flag of the greeting, which is from before
                # init_connect, wrong if the default is off, and made up by some proxies. After a
                # COMMIT neither a transaction is open nor the connection closed.
                init_command="SET autocommit = 1, completion_type = NO_CHAIN",
                program_name="qtask-db",
                **arguments,
            )
        except Exception as error:
            raise self.translate(error) or error from error
        sockets.keep_alive(raw._sock)
        raw._read_timeout = patience
        return raw

    def call(
        self,
        raw: Any,
        prefix: str,
        verb: str,
        arguments: Sequence[Any],
        options: Mapping[str, Any] | None,
    ) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        """One CALL: the procedures return their OUT values as a row, too, but for quiet ones."""
        if options is not None:
            arguments = (*arguments, json.dumps(options) if options else None)
        places, sent = [], []
        for argument in arguments:
            if isinstance(argument, str) and len(argument) > _LONG:
                places.append(_hex_literal(argument))
            elif argument is None:
                places.append("NULL")  # mysqlclient without converters makes a text of it
            else:
                places.append("%s")
                sent.append(argument)
        outs = signature.read(self.name, verb).outs
        variables = [f"@qtask_out_{n}" for n in range(len(outs))]
        places += variables
        with _plain_cursor(raw) as cursor, _explained(places), self._ended(raw):
            cursor.execute(f"CALL {prefix}{verb}({', '.join(places)})", sent)
            sets = []
            while cursor.description is not None:
                sets.append(cursor.fetchall())
                if not cursor.nextset():
                    break
        if outs and not sets:
            # Else the caller's sql_select_limit may cut the one row, too.
            sets.append(rows_of(raw, f"SELECT {', '.join(variables)} LIMIT 1"))
        found = _as_texts(raw, sets.pop(0))[0] if outs else ()
        return found, _as_texts(raw, sets[0]) if sets else []

    @contextmanager
    def _ended(self, raw: Any) -> Iterator[None]:
        """MySQL runs no handler of a procedure that is killed: its own transaction stays open, and
        what is called next would be part of it. Any error may hide the kill: the statement has
        failed, and then the kill comes before the handler.
        """
        own = self.own_transaction(raw)
        try:
            yield
        except Exception:
            if own and raw.open:
                with suppress(raw.Error):  # the connection is lost, and its transaction with it
                    rows_of(raw, "ROLLBACK AND NO CHAIN NO RELEASE")
            raise

    def meet(self, raw: Any) -> None:
        """Sets autocommit as PyMySQL was told. It does so itself only where the server's flag says
        something else, and until the first statement that is the greeting's. MySQL's flag is even
        wrong for as long as nobody changes a default that is off.

        Nobody knows what mysqlclient was told, so that its connections stay as they are.
        """
        if not hasattr(raw, "server_status") or getattr(raw, _MET, None) == raw.thread_id():
            return
        believed = raw.get_autocommit()
        ((real,),) = rows_of(raw, "SELECT @@autocommit")
        on, wanted = bool(int(real)), raw.autocommit_mode
        if on != believed and wanted not in (None, on) and not raw.server_status & _IN_TRANSACTION:
            rows_of(raw, f"SET autocommit = {int(wanted)}")
            on = wanted
        raw._qtask_mistaken = on != raw.get_autocommit()
        setattr(raw, _MET, raw.thread_id())

    def own_transaction(self, raw: Any) -> bool:
        """Known of PyMySQL, which keeps the server's status flags; of mysqlclient it is not."""
        status = getattr(raw, "server_status", _IN_TRANSACTION)
        on = status & _AUTOCOMMIT and not getattr(raw, "_qtask_mistaken", False)
        return bool(on and not status & _IN_TRANSACTION)

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """PyMySQL knows from the server's status flags whether there is something to change."""
        raw.autocommit(on)

    def select(self, raw: Any, view: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """All rows of a view."""
        try:
            # Else the caller's sql_select_limit cuts them, and nobody is told.
            return rows_of(raw, f"SELECT {', '.join(columns)} FROM {view} LIMIT {_ALL}")  # noqa: S608
        except Exception as error:
            # In a session that is open it speaks of the view's definer, whatever it says.
            if number_and_text(error)[0] == WRONG_PASSWORD:
                gone = AccessDenied(f"the account that created {view} is gone: run `qtask install`")
                gone.orphaned, gone.remedy = True, remedies.ORPHANED
                raise gone from error
            raise

    def has_ended(self, raw: Any) -> bool:
        """Looks at PyMySQL's socket; mysqlclient shows none."""
        sock = getattr(raw, "_sock", None)
        return not raw.open or (sock is not None and sockets.has_ended(sock))

    def ping(self, raw: Any, patience: float) -> None:
        """A round trip."""
        if not hasattr(raw, "_read_timeout"):
            raw.ping()  # mysqlclient
            return
        before, raw._read_timeout = raw._read_timeout, patience
        try:
            raw.ping(False)
        finally:
            raw._read_timeout = before

    def translate(self, error: Exception) -> QtaskError | None:
        """Sorts a driver's error by its number."""
        return mysql_errors.translate(error)


@contextmanager
def _explained(places: Sequence[str]) -> Iterator[None]:
    """If a call with these arguments was too large for the server, the error says so."""
    try:
        yield
    except Exception as error:
        number, text = number_and_text(error)
        size = sum(map(len, places))
        what = f"the call has {size:,} bytes, and the server's max_allowed_packet"
        if number in PACKET_TOO_LARGE:
            raise InvalidArgument(f"{what} is less ({number})") from error
        if number in LOST and size > _LARGE:
            lost = DatabaseUnavailable(f"{text} ({number}); {what} may be less")
            lost.number = number
            raise lost from error
        raise


def rows_of(
    raw: Any, statement: str, arguments: Sequence[Any] | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with _plain_cursor(raw) as cursor:
        cursor.execute(statement, arguments)
        return _as_texts(raw, cursor.fetchall())


def _as_texts(raw: Any, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows without bytes, which mysqlclient gives if it is told to convert nothing."""
    if not any(isinstance(value, bytes) for value in itertools.chain(*rows[:1])):
        return list(rows)
    return [tuple(v.decode(raw.encoding) if isinstance(v, bytes) else v for v in r) for r in rows]


def _is_read_only(raw: Any) -> bool:
    """As replicas are, and members of a group that are no primary or not in it any more.

    Galera's nodes without a majority refuse whatever reads a table, if only a derived one (1047).
    """
    found = rows_of(raw, "SELECT @@GLOBAL.read_only FROM (SELECT 1) AS one")
    return str(found[0][0]) not in ("0", "OFF")


def _arguments(url: SplitResult) -> dict[str, Any]:
    database = unquote(url.path.lstrip("/"))
    if not database:
        raise ConfigurationError(
            "the database URL names no database: mysql://user:password@host:3306/database"
        )
    options = urls.options(url, _URL_OPTIONS)
    arguments: dict[str, Any] = {
        "host": url.hostname or "127.0.0.1",
        "port": url.port or 3306,
        "database": database,
        **mysql_tls.arguments(options),
        **options,
    }
    if url.username is not None:
        arguments["user"] = unquote(url.username)
    if url.password is not None:
        arguments["password"] = unquote(url.password)
    return arguments


def _hex_literal(text: str) -> str:
    """Needs no escaping, which takes the drivers longer than all else for a large text."""
    return f"_utf8mb4 X'{text.encode().hex()}'"


@contextmanager
def _plain_cursor(raw: Any) -> Iterator[Any]:
    """A cursor that returns tuples, whatever the connection's default is.

    Without Unicode PyMySQL gives bytes to its own converter of decimals, which takes none.
    """
    unicode = getattr(raw, "use_unicode", None)
    if unicode is False:
        raw.use_unicode = True
    try:
        with _cursor(raw) as cursor:
            yield cursor
    finally:
        if unicode is False:
            raw.use_unicode = False


def _cursor(raw: Any) -> Any:
    for kind in raw.__class__.__mro__:  # a subclass, or the proxy of an instrumentation
        driver = kind.__module__.partition(".")[0]
        if driver in DRIVERS:
            return raw.cursor(importlib.import_module(f"{driver}.cursors").Cursor)
    raise TypeError(f"{type(raw).__qualname__} is not a connection of {' or '.join(DRIVERS)}")
