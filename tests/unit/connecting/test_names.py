"""Names that stand for databases: configured by a program, or known to its environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qtask_db import Client, Database, Relay, Worker, configure
from qtask_db.errors import ConfigurationError
from qtask_db.registry import names


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(names, "_configured", {})
    return iter([None])


def test_a_configured_name_stands_for_a_url() -> None:
    configure(
        "order_db",
        database="mysql://h/orders",
        redis="redis://one",
        prefix="ord_",
        queue_prefix="mall:",
    )
    configure("pay_db", database="mysql://h/payments")
    database = Database("order_db")
    assert (database.url, database.redis_url, database.prefix) == (
        "mysql://h/orders",
        "redis://one",
        "ord_",
    )
    assert Database("order_db", prefix="other_").prefix == "other_"
    assert Database("pay_db").redis_url is None
    assert Client("order_db")._redis
    assert Client("pay_db")._redis is None
    assert Client("order_db")._queue_prefix == "mall:"
    assert Client("order_db", queue_prefix="")._queue_prefix == ""
    assert Relay("order_db").options.queue_prefix == "mall:"
    queues = Worker("order_db")._queues
    assert queues
    assert queues._kind.key("Q") == "mall:Q"
    configure("order_db", database="mysql://h/new")
    assert Database("order_db").url == "mysql://h/new"


def test_a_name_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QTASK_ORDER_DB_DATABASE_URL", "mysql://h/orders")
    assert Database("order_db").url == "mysql://h/orders"
    assert Database("order_db").prefix == "qtask_"
    assert Database("order_db").redis_url is None
    (tmp_path / "redis").write_text("redis://one\nnot this\n")
    monkeypatch.setenv("QTASK_ORDER_DB_REDIS_URL_FILE", str(tmp_path / "redis"))
    monkeypatch.setenv("QTASK_ORDER_DB_PREFIX", "ord_")
    monkeypatch.setenv("QTASK_ORDER_DB_QUEUE_PREFIX", "mall:")
    assert Database("order_db").queue_prefix == "mall:"
    assert Database("order_db").redis_url == "redis://one"
    assert Database("order_db").prefix == "ord_"
    configure("order_db", database="mysql://h/configured")
    assert Database("order_db").url == "mysql://h/configured"


@pytest.mark.parametrize("name", ["", "a b", "1st", "mysql://h/d", "päy", "a-b"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(ConfigurationError, match="letters, digits and underscores"):
        configure(name, database="mysql://h/d")


def test_a_wrong_prefix() -> None:
    with pytest.raises(ConfigurationError, match="prefix must be"):
        configure("a", database="mysql://h/d", prefix="A-")


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Database("order_db")
    assert str(caught.value) == (
        "'order_db' is neither a database URL, such as mysql://user:password@host/schema, nor a "
        "known name: set QTASK_ORDER_DB_DATABASE_URL, or call "
        "qtask_db.configure('order_db', database=...) first"
    )


def test_a_name_may_lead_to_a_registry(tmp_path: Path) -> None:
    node = tmp_path / "mall/var/db/db/.init"
    node.parent.mkdir(parents=True)
    node.write_text('{"provider": "mysql", "connString": "/d"}')
    configure("mall", database=f"fs://{tmp_path}/mall", redis="redis://one")
    assert (Database("mall").url, Database("mall").redis_url) == ("mysql:///d", "redis://one")
