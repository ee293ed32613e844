"""Databases of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import servers
from testing import PASSWORD, as_account, execute
from walks import untouched

from qtask_db import Connection, Database

MakeUrl = Callable[..., str]


@pytest.fixture
def root(database_server: servers.Server) -> Iterator[Connection]:
    """A connection that may do everything."""
    with Database(database_server.url).connect() as conn:
        yield conn


@pytest.fixture
def new_database(root: Connection, database_server: servers.Server) -> Iterator[MakeUrl]:
    """Makes empty databases: `new_database()` returns the URL of the next one."""
    made: list[str] = []

    def make() -> str:
        name = f"qtask_test_{len(made)}"
        execute(root, f"DROP DATABASE IF EXISTS {name}")
        execute(root, f"CREATE DATABASE {name} CHARACTER SET latin1")
        made.append(name)
        return urlunsplit(urlsplit(database_server.url)._replace(path=f"/{name}"))

    yield make
    for name in made:
        execute(root, f"DROP DATABASE {name}")


@pytest.fixture
def empty_url(new_database: MakeUrl) -> str:
    """The URL of an empty database."""
    return new_database()


@pytest.fixture
def new_account(root: Connection) -> Iterator[Callable[[str, str], str]]:
    """Makes accounts without privileges: `new_account(url, name)` returns the URL with it."""
    made: list[str] = []

    def make(url: str, name: str) -> str:
        execute(root, f"DROP USER IF EXISTS '{name}'@'%'")
        execute(root, f"CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}'")
        made.append(name)
        return as_account(url, name)

    yield make
    for name in made:
        execute(root, f"DROP USER '{name}'@'%'")


@pytest.fixture
def nothing(root: Connection) -> Iterator[None]:
    """A server that knows nothing of the accounts and the database of the documents."""
    with untouched(root):
        yield
