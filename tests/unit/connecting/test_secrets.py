"""No password in an error, its traceback or a log, however odd its URL is."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import redis

from qtask_db import Client, Database, Relay, Worker
from qtask_db.errors import QtaskError
from qtask_db.log import get_logger
from qtask_db.transport.queues import Queues
from qtask_db.transport.url import connect
from qtask_db.urls import mask
from qtask_db.worker.outcomes import text_of, traceback_of

# Wherever a URL is cut, one of the words is on either side.
WORDS = ("Hush", "Word")
PASSWORDS = [
    "HushWord",
    "Hush%2F%40%3A%25Word",
    "Hush/Word",
    "Hush@Word",
    "Hush:Word",
    "Hush%Word",
    "Hush?Word",
    "Hush#Word",
    "Hush[Word",
    "Hush]Word",
    "Hush Word",
    "Hush\tWord",
    "Hush'Word",
    "Hush,Word",
    "Hush://Word",
    "Hush/@Word",
    "Hush@127.0.0.1:1/Word",
]
DATABASE_URLS = [
    "mysql://app:{}@127.0.0.1:1/shop",
    "mysql://app:{}@127.0.0.1:1",
    "mysql://app:{}@127.0.0.1:port/shop",
    "mysql://app:{}@127.0.0.1:1/shop?ssl_mode=none",
    "mysql://app:{}@127.0.0.1:1/shop?nonsense=1",
    "mysql://app:{}@[::1/shop",
    "mysql://:{}@127.0.0.1:1/shop",
    "oracle://app:{}@127.0.0.1:port/?service_name=X",
    "zk://app:{}@127.0.0.1:1/mall?timeout=0.01",
    "zk://app:{}@127.0.0.1:1",
    "postgresql://app:{}@127.0.0.1/shop",
    "mysql:/app:{}@127.0.0.1/shop",
    "mysql:app:{}@127.0.0.1/shop",
    "app:{}@127.0.0.1/shop",
]
REDIS_URLS = [
    "redis://:{}@127.0.0.1:1/0",
    "rediss://me:{}@127.0.0.1:1/0",
    "redis://:{}@127.0.0.1:port/0",
    "redis://:{}@127.0.0.1:1/zero",
    "redis://127.0.0.1:1/0?password={}&nonsense=1",
    "redis://:{}@127.0.0.1:1/0?socket_timeout=soon",
    "redis+sentinel://:{}@127.0.0.1:1/",
    "redis+sentinel://127.0.0.1:1/s?sentinel_password={}&db=x",
    "redis+cluster://:{}@127.0.0.1:1",
    "http://:{}@127.0.0.1",
    "redis:u:{}@127.0.0.1",
    "redis:/:{}@127.0.0.1",
    "u:{}@127.0.0.1",
]
DATABASE_USES: dict[str, Callable[[str], Any]] = {
    "connect": lambda url: Database(url).connect(),
    "show": lambda url: logging.getLogger("qtask_db").warning(
        "%s %r", Database(url), Database(url)
    ),
    "client": lambda url: Client(url, "redis://127.0.0.1:1").create("job", {}, 60, "Q"),
    "relay": lambda url: Relay(url, "redis://127.0.0.1:1").run(),
    "worker": lambda url: Worker(url, "redis://127.0.0.1:1").run(),
}
REDIS_USES: dict[str, Callable[[str], Any]] = {
    "connect": lambda url: connect(url).ping(),
    "ping": lambda url: Queues(url).ping(),
    "client": lambda url: Client("mysql://127.0.0.1:1/x", url),
    "relay": lambda url: Relay("mysql://127.0.0.1:1/x", url).run(),
    "worker": lambda url: Worker("mysql://127.0.0.1:1/x", url).run(),
}


def check(use: Callable[[str], Any], url: str, caplog: pytest.LogCaptureFixture) -> None:
    said = []
    try:
        use(url)
    except (QtaskError, redis.RedisError) as error:
        said = [str(error), repr(error), *traceback.format_exception(error)]
    for text in [*said, caplog.text]:
        for word in WORDS:
            assert word not in text, f"{url!r}: {text}"


@pytest.mark.parametrize("use", DATABASE_USES)
@pytest.mark.parametrize("url", DATABASE_URLS)
def test_a_database_url(use: str, url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for password in PASSWORDS:
        check(DATABASE_USES[use], url.format(password), caplog)


@pytest.mark.parametrize("use", REDIS_USES)
@pytest.mark.parametrize("url", REDIS_URLS)
def test_a_redis_url(
    use: str, url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("qtask_db.transport.url._RETRIES", 0)
    for password in PASSWORDS:
        check(REDIS_USES[use], url.format(password), caplog)


# No word is both read as a URL and has a blank in it.
WHOLE = [password for password in PASSWORDS if not set(password) & set(" \t")]


@pytest.mark.parametrize("url", [*DATABASE_URLS, *REDIS_URLS])
def test_a_text_that_says_a_url(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Of a handler, a library or a driver: in the log, its traceback, a task's last error."""
    for password in WHOLE:
        text = f"cannot open ({url.format(password)!r}), https://h:80/ and <{url.format('x')}>"
        error = RuntimeError(text)
        get_logger("qtask_db.worker").error("failed: %s", error, exc_info=error)
        for shown in (mask(text), caplog.text, text_of(error), str(traceback_of(error))):
            assert not any(word in shown for word in WORDS), shown
            assert "cannot open" in shown
        caplog.clear()


def test_what_is_no_secret_stays() -> None:
    for text in (
        "mysql://user:password@host:3306/database",
        "mysql://owner@127.0.0.1/shop",
        "Access denied for user 'app'@'10.0.0.1' (1045)",
        "GCR:ORDER:BIND of bill@example.org, see https://example.org:80/a",
    ):
        assert mask(text) == text
    assert mask("mysql://app:Hush@h/x?a=1") == "mysql://app:***@h/x?a=1"
    assert mask("redis://Hush@h") == "redis://***@h"
    assert mask("redis:u:Hush@h") == "redis:***@h"


@pytest.mark.parametrize("text", ["a", "a:", "a:/", "@", "a@", "password", "password=", ":"])
def test_a_long_text_takes_no_longer_than_its_length(text: str) -> None:
    """A worker masks what handlers raise, and that may be somebody's text."""
    began = time.monotonic()
    for end in ("", "@", " "):
        mask(text * 300_000 + end)
    assert time.monotonic() - began < 30
