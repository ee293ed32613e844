"""A URL with several hosts leads to the one that takes writes; on a real group in tests/cluster."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pymysql
import pytest
from servers.base import free_port
from testing import as_account, execute

from qtask_db import Client, Connection, Database, calls
from qtask_db.errors import AccessDenied, DatabaseUnavailable
from qtask_db.install import install


def with_hosts(url: str, *hosts: str) -> str:
    parts = urlsplit(url)
    login, _, own = parts.netloc.rpartition("@")
    named = ",".join(own if host == "own" else host for host in hosts)
    return parts._replace(netloc=f"{login}@{named}").geturl()


def dead() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def read_only(conn: Connection) -> Iterator[None]:
    """The server is one of those that take no writes."""
    execute(conn, "SET GLOBAL read_only = 1")
    yield
    execute(conn, "SET GLOBAL read_only = 0")


def test_a_host_that_is_away_is_passed_over(database_url: str) -> None:
    with Database(with_hosts(database_url, dead(), "own", dead())).connect() as conn:
        assert calls.next_due(conn) is None


def test_a_host_that_hangs_is_passed_over(database_url: str) -> None:
    """Its system takes connections, and nobody says a word: `connect_timeout` ends that, too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = f"127.0.0.1:{silent.getsockname()[1]}"
        url = with_hosts(database_url, hung, "own")
        began = time.monotonic()
        with Database(url + "?connect_timeout=2&read_timeout=90").connect() as conn:
            assert time.monotonic() - began < 45
            execute(conn, "DO SLEEP(2.2)")  # an answer may take longer


def test_all_are_away(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"no host takes writes: .*2003.*2003"):
        Database(with_hosts(database_url, dead(), dead())).connect()


@pytest.mark.usefixtures("read_only")
def test_one_that_is_read_only_is_passed_over(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"2003.*127\.0\.0\.1 is read-only"):
        Database(with_hosts(database_url, dead(), "own")).connect()
    Database(database_url).connect().close()  # the only one is what was asked for


def test_a_wrong_password_is_told_at_once(database_url: str) -> None:
    wrong = as_account(with_hosts(database_url, "own", "own"), "root", "wrong")
    with pytest.raises(AccessDenied):
        Database(wrong).connect()


def test_it_can_be_installed_through(database_url: str) -> None:
    said: list[str] = []
    install(with_hosts(database_url, dead(), "own"), {}, report=said.append)
    assert str(urlsplit(database_url).password) not in said[-1]


@pytest.mark.parametrize("error", [DatabaseUnavailable("x"), pymysql.OperationalError(1290, "x")])
def test_a_client_keeps_no_connection_that_takes_no_writes(
    database_url: str, error: Exception
) -> None:
    with Client(database_url) as client:
        with client.transaction() as tx:
            first = tx.raw
        with client.transaction() as tx:
            assert tx.raw is first
        with pytest.raises(type(error)), client.transaction() as tx:
            raise error
        with client.transaction() as tx:
            assert tx.raw is not first
