"""Redis URLs: what they become, and that a wrong one says so without its password."""

from __future__ import annotations

import pytest
import redis
from redis.sentinel import SentinelConnectionPool

from qtask_db.errors import ConfigurationError
from qtask_db.transport.url import check_url, connect


def settings(url: str) -> dict[str, object]:
    client = connect(url)
    assert isinstance(client, redis.Redis)
    return client.connection_pool.connection_kwargs


def test_a_server() -> None:
    found = settings("redis://user:p%40ss@example.org:6380/3")
    assert (found["host"], found["port"], found["db"]) == ("example.org", 6380, 3)
    assert (found["username"], found["password"]) == ("user", "p@ss")


@pytest.mark.parametrize(
    "url",
    ["redis://h", "rediss://h", "unix:///tmp/s", "redis+sentinel://h/s", "rediss+sentinel://h/s"],
)
def test_retries_and_timeouts_are_set(url: str) -> None:
    found = settings(url)
    assert found["retry"].get_retries() >= 1  # type: ignore[attr-defined]
    assert found["socket_timeout"] == 5.0
    assert found["health_check_interval"] == 30


def test_the_url_overrides_them() -> None:
    found = settings("redis://h?socket_timeout=7&health_check_interval=0&protocol=3")
    assert (found["socket_timeout"], found["health_check_interval"]) == (7.0, 0)
    assert found["protocol"] == 3


def test_tls() -> None:
    client = connect("rediss://h?ssl_ca_certs=/ca.pem")
    assert client.connection_pool.connection_class is redis.SSLConnection
    assert client.connection_pool.connection_kwargs["ssl_ca_certs"] == "/ca.pem"


@pytest.mark.parametrize(("scheme", "tls"), [("redis", False), ("rediss", True)])
def test_sentinel(scheme: str, tls: bool) -> None:
    client = connect(
        f"{scheme}+sentinel://user:p%40ss@one:1,[::1]:2,three/my%20service/4"
        f"?sentinel_username=guard&sentinel_password=secret{'&ssl_ca_certs=/ca.pem' * tls}"
    )
    pool = client.connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert pool.service_name == "my service"
    found = pool.connection_kwargs
    assert (found["db"], found["username"], found["password"]) == (4, "user", "p@ss")
    assert issubclass(pool.connection_class, redis.SSLConnection) is tls
    guards = [guard.connection_pool for guard in pool.sentinel_manager.sentinels]
    addresses = [(g.connection_kwargs["host"], g.connection_kwargs["port"]) for g in guards]
    assert addresses == [("one", 1), ("::1", 2), ("three", 26379)]
    for guard in guards:
        assert guard.connection_kwargs["username"] == "guard"
        assert guard.connection_kwargs["password"] == "secret"
        assert issubclass(guard.connection_class, redis.SSLConnection) is tls


SERVERS = ("redis://h", "rediss://h", "unix:///s", "redis+sentinel://h/s", "rediss+sentinel://h/s")
CLUSTERS = ("redis+cluster://127.0.0.1:1", "rediss+cluster://127.0.0.1:1")


@pytest.mark.parametrize(
    ("option", "mode"),
    [
        (prefix + name, name.lower())
        for prefix in ("CERT_", "", "ssl.CERT_")
        for name in ("NONE", "none", "OPTIONAL", "REQUIRED")
    ],
)
@pytest.mark.parametrize("server", SERVERS[1::3])
def test_certificates_as_guides_for_celery_write_them(server: str, option: str, mode: str) -> None:
    client = connect(f"{server}?ssl_cert_reqs={option}")
    assert client.connection_pool.connection_kwargs["ssl_cert_reqs"] == mode
    pool = client.connection_pool
    made = redis.SSLConnection(ssl_cert_reqs=pool.connection_kwargs["ssl_cert_reqs"])
    assert made.check_hostname is (mode != "none")


@pytest.mark.parametrize(
    "option",
    [
        "ssl_cert_reqs=no", "ssl_cert_reqs=CERT_", "ssl_min_version=x", "protocol=4", "protocol=x",
        "socket_timeout=0", "socket_timeout=-1", "socket_timeout=nan", "socket_connect_timeout=0",
        "socket_keepalive_options=x", "socket_type=x", "max_connections=0", "max_connections=-1",
        "retry=3", "retry_on_error=x", "credential_provider=x", "parser_class=x",
        "redis_connect_func=x", "command_packer=x", "event_dispatcher=x",
        "maint_notifications_config=x", "encoding=latin1", "decode_responses=perhaps",
        "visibility_timeout=3600", "timeout=20", "family=6", "tls=true", "virtual_host=1",
        "nope=1", "db=x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("server", SERVERS + CLUSTERS)
def test_an_option_that_cannot_be_meant_is_refused(server: str, option: str) -> None:
    with pytest.raises(ConfigurationError, match="Redis URL"):
        check_url(f"{server}?{option}")


def test_decode_responses_is_read_as_a_switch() -> None:
    assert settings("redis://h?decode_responses=False")["decode_responses"] is False


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "unknown scheme ''"),
        ("localhost:6379", "unknown scheme"),
        ("http://:s3cret@h", "unknown scheme 'http'"),
        ("redis://:s3cret@h:x", "port"),
        ("redis://:s3cret/0", "port"),
        ("redis://user:s3cret:6379/0", "port"),
        ("redis+sentinel://user:s3cret,h/service", "port"),
        ("redis://:s3cret@h:99999", "port"),
        ("redis://:s3cret@h/zero", "database 'zero'"),
        ("redis://:s3cret@h?socket_timeout=soon", "socket_timeout"),
        ("redis://:s3cret@[h", "no ]"),
        ("redis+sentinel://:s3cret@h:1", "service is missing"),
        ("redis+sentinel://:s3cret@h:1//0", "service is missing"),
        ("redis+sentinel://:s3cret@h:1/service/x", "database 'x'"),
        ("redis+sentinel://:s3cret@h:1,:2/service", "host name is empty"),
        ("redis+sentinel://:s3cret@h:1,g:x/service", "port"),
        ("redis+cluster://:s3cret@", "host name is empty"),
        ("redis+cluster://:s3cret@h/2", "only database 0"),
    ],
)
def test_a_wrong_url(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        check_url(url)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ConfigurationError):
        connect(url)
