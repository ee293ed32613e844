"""Real servers for every test that asks for one."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
import redis
import servers
from certificates import Authority
from roles import RoleConnection, create_tester
from testing import empty

from qtask_db import Connection, Database, database
from qtask_db.install import install

MYSQL_ENGINES = ("mysql", "mariadb")
SQL_ENGINES = (*MYSQL_ENGINES, "oracle")
FOLDERS = {"mysql": MYSQL_ENGINES, "chaos": MYSQL_ENGINES, "oracle": ("oracle",)}
"""The tests of these folders are for these engines only."""
NOT_FLUSHED = ("--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0")
"""What a killed server has written, the system still has: only the machine's own end would lose it.
With a flush for each commit a run waits for the disk for half of its time.
"""
NO_ORACLE = pytest.mark.skip(
    f"no Oracle Database: name one in {servers.url.variable('oracle')} "
    "(oracle+oracledb://user:password@host:1521/?service_name=FREEPDB1, an account with the role "
    "DBA; it will be written to), or run with --engine oracle where a Docker daemon can pull "
    f"{servers.docker.IMAGES['oracle']}"
)

# A shell's background job ignores Ctrl-C, and so would every process that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="append",
        choices=SQL_ENGINES,
        help="test on this engine only (may be repeated); by default on mysql and mariadb, and on "
        f"oracle where {servers.url.variable('oracle')} names a server",
    )
    parser.addoption(
        "--roles",
        action="store_true",
        help="make each call with the rights of one role alone, for tests/contract; scripts/test "
        "without arguments does so on MySQL with the tests of single verbs",
    )
    parser.addoption(
        "--cluster", action="store_true", help="also the tests on groups of database servers"
    )


def engines(config: pytest.Config) -> tuple[str, ...]:
    """Those that are tested."""
    named = servers.url.configured("oracle")
    return tuple(config.getoption("--engine") or (SQL_ENGINES if named else MYSQL_ENGINES))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        wanted = FOLDERS.get(metafunc.definition.path.parent.name, SQL_ENGINES)
        chosen = [engine for engine in engines(metafunc.config) if engine in wanted]
        none = [pytest.param(wanted[0], marks=NO_ORACLE)]
        metafunc.parametrize("engine", chosen or none, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leaves out what is for other engines, but for the one test that says what is missing."""
    tested = engines(config)
    items[:] = [
        item
        for item in items
        if not (isinstance(item, pytest.Function) and "engine" in item.fixturenames)
        or item.callspec.params["engine"] in tested
        or item.path.name == "test_server.py"
    ]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from side_by_side import Scheduling

    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hostile texts must not end the run: reports go from process to process as UTF-8."""
    report = yield
    report.sections = [(_readable(name), _readable(text)) for name, text in report.sections]
    if report.longrepr is not None and _readable(report.longreprtext) != report.longreprtext:
        report.longrepr = _readable(report.longreprtext)
    return report


def _readable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


@pytest.fixture(scope="session")
def database_server(engine: str) -> Iterator[servers.Server]:
    """A database server of the engine under test, shared by the whole run."""
    options = () if engine == "oracle" else NOT_FLUSHED
    try:
        server = servers.start(engine, options=options)
    except servers.ServerError as error:
        if engine != "oracle" or servers.url.configured(engine) or servers.docker.required():
            raise
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture
def mortal_server(database_server: servers.Server) -> servers.Server:
    """The same, where it may be killed."""
    if servers.url.configured(database_server.engine):
        variable = servers.url.variable(database_server.engine)
        pytest.skip(f"the server of {variable} is not ours to kill: unset it, and have Docker")
    return database_server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    """A Redis server, shared by the whole run."""
    with servers.start("redis") as server:
        yield server


@pytest.fixture(scope="session")
def installed_url(database_server: servers.Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that holds the schema."""
    install(database_server.url, {}, report=lambda _line: None)
    if not request.config.getoption("--roles"):
        yield database_server.url
        return
    with Database(database_server.url).connect() as root:
        url = create_tester(root, database_server.url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "Connection", RoleConnection)
        yield url


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


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that is ours."""
    return Authority(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that nobody has been told of."""
    return Authority(tmp_path_factory.mktemp("tls"), "theirs")
