"""Servers in containers, through testcontainers."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pymysql
import pytest
import redis
import servers

pytestmark = pytest.mark.containers


@pytest.fixture
def container(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    engine: str = request.param
    try:
        server = servers.docker.start(engine, (), print)
    except servers.Unavailable as reason:
        if servers.docker.required():
            raise
        pytest.skip(f"{reason}; start a Docker daemon to run this test")
    with server:
        yield server


def connect(server: servers.Server) -> pymysql.Connection:
    parts = urlsplit(server.url)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 0,
        user=parts.username,
        password=parts.password or "",
        database=parts.path.strip("/"),
        autocommit=True,
    )


@pytest.mark.parametrize("container", ["mysql"], indirect=True)
def test_a_killed_mysql_container_returns_with_what_was_committed(
    container: servers.Server,
) -> None:
    with connect(container) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO kept VALUES (7)")
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog")
        assert cursor.fetchone() == (1, 1)
    container.kill()
    with pytest.raises(pymysql.OperationalError):
        connect(container)
    container.restart()
    with connect(container) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM kept")
        assert cursor.fetchall() == ((7,),)


@pytest.mark.parametrize("container", ["redis"], indirect=True)
def test_a_killed_redis_container_returns_with_what_was_acknowledged(
    container: servers.Server,
) -> None:
    client = redis.Redis.from_url(container.url, socket_timeout=5)
    client.set("kept", "yes")
    container.kill()
    with pytest.raises(redis.RedisError):
        client.get("kept")
    container.restart()
    assert client.get("kept") == b"yes"


@pytest.mark.parametrize("container", ["mysql", "redis"], indirect=True)
def test_a_container_gives_nobody_anything(container: servers.Server) -> None:
    """Its password is on no command line and in no environment, its port is for this machine."""
    assert isinstance(container, servers.docker.DockerServer)
    password = urlsplit(container.url).password
    assert password
    wrapped = container.container.get_wrapped_container()
    wrapped.reload()
    assert password not in str(wrapped.attrs)
    assert password not in str(wrapped.logs())
    assert password not in str(wrapped.top(ps_args="-eo pid,user,args"))
    places = [place for port in wrapped.ports.values() for place in port or ()]
    if places and urlsplit(container.url).hostname == "127.0.0.1":
        assert {place["HostIp"] for place in places} == {"127.0.0.1"}
    stranger = urlsplit(container.url)
    if container.engine == "redis":
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(host=stranger.hostname or "", port=stranger.port or 0).ping()
    else:
        with connect(container) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT LOAD_FILE('/etc/passwd')")
            assert cursor.fetchone() == (None,)


@pytest.mark.parametrize("container", ["mysql", "redis"], indirect=True)
def test_the_images_made_here_run_nothing_as_root(container: servers.Server) -> None:
    assert isinstance(container, servers.docker.DockerServer)
    wrapped = container.container.get_wrapped_container()
    if not wrapped.attrs["Config"]["Image"].endswith(":local"):
        pytest.skip(
            "the image is not one that is made here: export what this prints: "
            "PYTHONPATH=tests/support .venv/bin/python -m images mysql redis"
        )
    found = wrapped.top(ps_args="-eo pid,uid")
    assert found["Processes"]
    assert all(uid != "0" for _, uid in found["Processes"])
