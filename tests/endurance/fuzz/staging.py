"""Sessions whose variables are set by chance while a call is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random

import pymysql

from qtask_db import Connection

from . import sessions

NUMBERS = (1, 1, 2, 3, 5, 9, 20)
"""Of variables that a session sets."""
DRIVERS_OWN = {"character_set_client"}
"""The driver writes in a set of its own choice, whatever this says."""
LOSSY = {"character_set_connection", "collation_connection"}
"""Characters that these cannot hold are lost before a procedure is called."""
REFUSALS: dict[str, frozenset[int]] = {
    "transaction_read_only": frozenset({1792}),
    "tx_read_only": frozenset({1792}),
    "require_row_format": frozenset({3944}),
    "sort_buffer_size": frozenset({1038}),
    "tmp_disk_table_size": frozenset({1114}),
    "max_session_mem_used": frozenset({1290}),
    "max_join_size": frozenset({1104}),
    "sql_big_selects": frozenset({1104}),
    "max_statement_time": frozenset({1969}),
    "tmp_table_size": frozenset({1146}),
    "range_optimizer_max_mem_size": frozenset({1175}),
    "range_alloc_block_size": frozenset({1175}),
    "parser_max_mem_size": frozenset({3170}),
    "use_secondary_engine": frozenset({3889}),
}
"""The server's errors in which calls may end, if one of these variables is set."""


def settable(conn: Connection) -> dict[str, list[str]]:
    """The variables that an account without privileges may set on the connection's server. The
    connection is reset.
    """
    engine = sessions.ENGINES["mariadb" in conn.raw.get_server_info().lower()]
    kinds = {name: kind for kind, each, name in sessions.classified() if each == engine}
    with _kept(conn):
        found = sessions.settable(conn, conn)
    return {
        name: values
        for name, values in found.items()
        if kinds.get(name, sessions.CLASSES[0]) != sessions.CLASSES[0] and name not in DRIVERS_OWN
    }


def choose(random: Random, variables: dict[str, list[str]]) -> tuple[str, ...]:
    """Some of these and a value for each, as SET SESSION takes them."""
    chosen = random.sample(list(variables), random.choice(NUMBERS))
    return tuple(f"{name} = {random.choice(variables[name])}" for name in chosen)


@contextmanager
def played(conn: Connection, settings: Sequence[str]) -> Iterator[None]:
    """With these variables. At the end the session's open transaction is committed, and then the
    session is as it was.
    """
    if not settings:
        yield
        return
    with _kept(conn):
        for setting in settings:
            with suppress(pymysql.MySQLError):  # some do not go with those before them
                _execute(conn, f"SET SESSION {setting}")
        yield
        _execute(conn, "COMMIT AND NO CHAIN NO RELEASE")


def refusals(settings: Sequence[str]) -> set[int | None]:
    """The server's errors that these settings explain."""
    return set().union(*(REFUSALS.get(name, ()) for name in names(settings)))


def names(settings: Sequence[str]) -> set[str]:
    """Of the variables."""
    return {setting.partition(" = ")[0] for setting in settings}


@contextmanager
def _kept(conn: Connection) -> Iterator[None]:
    autocommit = conn.raw.autocommit_mode
    yield
    sessions.reset(conn)
    conn.raw.autocommit(autocommit)


def _execute(conn: Connection, statement: str) -> None:
    with conn.raw.cursor() as cursor:
        cursor.execute(statement)
