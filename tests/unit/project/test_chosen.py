"""The choices of `--servers` and `--surroundings`, and their refusals."""

from __future__ import annotations

import multiprocessing
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import servers
from chaos.proxy import Proxy
from runs.surroundings import Surrounding
from servers import base, binaries, packages, releases
from testing import query

from qtask_db import Connection, Database

ROOT = Path(__file__).parents[3]
ONE_VERB = "tests/contract/operating/test_cancel_task.py"


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(releases.VARIABLE, raising=False)
    for engine in servers.ENGINES:
        monkeypatch.delenv(servers.url.variable(engine), raising=False)


def collected(*arguments: str) -> tuple[int, str]:
    """The exit code of a run that only collects, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("mariadb", "choose from mariadb-10.11, mariadb-11.8"),
        ("valkey-7", "choose from valkey-8.1, valkey-9.1"),
        ("luck", "choose from docker, path, packages, mysql-9.7"),
        ("redis-7.0,valkey-9.1", "redis-7.0 and valkey-9.1 are both for redis"),
        ("docker,path", "choose one of docker, path, packages"),
    ],
)
def test_servers_that_cannot_be(named: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(releases.VARIABLE, named)
    with pytest.raises(servers.ServerError, match=re.escape(said)):
        servers.start("mariadb")


def test_the_rounds_meet_every_release_once() -> None:
    rounds = [releases.named([names]) for names in releases.rounds()]
    met = sorted(release.name for one in rounds for release in one.values())
    assert met == sorted(releases.RELEASES)


def test_a_release_is_taken_from_its_package_and_from_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(releases.VARIABLE, "path,valkey-9.1")
    with pytest.raises(servers.Unavailable, match=r"valkey-9\.1 is asked for"):
        binaries.on_path("redis")
    found = packages.unpacked("redis", lambda _text: None)
    assert (Path(found.program).name, found.version[:4]) == ("valkey-server", "9.1.")
    with servers.start("redis", log=lambda _text: None) as server:
        assert server.version.startswith("9.1.")
    monkeypatch.setenv(servers.url.variable("redis"), "redis://127.0.0.1:1/0")
    with pytest.raises(servers.ServerError, match="unset QTASK_TEST_REDIS_URL"):
        servers.start("redis")


def test_a_suite_that_has_moved_on_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTASK_CACHE", str(tmp_path))
    monkeypatch.setenv(releases.VARIABLE, "valkey-9.1")
    moved = binaries.Program("redis", "valkey-server", "9.10.1", package="valkey-server 9.10.1-1")
    monkeypatch.setattr(packages.Apt, "update", lambda _self: None)
    monkeypatch.setattr(packages.Apt, "download", lambda _self, name: [Path(f"{name}_9.10.1-1_x")])
    monkeypatch.setattr(packages, "unpack", lambda _archives, folder: folder.mkdir())
    monkeypatch.setattr(packages, "_program", lambda _engine, _folder: moved)
    with pytest.raises(servers.Unavailable, match=r"sid has valkey-server 9\.10\.1-1 now"):
        packages.unpacked("redis", lambda _text: None)
    assert not (tmp_path / "packages" / "valkey-9.1").exists()


def test_a_release_of_debian_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTASK_CACHE", str(tmp_path))
    monkeypatch.setenv(releases.VARIABLE, "mariadb-11.8")
    monkeypatch.setattr(packages, "is_debian", lambda: False)
    with pytest.raises(base.Unavailable, match="in Debian's trixie: this is not Debian"):
        packages.unpacked("mariadb", lambda _text: None)


def test_a_database_that_is_named_leaves_the_others_out() -> None:
    code, text = collected("--servers", "mariadb-11.8", ONE_VERB)
    assert code == 0
    assert "[mariadb" in text
    assert "[mysql" not in text


def test_a_zookeeper_alone_leaves_out_what_has_none() -> None:
    code, text = collected("--servers", "zookeeper-3.9", ONE_VERB, "tests/integration")
    assert code == 0
    assert "test_zookeeper" in text
    assert "test_cli_registry" in text
    assert "test_cancel_task" not in text
    assert "test_relay" not in text


def test_a_redis_alone_leaves_out_what_has_none() -> None:
    code, text = collected("--servers", "valkey-9.1", "tests/contract")
    assert code == 0
    assert "TestClient" in text
    assert "test_cancel_task" not in text


def test_a_surrounding_is_seen_in_the_name_of_a_test() -> None:
    code, text = collected("--surroundings", "uca1400,chain", ONE_VERB, "tests/parity")
    assert code == 0
    for known in ("mysql-in:chain", "mariadb-in:chain", "mariadb-in:uca1400"):
        assert known in text
    assert "mysql-in:uca1400" not in text
    assert "tests/parity" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--servers=mariadb",), "--servers: .*choose from mariadb-10.11"),
        (("--surroundings=paradise",), "has 'paradise': choose from all, latin1"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], said: str) -> None:
    code, text = collected(*arguments, ONE_VERB)
    assert code != 0
    assert re.search(said, text)


def test_a_server_of_a_url_has_no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(servers.url.variable("mysql"), "mysql://root@127.0.0.1:1/x")
    code, text = collected("--surroundings=chain", ONE_VERB)
    assert code != 0
    assert "--surroundings starts servers of its own: unset QTASK_TEST_MYSQL_URL" in text


def test_variables_hold_for_calls_alone(installed_url: str) -> None:
    around = Surrounding("narrow", session={"group_concat_max_len": "77"})
    seen: list[int] = []

    class Watching(Connection):
        def call(self, *_arguments: object, **_options: object) -> None:
            seen.append(query(self, "SELECT @@group_concat_max_len")[0][0])

    with Database(installed_url).connect() as plain:
        conn = around.connection(Watching)(plain.raw, plain.dialect, plain.prefix)
        conn.call("any")
        assert query(conn, "SELECT @@group_concat_max_len")[0][0] != 77
    assert seen == [77]


def test_a_firewall_drops_what_is_silent() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        proxy = Proxy(multiprocessing.get_context("spawn"), server.getsockname()[:2])
        stack.callback(proxy.stop)
        proxy.end_silence(0.6)

        def pair() -> tuple[socket.socket, socket.socket]:
            client = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
            return stack.enter_context(client), stack.enter_context(server.accept()[0])

        silent, (busy, other) = pair()[0], pair()
        for _ in range(20):
            busy.sendall(b"x")
            assert other.recv(1) == b"x"
            time.sleep(0.1)
        with pytest.raises(ConnectionResetError):
            silent.recv(1)
