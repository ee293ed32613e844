"""A registry in a real ZooKeeper: what is read there, and each way in which it can be wrong."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Iterator

import pytest
import servers
from kazoo.security import make_digest_acl
from platforms import Platform, new_platform
from servers.process import paused

from qtask_db import Database
from qtask_db.errors import ConfigurationError, DatabaseUnavailable
from qtask_db.urls import mask

MYSQL = {"provider": "mysql", "connString": "mrss:s3c@ret@tcp(db1)/mrss", "注释": "订单库"}
URL = "mysql://mrss:s3c%40ret@db1/mrss"


@pytest.fixture
def platform(zookeeper_server: servers.Server) -> Iterator[Platform]:
    with new_platform(zookeeper_server) as platform:
        yield platform


def test_a_platform(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a thread nor a word in the log is left of it."""
    platform.write("db/db", MYSQL)
    platform.write("db/utf8", '{"provider": "mysql", "connString": "/订"}'.encode())
    platform.write("queue/queue", {"proto": "redis", "addrs": ["cache:6379"], "password": "p/w"})
    caplog.set_level(logging.DEBUG)
    before = threading.enumerate()
    database = Database(platform.url)
    assert (database.url, database.redis_url) == (URL, "redis://:p%2Fw@cache:6379/0")
    assert Database(f"{platform.url}/utf8/absent").url == "mysql:///%E8%AE%A2"
    assert Database(f"{platform.url}/utf8/absent").redis_url is None
    assert threading.enumerate() == before
    assert caplog.text == ""


def test_nodes_that_are_not_there(platform: Platform) -> None:
    for url, path in (
        (f"{platform.server}/absent", "/absent/var/db/db"),
        (f"{platform.url}/mdb", f"/{platform.name}/var/db/mdb"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            Database(url)
        assert str(caught.value) == (
            f"the registry {mask(url)} has no node {path}: check the platform and the name of the "
            "database in the URL"
        )


def test_a_node_for_one_user_alone(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    platform.write("db/db", MYSQL, acl=[make_digest_acl("reader", "s3c/ret", read=True)])
    caplog.set_level(logging.DEBUG)
    path = f"/{platform.name}"
    assert Database(f"zk://reader:s3c%2Fret@{platform.hosts}{path}").url == URL
    for login, who in (("", "everybody"), ("reader:Hush@", "the user reader")):
        with pytest.raises(ConfigurationError) as caught:
            Database(f"zk://{login}{platform.hosts}{path}")
        assert f"does not let {who} read the node {path}/var/db/db" in str(caught.value)
        assert "Hush" not in str(caught.value) + caplog.text


def test_the_first_of_several_hosts_is_away(platform: Platform) -> None:
    platform.write("db/db", MYSQL)
    away = servers.base.free_port()
    for hosts in (f"127.0.0.1:{away},{platform.hosts}", f"{platform.hosts},127.0.0.1:{away}"):
        assert Database(f"zk://{platform.login}@{hosts}/{platform.name}").url == URL


def test_nobody_is_there() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"has not answered within 0\.2 s"):
        Database(f"zk://127.0.0.1:{servers.base.free_port()}/mall?timeout=0.2")


def test_a_host_that_has_no_address() -> None:
    with pytest.raises(DatabaseUnavailable, match="has not answered"):
        Database("zk://absent.invalid/mall?timeout=0.2")


def test_a_server_that_hangs_or_is_killed(
    platform: Platform, zookeeper_server: servers.Server
) -> None:
    if servers.url.configured("zookeeper"):
        pytest.skip("unset QTASK_TEST_ZOOKEEPER_URL: its server is not ours to kill")
    platform.write("db/db", MYSQL)
    with paused(zookeeper_server), pytest.raises(DatabaseUnavailable):
        Database(f"{platform.url}?timeout=0.5")
    zookeeper_server.kill()
    try:
        with pytest.raises(DatabaseUnavailable):
            Database(f"{platform.url}?timeout=0.2")
    finally:
        zookeeper_server.restart()
    assert Database(platform.url).url == URL


@pytest.mark.parametrize(
    ("module", "node", "words"),
    [
        ("kazoo.client", MYSQL, "the client for ZooKeeper is missing"),
        (
            "cryptography.hazmat.decrepit.ciphers.algorithms",
            b"encrypt:cbc/pkcs5:00",
            "is encrypted, and the package for that is missing",
        ),
    ],
)
def test_the_extra_is_missing(
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    node: bytes | dict[str, str],
    words: str,
) -> None:
    platform.write("db/db", node)
    monkeypatch.setitem(sys.modules, module, None)
    wanted = re.escape("pip install 'qtask-db[registry]'")
    with pytest.raises(ConfigurationError, match=f"{words}: {wanted}"):
        Database(platform.url)
