"""TLS with real certificates: what is to be checked is checked, before a password is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import servers
from certificates import Authority
from security.rogue import Between, listening
from testing import PASSWORD, execute, query

from qtask_db import Database
from qtask_db.doctor import encryption
from qtask_db.doctor.check import Check, Level
from qtask_db.doctor.database import examine_database
from qtask_db.errors import AccessDenied, ConfigurationError, DatabaseError, DatabaseUnavailable

Url = Callable[..., str]


@pytest.fixture(scope="module")
def server(engine: str, authority: Authority) -> Iterator[servers.Server]:
    """A server with a certificate for the name `localhost`, not for an address."""
    issued = authority.issue("localhost")
    options = (
        f"--ssl-ca={authority.file}",
        f"--ssl-cert={issued.cert}",
        f"--ssl-key={issued.key}",
    )
    with servers.start(engine, options=options) as server:
        yield server


@pytest.fixture
def url(server: servers.Server) -> Url:
    return lambda host="localhost", **options: url_of(server, host, **options)


def url_of(server: servers.Server, host: str, user: str = "", **options: object) -> str:
    parts = urlsplit(server.url)
    user = user or parts.netloc.rpartition("@")[0]
    query = urlencode({name: str(value) for name, value in options.items()})
    return f"mysql://{user}@{host}:{parts.port}{parts.path}?{query}"


def cipher(url: str) -> str:
    """The cipher of a connection; empty if it is not encrypted."""
    with Database(url).connect() as conn:
        return str(query(conn, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")[0][1])


def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnavailable) as caught:
        Database(url).connect()
    assert str(urlsplit(url).password) not in str(caught.value)
    return str(caught.value)


def test_a_good_certificate(url: Url, authority: Authority) -> None:
    for mode in ("required", "verify_ca", "verify_identity"):
        assert cipher(url(ssl_mode=mode, ssl_ca=authority.file)), mode


def test_without_any_option_it_is_encrypted_and_not_checked(url: Url) -> None:
    assert cipher(url())
    assert cipher(url(ssl_mode="required"))
    assert cipher(url(ssl_mode="disabled")) == ""


def test_another_host_name(url: Url, authority: Authority) -> None:
    text = refusal(url("127.0.0.1", ssl_mode="verify_identity", ssl_ca=authority.file))
    assert "certificate is not valid for '127.0.0.1'" in text
    assert cipher(url("127.0.0.1", ssl_mode="verify_ca", ssl_ca=authority.file))


@pytest.mark.parametrize("mode", ["verify_ca", "verify_identity"])
def test_an_unknown_authority(url: Url, stranger: Authority, mode: str) -> None:
    assert "certificate verify failed" in refusal(url(ssl_mode=mode, ssl_ca=stranger.file))
    assert "certificate verify failed" in refusal(url(ssl_mode=mode)), "the system's do not know it"


def test_a_named_authority_is_checked_without_a_mode(
    url: Url, authority: Authority, stranger: Authority
) -> None:
    assert cipher(url(ssl_ca=authority.file))
    assert "certificate verify failed" in refusal(url(ssl_ca=stranger.file))


def test_the_host_is_checked_by_the_systems_authorities_too(
    url: Url, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert cipher(url(ssl_mode="verify_identity"))
    assert "not valid for '127.0.0.1'" in refusal(url("127.0.0.1", ssl_mode="verify_identity"))


def test_an_expired_certificate(url: Url, server: servers.Server, authority: Authority) -> None:
    authority.issue("localhost", expired=True)
    server.restart()
    try:
        for mode in ("verify_ca", "verify_identity"):
            assert "certificate has expired" in refusal(url(ssl_mode=mode, ssl_ca=authority.file))
        assert cipher(url(ssl_mode="required"))
    finally:
        authority.issue("localhost")
        server.restart()


def test_an_account_that_needs_a_certificate_of_the_client(url: Url, authority: Authority) -> None:
    with Database(url()).connect() as root:
        execute(root, f"CREATE USER 'named'@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE X509")
        execute(root, f"GRANT ALL ON {servers.DATABASE}.* TO 'named'@'%'")
    client = authority.issue("client", file="client")
    named = {"user": f"named:{PASSWORD}", "ssl_mode": "verify_identity", "ssl_ca": authority.file}
    with pytest.raises(AccessDenied):
        Database(url(**named)).connect()
    assert cipher(url(**named, ssl_cert=client.cert, ssl_key=client.key))


def test_a_server_without_tls(engine: str, authority: Authority) -> None:
    off = "--tls-version=" if engine == "mysql" else "--skip-ssl"
    with servers.start(engine, options=(off,)) as server:
        assert cipher(url_of(server, "localhost")) == ""
        for options in (
            {"ssl_mode": "required"},
            {"ssl_mode": "verify_ca"},
            {"ssl_mode": "verify_identity"},
            {"ssl_ca": authority.file},
        ):
            with pytest.raises(DatabaseError, match="SSL is required"):
                Database(url_of(server, "localhost", **options)).connect()


def test_somebody_between_who_says_that_the_server_has_no_tls(
    url: Url, server: servers.Server, authority: Authority
) -> None:
    """`preferred` does not protect from somebody on the way, who reads all that is said."""
    port = urlsplit(server.url).port
    between = Between(("127.0.0.1", port))
    with listening(between.serve) as theirs:
        through = url(ssl_mode="preferred").replace(f":{port}/", f":{theirs}/")
        assert cipher(through) == ""
        assert b"Ssl_cipher" in between.heard
        between.heard.clear()
        for mode in ("required", "verify_ca", "verify_identity"):
            direct = url(ssl_mode=mode, ssl_ca=authority.file)
            with pytest.raises(DatabaseError, match="SSL is required"):
                Database(direct.replace(f":{port}/", f":{theirs}/")).connect()
    assert b"root" not in between.heard


def test_doctor_says_what_the_way_is_worth(
    url: Url, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    ca = {"ssl_ca": authority.file}
    ways: list[tuple[dict[str, object], str, bool]] = [
        ({"ssl_mode": "disabled"}, "none: whoever", False),
        ({"ssl_mode": "preferred"}, "nothing proves", False),
        ({"ssl_mode": "required", **ca}, "nothing proves", False),
        ({"ssl_mode": "verify_ca"}, "nothing proves", False),
        (ca, "proves its authority", True),
        ({"ssl_mode": "verify_identity"}, "proves the server's host name", True),
    ]
    for options, words, sound in ways:
        assert way(url(**options), monkeypatch, here=True).level is Level.OK
        check = way(url(**options), monkeypatch, here=False)
        assert words in check.text
        assert (check.level is Level.OK) == sound
        assert sound or "?ssl_mode=verify_identity" in check.advice


def way(url: str, monkeypatch: pytest.MonkeyPatch, *, here: bool) -> Check:
    """Doctor's check of the connection, from this machine or from another one."""
    with monkeypatch.context() as patch:
        if not here:
            patch.setattr(encryption, "is_loopback", lambda _: False)
        return next(c for c in examine_database(Database(url)) if c.name == "encryption")


def test_files_that_cannot_be_used(url: Url, authority: Authority, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    client = authority.issue("client", file="client")
    for options in (
        {"ssl_ca": tmp_path / "missing.pem"},
        {"ssl_ca": nonsense},
        {"ssl_cert": nonsense},
        {"ssl_cert": client.cert},
        {"ssl_cert": client.cert, "ssl_key": nonsense},
    ):
        with pytest.raises(ConfigurationError, match="ssl_ca, ssl_cert or ssl_key"):
            Database(url(**options)).connect()
