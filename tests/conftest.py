"""Real servers for every test that asks for one."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
import servers
from certificates import Authority
from roles import RoleConnection, create_tester
from runs import chosen
from runs.surroundings import Surrounding
from servers.account import shared_folder
from servers.apt import is_debian
from testing import empty

from qtask_db import Connection, Database, database
from qtask_db.install import install

MYSQL_ENGINES = ("mysql", "mariadb")
SQL_ENGINES = (*MYSQL_ENGINES, "oracle")
FOLDERS = {
    "mysql": MYSQL_ENGINES,
    "endurance": MYSQL_ENGINES,
    "clients": MYSQL_ENGINES,
    "oracle": ("oracle",),
}
"""The tests in these folders, at any depth, are for these engines only."""
NOT_FLUSHED = ("--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0")
"""The system keeps what a killed server has written: only the machine's own end would lose it.
With a flush for each commit a run waits for the disk for half of its time.
"""
NO_ORACLE = pytest.mark.skip(
    f"no Oracle Database: name one in {servers.url.variable('oracle')} "
    "(oracle+oracledb://user:password@host:1521/?service_name=FREEPDB1, an account with the role "
    "DBA; it will be written to), or run with --engine oracle if a Docker daemon can pull "
    f"{servers.docker.IMAGES['oracle']}"
)

# A shell's background job ignores Ctrl-C, and one under nohup the end of the terminal, and so would
# every process that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="append",
        choices=SQL_ENGINES,
        help="test on this engine only (may be repeated); by default on mysql and mariadb, and on "
        f"oracle if {servers.url.variable('oracle')} names a server",
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
    parser.addoption(
        "--clients",
        action="store_true",
        help="also programs in other languages, whose tools are fetched into .cache",
    )
    chosen.add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    return chosen.run_rounds(config)


def pytest_configure(config: pytest.Config) -> None:
    chosen.configure(config)


def engines(config: pytest.Config) -> tuple[str, ...]:
    """Those that are tested."""
    named = servers.url.configured("oracle")
    return (
        tuple(config.getoption("--engine") or ())
        or chosen.engines(config)
        or (SQL_ENGINES if named else MYSQL_ENGINES)
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        folders = metafunc.definition.path.relative_to(Path(__file__).parent).parts
        wanted = next((FOLDERS[name] for name in folders if name in FOLDERS), SQL_ENGINES)
        some = [engine for engine in engines(metafunc.config) if engine in wanted]
        none = [pytest.param(wanted[0], marks=NO_ORACLE)]
        metafunc.parametrize("engine", some or none, scope="session")
    around = chosen.surroundings(metafunc.config)
    if around and "installed_url" in metafunc.fixturenames:
        names = [f"in:{one.name}" for one in around]
        metafunc.parametrize("surrounding", around, ids=names, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leaves out what is for other engines, but for the one test that says what is missing; and
    what the options ask nothing of.
    """
    tested = engines(config)
    around = bool(chosen.surroundings(config))

    def wanted(item: pytest.Item) -> bool:
        if chosen.unasked(config, item):
            return False
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        surrounding, engine = parameters.get("surrounding"), parameters.get("engine")
        if around:
            return surrounding is not None and engine in surrounding.engines
        return engine is None or engine in tested or item.path.name == "test_server.py"

    items[:] = filter(wanted, items)
    for item in items:
        surrounding = item.callspec.params.get("surrounding") if hasattr(item, "callspec") else None
        if surrounding is not None and (why := surrounding.why_not(item.name)):
            item.add_marker(pytest.mark.skip(f"not promised in {surrounding.name}: {why}"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from runs.side_by_side import Scheduling

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
def surrounding() -> Surrounding | None:
    """None of those of `--surroundings`."""
    return None


@pytest.fixture(scope="session")
def database_server(engine: str, surrounding: Surrounding | None) -> Iterator[servers.Server]:
    """A database server of the engine under test, shared by the whole run."""
    options = () if engine == "oracle" else NOT_FLUSHED
    if surrounding is not None:
        options = (*options, *surrounding.options)
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
    """The same; the test is skipped unless the server may be killed."""
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
def zookeeper_server() -> Iterator[servers.Server]:
    """A ZooKeeper, shared by the whole run."""
    try:
        server = servers.start("zookeeper")
    except servers.ServerError as error:
        if is_debian() or servers.url.configured("zookeeper"):
            raise
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def installed_url(
    database_server: servers.Server,
    surrounding: Surrounding | None,
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    """The URL of a database that holds the schema."""
    with ExitStack() as stack:
        url, kind = database_server.url, Connection
        if surrounding is None:
            install(url, {}, report=lambda _line: None)
        else:
            url = stack.enter_context(surrounding.schema(url))
        if request.config.getoption("--roles"):
            with Database(database_server.url).connect() as root:
                url, kind = create_tester(root, url), RoleConnection
        if surrounding is not None:
            kind = surrounding.connection(kind)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(database, "Connection", kind)
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
def authority() -> Iterator[Authority]:
    """A CA that is ours, in a folder that servers can read."""
    with shared_folder("tls") as folder:
        yield Authority(folder, "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that nobody has been told of."""
    return Authority(tmp_path_factory.mktemp("tls"), "theirs")
