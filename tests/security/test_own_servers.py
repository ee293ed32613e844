"""The servers that this project starts give nothing to other users of the machine."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import other_user
import pymysql
import pytest
import redis
import servers
from servers import mysqld
from servers.base import cache_folder
from servers.process import ProcessServer
from testing import query

from qtask_db import Connection, Database

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
LISTENS = "0A"
LOOPBACK = "0100007F"


def _own(server: servers.Server) -> ProcessServer:
    if not isinstance(server, ProcessServer):
        pytest.skip(f"no process of this machine: {server.source}")
    return server


@pytest.fixture
def database(database_server: servers.Server) -> ProcessServer:
    return _own(database_server)


@pytest.fixture(params=["database", "redis"])
def server(
    request: pytest.FixtureRequest, database_server: servers.Server, redis_server: servers.Server
) -> ProcessServer:
    return _own(redis_server if request.param == "redis" else database_server)


@pytest.fixture
def root(database: ProcessServer) -> Iterator[Connection]:
    with Database(database.url).connect() as conn:
        yield conn


@needs_root
def test_nobody_enters_the_database(database: ProcessServer) -> None:
    sockets = list(database.folder.rglob("*.sock"))
    assert sockets
    port = urlsplit(database.url).port
    assert other_user.does(other_user.databases_entered, port, sockets) == []


@needs_root
def test_nobody_enters_redis(redis_server: servers.Server) -> None:
    port = urlsplit(_own(redis_server).url).port
    assert other_user.does(other_user.redis_entered, port) == []


@needs_root
def test_no_file_can_be_opened(server: ProcessServer) -> None:
    files = list(server.folder.rglob("*"))
    assert len(files) > 3
    assert other_user.does(other_user.opened, server.folder, *files) == []


@needs_root
def test_processes_tell_no_password(server: ProcessServer) -> None:
    password = urlsplit(server.url).password
    assert password
    assert password not in repr(server)
    told = other_user.does(other_user.told, server.pid)
    assert server.folder.name in told
    assert password not in told


def test_the_servers_user_is_nobodys(server: ProcessServer) -> None:
    status = Path(f"/proc/{server.pid}/status").read_text()
    lines = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    numbers = set(map(int, lines["Uid"].split()))
    if os.geteuid() != 0:
        assert numbers == {os.geteuid()}
        return
    assert 0 not in numbers
    assert 0 not in set(map(int, lines["Gid"].split()))
    assert lines["Groups"].strip() == ""
    assert int(lines["CapEff"], 16) == int(lines["CapPrm"], 16) == 0
    assert os.environ.keys() > {name for name in _environment(server) if name != "TZ"}
    assert not any("QTASK" in name or "SECRET" in name for name in _environment(server))


def _environment(server: ProcessServer) -> list[str]:
    text = Path(f"/proc/{server.pid}/environ").read_text()
    return [entry.partition("=")[0] for entry in text.split("\0") if entry]


def test_only_loopback_listens(server: ProcessServer) -> None:
    held = set()
    for handle in Path(f"/proc/{server.pid}/fd").iterdir():
        with suppress(OSError):
            held.add(str(handle.readlink()))
    places = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, place, _, state, *rest = line.split()
            if state == LISTENS and f"socket:[{rest[5]}]" in held:
                places.append(place.partition(":"))
    port = urlsplit(server.url).port
    assert [(address, int(number, 16)) for address, _, number in places] == [(LOOPBACK, port)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT LOAD_FILE('{file}')",
        "SELECT LOAD_FILE('{there}')",
        "SELECT 1 INTO OUTFILE '{new}'",
        "SELECT 1 INTO DUMPFILE '{inside}/new'",
        "LOAD DATA INFILE '{file}' INTO TABLE mysql.plugin",
        "LOAD DATA LOCAL INFILE '{file}' INTO TABLE mysql.plugin",
    ],
)
def test_sql_reaches_no_files(
    statement: str, root: Connection, database: ProcessServer, tmp_path: Path
) -> None:
    """Even with all rights on the server."""
    places = {
        "file": "/etc/passwd",
        "there": database.folder / "data" / "auto.cnf",
        "new": tmp_path / "new",
        "inside": database.folder / "no-files",
    }
    try:
        found = query(root, statement.format(**places))
    except pymysql.MySQLError:
        found = [(None,)]
    assert found == [(None,)]
    assert not list(tmp_path.iterdir())
    assert not list(database.folder.glob("no-files/*"))


def test_the_administrator_is_the_only_one_and_comes_from_this_machine(root: Connection) -> None:
    accounts = query(root, "SELECT user, host FROM mysql.user WHERE user IN ('root', 'mysql', '')")
    assert accounts == [("root", "127.0.0.1")]


def test_redis_loads_no_modules_and_writes_nowhere_else(redis_server: servers.Server) -> None:
    """Even with the password, on a Redis that knows how (7.0 and later)."""
    with redis.Redis.from_url(_own(redis_server).url) as client:
        for command in (
            ("CONFIG", "SET", "dir", "/tmp"),  # noqa: S108 - it must be refused
            ("CONFIG", "SET", "dbfilename", "authorized_keys"),
            ("MODULE", "LOAD", "/etc/passwd"),
            ("DEBUG", "RELOAD"),
        ):
            with pytest.raises(redis.RedisError):
                client.execute_command(*command)


@pytest.mark.usefixtures("database")
def test_what_is_kept_for_later_lets_nobody_in(engine: str) -> None:
    """Data folders are copied for each start: nobody can enter before it has its own password."""
    assert "IDENTIFIED" not in mysqld.ACCOUNT
    assert "LOCK" in mysqld.ACCOUNT
    kept = [path for path in (cache_folder() / "data").glob(f"{engine}-*") if path.is_dir()]
    newest = max(kept, key=lambda path: path.stat().st_mtime)
    assert not newest.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


@needs_root
def test_a_checkout_that_is_closed_to_others_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = cache_folder() / "packages" / "redis"
    if not packages.exists():
        pytest.skip("Redis is not of the distribution's packages: QTASK_SERVERS=packages")
    closed = tmp_path / "closed"
    (closed / "packages").mkdir(parents=True, mode=0o700)
    copied = subprocess.run(["cp", "-al", packages, closed / "packages"], check=False)
    if copied.returncode:
        shutil.copytree(packages, closed / "packages" / "redis", symlinks=True)
    monkeypatch.setattr(tempfile, "tempdir", str(closed))
    monkeypatch.setenv("QTASK_CACHE", str(closed))
    monkeypatch.setenv("QTASK_SERVERS", "packages")
    with servers.start("redis", log=lambda _: None) as server:
        assert isinstance(server, ProcessServer)
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    assert not server.folder.exists()
