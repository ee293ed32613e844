"""Schemas of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import oracledb
import pytest
import servers
from testing import PASSWORD, as_account, execute, query

from qtask_db import Connection, Database

MakeUrl = Callable[..., str]
RIGHTS = "CREATE SESSION, CREATE TABLE, CREATE SEQUENCE, CREATE VIEW, CREATE PROCEDURE, CREATE JOB"


@pytest.fixture
def root(database_server: servers.Server) -> Iterator[Connection]:
    """A connection that may create accounts."""
    with Database(database_server.url).connect() as conn:
        yield conn


@pytest.fixture
def real(root: Connection) -> Connection:
    """The same, on a server that keeps an account from what it has no right to."""
    try:
        query(root, "SELECT banner FROM v$version")
    except oracledb.DatabaseError as error:
        pytest.skip(f"needs an Oracle Database, with rights and V$ views: {error}")
    return root


@pytest.fixture
def new_account(root: Connection, database_server: servers.Server) -> Iterator[MakeUrl]:
    """Makes accounts: `new_account(rights)` returns the URL of the next one."""
    made: list[str] = []

    def make(rights: str = RIGHTS) -> str:
        name = f"qtask_test_{len(made)}"
        drop(name)
        execute(root, f'CREATE USER {name} IDENTIFIED BY "{PASSWORD}" QUOTA UNLIMITED ON users')
        execute(root, f"GRANT {rights} TO {name}")
        made.append(name)
        return as_account(database_server.url, name)

    def drop(name: str) -> None:
        try:
            execute(root, f"DROP USER {name} CASCADE")
        except oracledb.DatabaseError as error:
            if error.args[0].code != 1918:  # there is none
                raise

    yield make
    for name in made:
        drop(name)


@pytest.fixture
def empty_url(new_account: MakeUrl) -> str:
    """The URL of an account with an empty schema."""
    return new_account()
