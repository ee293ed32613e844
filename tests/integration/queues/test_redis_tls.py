"""TLS to Redis with real certificates: `rediss://` checks them unless it is told not to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import redis
import servers
from certificates import Authority
from servers.base import free_port

from qtask_db.doctor import encryption
from qtask_db.doctor.check import Check, Level
from qtask_db.doctor.redis import examine_redis
from qtask_db.errors import QueueUnavailable
from qtask_db.transport.queues import Queues

Url = Callable[..., str]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(authority: Authority, port: int) -> Iterator[servers.Server]:
    """A server with a certificate for the name `localhost`, and a plain port beside."""
    issued = authority.issue("localhost")
    options = (
        "--tls-port", str(port), "--tls-ca-cert-file", str(authority.file),
        "--tls-cert-file", str(issued.cert), "--tls-key-file", str(issued.key),
        "--tls-auth-clients", "optional",
    )  # fmt: skip
    with servers.start("redis", options=options) as server:
        yield server


@pytest.fixture
def url(server: servers.Server, port: int) -> Url:
    def url(host: str = "localhost", **options: object) -> str:
        login = urlsplit(server.url).netloc.rpartition("@")[0]
        query = urlencode({name: str(value) for name, value in options.items()})
        return f"rediss://{login}@{host}:{port}/0?{query}"

    return url


def ping(url: str) -> None:
    Queues(url).ping()


def refusal(url: str) -> str:
    with pytest.raises(QueueUnavailable) as caught:
        ping(url)
    return str(caught.value)


def test_a_good_certificate(url: Url, authority: Authority) -> None:
    ping(url(ssl_ca_certs=authority.file))


def test_another_host_name(url: Url, authority: Authority) -> None:
    text = refusal(url("127.0.0.1", ssl_ca_certs=authority.file))
    assert "certificate is not valid for '127.0.0.1'" in text
    unchecked = url("127.0.0.1", ssl_ca_certs=authority.file, ssl_check_hostname=False)
    ping(unchecked)


def test_an_unknown_authority(url: Url, stranger: Authority) -> None:
    assert "certificate verify failed" in refusal(url(ssl_ca_certs=stranger.file))
    assert "certificate verify failed" in refusal(url()), "the system's do not know it"
    ping(url(ssl_cert_reqs="none"))


def test_an_expired_certificate(url: Url, server: servers.Server, authority: Authority) -> None:
    authority.issue("localhost", expired=True)
    server.restart()
    try:
        assert "certificate has expired" in refusal(url(ssl_ca_certs=authority.file))
    finally:
        authority.issue("localhost")
        server.restart()


def test_a_server_that_needs_a_certificate_of_the_client(
    url: Url, server: servers.Server, authority: Authority
) -> None:
    client = authority.issue("client", file="client")
    with redis.Redis.from_url(server.url) as plain:
        plain.config_set("tls-auth-clients", "yes")
        try:
            refusal(url(ssl_ca_certs=authority.file))
            known = {"ssl_certfile": client.cert, "ssl_keyfile": client.key}
            ping(url(ssl_ca_certs=authority.file, **known))
        finally:
            plain.config_set("tls-auth-clients", "optional")


def test_a_server_without_tls(server: servers.Server, authority: Authority) -> None:
    options = f"?ssl_ca_certs={authority.file}&socket_timeout=1&socket_connect_timeout=1"
    refusal(server.url.replace("redis://", "rediss://") + options)


def test_doctor_says_what_the_way_is_worth(
    url: Url, server: servers.Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = authority.file
    ways = [
        (server.url, "none: whoever", False),
        (url(ssl_cert_reqs="none", ssl_ca_certs=ca), "nothing proves", False),
        (url(ssl_check_hostname=False, ssl_ca_certs=ca), "proves its authority", True),
        (url(ssl_ca_certs=ca), "proves the server's host name", True),
    ]
    for place, words, sound in ways:
        assert way(place).level is Level.OK
        with monkeypatch.context() as patch:
            patch.setattr(encryption, "is_loopback", lambda _: False)
            check = way(place)
        assert words in check.text
        assert (check.level is Level.OK) == sound


def way(url: str) -> Check:
    return next(check for check in examine_redis(url) if check.name == "Redis encryption")


def test_files_that_cannot_be_used(url: Url, tmp_path: Path) -> None:
    refusal(url(ssl_ca_certs=tmp_path / "missing.pem"))
