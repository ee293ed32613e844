"""Real servers for every test that asks for one."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest
import redis
import servers
from testing import empty

from qtask_db import Connection, Database
from qtask_db.install import install

SQL_ENGINES = ("mysql", "mariadb")

# A shell's background job ignores Ctrl-C, and so would every process that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="append",
        choices=SQL_ENGINES,
        help="test on this engine only (may be repeated); all by default",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--engine") or SQL_ENGINES
        metafunc.parametrize("engine", chosen, scope="session")


@pytest.fixture(scope="session")
def database_server(engine: str) -> Iterator[servers.Server]:
    """A database server of the engine under test, shared by the whole run."""
    with servers.start(engine) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    """A Redis server, shared by the whole run."""
    with servers.start("redis") as server:
        yield server


@pytest.fixture(scope="session")
def installed_url(database_server: servers.Server) -> str:
    """The URL of a database that holds the schema."""
    install(database_server.url, {}, report=lambda _line: None)
    return database_server.url


@pytest.fixture(scope="session")
def shared(installed_url: str) -> Iterator[list[Connection]]:
    """One connection for all tests: to open one, with TLS, takes longer than most tests."""
    kept = [Database(installed_url).connect()]
    yield kept
    kept[0].close()


@pytest.fixture
def conn(installed_url: str, shared: list[Connection]) -> Connection:
    """A connection, in autocommit, to a database that holds the schema and no task."""
    if not shared[0].alive():
        shared[0] = Database(installed_url).connect()
    empty(shared[0])
    return shared[0]


@pytest.fixture
def database_url(installed_url: str, conn: Connection) -> str:  # noqa: ARG001 - it is emptied
    """The URL of that database."""
    return installed_url


@pytest.fixture
def connect(database_url: str) -> Iterator[Callable[..., Connection]]:
    """Opens more of them: `connect(autocommit=False)`."""
    opened: list[Connection] = []

    def connect(*, autocommit: bool = True) -> Connection:
        opened.append(Database(database_url).connect(autocommit=autocommit))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def redis_url(redis_server: servers.Server) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(name="redis")
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of it."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client
