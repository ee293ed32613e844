"""URLs are read strictly, and shown without what is secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtask_db import Database, urls
from qtask_db.dialects.mysql.driver import _arguments
from qtask_db.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://app:s3cret@db/shop", "mysql://app:***@db/shop"),
        (
            "mysql://app:s3cret@db:3306/shop?ssl_mode=required",
            "mysql://app:***@db:3306/shop?ssl_mode=required",
        ),
        ("mysql://app@db/shop", "mysql://app@db/shop"),
        ("mysql://db/shop", "mysql://db/shop"),
        ("mysql://app:@db/shop", "mysql://app:***@db/shop"),
        ("redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"),
        ("rediss://me:s3cret@cache", "rediss://me:***@cache"),
        ("unix://me:s3cret@/run/redis.sock", "unix://me:***@/run/redis.sock"),
        ("unix:///run/redis.sock?password=s3cret&db=1", "unix:///run/redis.sock?password=***&db=1"),
        ("oracle://app:s3cret@db/FREEPDB1", "oracle://app:***@db/FREEPDB1"),
        ("mysql://app:s3:cr@et@db/shop", "mysql://app:***@db/shop"),
        (
            "cannot open mysql://a:s3cret@h/d and redis://:s3cret@c",
            "cannot open mysql://a:***@h/d and redis://:***@c",
        ),
        ("at mysql://u:pw1@h/x.", "at mysql://u:***@h/x."),
        ("redis://:p/w@1@h:1 and mysql://u:pw@h", "redis://:***@h:1 and mysql://u:***@h"),
        ("x?sentinel_password=abc&y=1", "x?sentinel_password=***&y=1"),
        ("pass mysql://user:password@host", "pass mysql://user:password@host"),
        ("no url at all", "no url at all"),
        ("", ""),
    ],
)
def test_no_secret_is_shown(url: str, shown: str) -> None:
    assert urls.mask(url) == shown
    assert urls.mask(shown) == shown


@given(
    st.text(
        st.characters(codec="ascii", exclude_characters="/@?# \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f"),
        min_size=8,
    )
)
def test_no_password_is_shown(password: str) -> None:
    shown = urls.mask(f"mysql://app:{password}-SECRET@db/shop")
    assert "SECRET" not in shown
    assert shown.endswith("@db/shop")


def test_a_database_shows_itself_without_its_password() -> None:
    database = Database("mysql://app:s3cret@db/shop")
    assert "s3cret" not in f"{database} {database!r}"
    assert "mysql://app:***@db/shop" in str(database)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql",
        "mysql:",
        "mysql:/db/x",
        "db/shop",
        "//db/shop",
        "mysql://h:port/d",
        "mysql://h:99999/d",
        "mysql://[::1/d",
        "mysql://h1:3306,h2:port/d",
        "mysql://h1,/d",
        "mysql://u:p@,h2/d",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="URL"):
        Database(url)


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@h:port/d", "mysql://u:s3cret@[::1/d", "u:s3cret@h/d"]
)
def test_a_refusal_shows_no_secret_either(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Database(url)
    assert "s3cret" not in str(caught.value)


def arguments(url: str) -> dict[str, Any]:
    """Without the plugins that are refused: tests/security/test_rogue_server.py has those."""
    found = _arguments(urls.split(url))
    del found["auth_plugin_map"]
    return found


def test_the_parts_of_a_url() -> None:
    found = arguments("mysql://us%40er:p%2Fw%3A%25@db.example:3307/my%2Ddb")
    assert found == {
        "host": "db.example",
        "port": 3307,
        "user": "us@er",
        "password": "p/w:%",
        "database": "my-db",
    }
    assert arguments("mysql:///shop") == {"host": "127.0.0.1", "port": 3306, "database": "shop"}
    assert arguments("mysql://[::1]/shop")["host"] == "::1"


def test_several_hosts() -> None:
    parts = urls.split("mysql://me:s,cr%40et@one,two:3307,three/shop?connect_timeout=2")
    named = [_arguments(one) for one in urls.hosts(parts)]
    assert [(found["host"], found["port"]) for found in named] == [
        ("one", 3306),
        ("two", 3307),
        ("three", 3306),
    ]
    for found in named:
        assert (found["user"], found["password"]) == ("me", "s,cr@et")
        assert (found["database"], found["connect_timeout"]) == ("shop", 2.0)
    shown = str(Database("mysql://me:s3cret@one,two:3307/shop"))
    assert shown == "mysql://me:***@one,two:3307/shop"


def test_the_options_of_a_url() -> None:
    found = arguments("mysql://h/d?connect_timeout=2.5&unix_socket=/run/m.sock&ssl_mode=disabled")
    assert (found["connect_timeout"], found["unix_socket"], found["ssl_disabled"]) == (
        2.5,
        "/run/m.sock",
        True,
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://h", "names no database"),
        ("mysql://h/", "names no database"),
        ("mysql://h/d?chraset=utf8", "'chraset' is not an option"),
        ("mysql://h/d?autocommit=1", "'autocommit' is not an option"),
        (
            "mysql://h/d?connect_timeout=soon",
            "connect_timeout in the database URL must be a number",
        ),
        ("mysql://h/d?connect_timeout=", "must be a number"),
        ("mysql://h/d?ssl_mode=on", "ssl_mode must be one of disabled, preferred, required"),
    ],
)
def test_a_url_that_is_not_understood_is_refused(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        arguments(url)


@pytest.mark.parametrize(
    "url", ["mysql://shop:s3cret/shop", "mysql://s3cret:x:3306/shop", "mysql://a:s3cret@[h/d"]
)
def test_a_url_that_cannot_be_read_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Database(url).connect()
    assert "s3cret" not in str(caught.value)
