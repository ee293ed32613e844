"""The servers package: which way is taken, what it says when none is open, and a real server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import redis
import servers
from servers import apt, base, binaries, docker, packages, url


class FakeServer(base.Server):
    def kill(self) -> None: ...

    def restart(self) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QTASK_SERVERS", raising=False)
    for engine in servers.ENGINES:
        monkeypatch.delenv(url.variable(engine), raising=False)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Which ways are closed, and why; the others give a server that names its way."""
    closed: dict[str, str] = {}

    def way(name: str) -> servers.Way:
        def start(engine: str, _options: Sequence[str], _log: base.Log) -> base.Server:
            if name in closed:
                raise servers.Unavailable(closed[name])
            return FakeServer(engine, "fake://", "1", name)

        return start

    monkeypatch.setattr(docker, "start", way("docker"))
    monkeypatch.setattr(servers, "_from_path", way("path"))
    monkeypatch.setattr(servers, "_from_packages", way("packages"))
    return closed


def quiet(_text: str) -> None: ...


def test_docker_is_asked_first_then_the_path_then_packages(ways: dict[str, str]) -> None:
    assert servers.start("mysql", log=quiet).source == "docker"
    ways["docker"] = "no daemon"
    assert servers.start("mysql", log=quiet).source == "path; not docker: no daemon"
    ways["path"] = "no mysqld"
    source = servers.start("mysql", log=quiet).source
    assert source == "packages; not docker: no daemon; not path: no mysqld"


def test_one_way_can_be_forced(ways: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTASK_SERVERS", "path")
    assert servers.start("redis", log=quiet).source == "path"
    ways["path"] = "no redis-server"
    with pytest.raises(servers.ServerError, match="path: no redis-server"):
        servers.start("redis", log=quiet)


def test_the_first_engine_that_can_be_had_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def start(engine: str, *, log: base.Log) -> base.Server:
        del log
        if engine == "redis":
            return FakeServer(engine, "fake://", "1", "path")
        raise servers.ServerError(f"{engine} is not here\nTried: ...")

    monkeypatch.setattr(servers, "start", start)
    assert servers.start_first(["mysql", "redis"], log=said.append).engine == "redis"
    assert said == ["no mysql: mysql is not here"]
    with pytest.raises(servers.ServerError, match=r"mysql is not here\n.*\nmariadb is not here"):
        servers.start_first(["mysql", "mariadb"], log=quiet)


def test_an_unknown_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTASK_SERVERS", "luck")
    with pytest.raises(servers.ServerError, match="choose from docker, path, packages"):
        servers.start("redis", log=quiet)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(servers.ServerError, match="choose from mysql, mariadb, redis, oracle"):
        servers.start("postgresql", log=quiet)


def test_the_error_says_what_was_tried_and_what_helps(ways: dict[str, str]) -> None:
    ways.update(docker="no daemon", path="no mariadbd", packages="no apt-get")
    with pytest.raises(servers.ServerError) as caught:
        servers.start("mariadb", log=quiet)
    text = str(caught.value)
    for part in ("docker: no daemon", "path: no mariadbd", "packages: no apt-get"):
        assert part in text
    assert "mariadb-server-core" in text
    assert "QTASK_TEST_MARIADB_URL" in text


def test_a_url_goes_before_everything(
    ways: dict[str, str], redis_server: base.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    del ways
    monkeypatch.setenv("QTASK_TEST_REDIS_URL", redis_server.url)
    server = servers.start("redis", log=quiet)
    assert server.version == redis_server.version
    assert server.source == "named by QTASK_TEST_REDIS_URL"
    with pytest.raises(servers.ServerError, match="cannot be killed from here"):
        server.kill()
    with pytest.raises(servers.ServerError, match="cannot be restarted from here"):
        server.restart()
    server.stop()
    assert url.version_at("redis", redis_server.url)


def test_a_url_where_nothing_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTASK_TEST_MYSQL_URL", f"mysql://root@127.0.0.1:{base.free_port()}/x")
    with pytest.raises(servers.ServerError, match=r"at 127\.0\.0\.1 does not answer"):
        servers.start("mysql", log=quiet)


def fake_program(folder: Path, name: str, prints: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{prints}'\n")
    program.chmod(0o755)


def test_a_mysqld_that_is_mariadb_is_not_taken_for_mysql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_program(tmp_path, "mysqld", "mysqld  Ver 10.11.6-MariaDB for Linux")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", ())
    with pytest.raises(servers.Unavailable, match="no mysqld of mysql on the PATH"):
        binaries.on_path("mysql")
    monkeypatch.setattr(binaries, "NAMES", {"mariadb": ("mysqld",)})
    assert binaries.on_path("mariadb").version == "10.11.6-MariaDB"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", "9.7.4-2"),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "7.0.15"),
    ],
)
def test_version_numbers_are_read(text: str, version: str) -> None:
    assert binaries.version_number(text) == version


def test_without_apt_packages_are_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTASK_CACHE", str(tmp_path))
    monkeypatch.setattr("servers.apt.shutil.which", lambda _name: None)
    with pytest.raises(servers.Unavailable, match="no apt-get"):
        packages.unpacked("redis", quiet)
    assert not (tmp_path / "packages" / "redis").exists()


def test_packages_that_nobody_has_signed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the machine allows."""
    if shutil.which("apt-get") is None:
        pytest.skip("apt-get is not here: only a Debian or Ubuntu has it")
    allowing = tmp_path / "allowing"
    allowing.write_text(
        'APT::Get::AllowUnauthenticated "true";\nAcquire::AllowInsecureRepositories "true";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(allowing))
    release = tmp_path / "mirror" / "dists" / "sid" / "Release"
    release.parent.mkdir(parents=True)
    release.write_text("Suite: sid\nCodename: sid\nComponents: main\nArchitectures: amd64\n")
    monkeypatch.setattr(apt.Apt, "_mirrors", lambda _self: [f"file:{tmp_path}/mirror/"])
    with pytest.raises(servers.Unavailable, match="not signed"):
        apt.Apt(tmp_path / "apt", "sid").update()


def test_a_killed_server_returns_with_its_data_and_a_stopped_one_leaves_nothing() -> None:
    server = servers.start("redis", log=quiet)
    client = redis.Redis.from_url(server.url, socket_timeout=5)
    client.set("kept", "yes")
    server.kill()
    with pytest.raises(redis.ConnectionError):
        client.get("kept")
    server.restart()
    assert client.get("kept") == b"yes"
    server.restart()
    assert client.get("kept") == b"yes"
    server.stop()
    server.stop()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    with pytest.raises(servers.ServerError, match="was stopped"):
        server.restart()


def test_options_reach_the_server() -> None:
    with servers.start("redis", options=["--maxmemory", "12mb"], log=quiet) as server:
        client = redis.Redis.from_url(server.url, socket_timeout=5)
        assert client.config_get("maxmemory") == {"maxmemory": str(12 * 1024 * 1024)}


def test_a_server_that_does_not_start_shows_its_log() -> None:
    with pytest.raises(servers.ServerError, match="nonsense"):
        servers.start("redis", options=["--nonsense", "1"], log=quiet)


def test_nothing_is_left_when_the_process_that_started_it_is_killed() -> None:
    code = (
        "import time, servers; servers.docker.start = servers._from_path\n"
        "server = servers.start('redis', log=lambda text: None)\n"
        "print(server.pid, server.folder, flush=True); time.sleep(60)"
    )
    scripts = str(Path(servers.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": scripts},
    ) as starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        assert Path(folder).exists()
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while Path(folder).exists() or Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"server {pid} or its folder {folder} is still there"
        time.sleep(0.05)
