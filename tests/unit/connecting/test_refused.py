"""A wrong connection or client is refused by the name of its type, before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import oracledb
import pytest
import redis
import redis.asyncio
import sqlalchemy

import qtask_db
from qtask_db import Client, Relay, Task, Worker, bind, calls
from qtask_db.errors import ConfigurationError

DATABASE = "mysql://u@127.0.0.1:1/shop"
REDIS = "redis://127.0.0.1:1"
PUSHABLE = Task(1, "Q", "{}", created=True, pushable=True)


@pytest.fixture(autouse=True)
def no_coroutine_that_nobody_runs() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def cluster_pipeline() -> Any:
    return redis.cluster.ClusterPipeline.__new__(redis.cluster.ClusterPipeline)


CLIENTS: dict[str, tuple[Callable[[], Any], str]] = {
    "None": (lambda: None, "NoneType is neither a Redis URL"),
    "a number": (lambda: 6379, "int is neither a Redis URL"),
    "bytes": (lambda: b"redis://h", "bytes is neither a Redis URL"),
    "a pool": (redis.ConnectionPool, r"ConnectionPool is neither a Redis URL"),
    "a pipeline": (lambda: redis.Redis().pipeline(), r"redis\.client\.Pipeline .* made of"),
    "a cluster's pipeline": (cluster_pipeline, r"ClusterPipeline .* made of"),
    "asyncio": (redis.asyncio.Redis, r"redis\.asyncio\.client\.Redis is asynchronous"),
    "asyncio's pipeline": (lambda: redis.asyncio.Redis().pipeline(), r"Pipeline is asynchronous"),
    "asyncio's cluster": (
        lambda: redis.asyncio.RedisCluster(host="127.0.0.1"),
        r"redis\.asyncio\.cluster\.RedisCluster is asynchronous",
    ),
    "another encoding": (lambda: redis.Redis(encoding="latin1"), "must have the encoding utf-8"),
}


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize(
    "use",
    [
        lambda client: qtask_db.push(client, [PUSHABLE]),
        lambda client: qtask_db.push(client, []),
        lambda client: PUSHABLE.push(client),
        lambda client: Client(DATABASE, client or 0),
        lambda client: Worker(DATABASE, client or 0),
        lambda client: Relay(DATABASE, client or 0),
    ],
    ids=["push", "push of nothing", "Task.push", "Client", "Worker", "Relay"],
)
def test_what_is_no_client_that_works(name: str, use: Callable[[Any], Any]) -> None:
    make, words = CLIENTS[name]
    with pytest.raises(ConfigurationError, match=words if make() else "is neither a Redis URL"):
        use(make())


class Connector:
    """As mysql-connector-python's connections look."""

    in_transaction = False

    def commit(self) -> None:
        raise AssertionError


Connector.__module__ = "mysql.connector.connection_cext"


class Awaited:
    """As aiomysql's and asyncmy's do."""

    async def commit(self) -> None:
        raise AssertionError


Awaited.__module__ = "aiomysql.connection"

CONNECTIONS: dict[str, tuple[Callable[[], Any], str]] = {
    "None": (lambda: None, "NoneType is not a connection of a supported driver"),
    "a URL": (lambda: DATABASE, "str is not a connection of a supported driver"),
    "an engine": (
        lambda: sqlalchemy.create_engine("mysql+pymysql://u@127.0.0.1:1/shop"),
        r"Engine is not a connection of a supported driver",
    ),
    "mysql.connector": (
        Connector,
        r"mysql\.connector\.connection_cext\.Connector is not .*PyMySQL, mysqlclient",
    ),
    "aiomysql": (Awaited, r"aiomysql\.connection\.Awaited is asynchronous"),
    "oracledb's asyncio": (
        lambda: oracledb.AsyncConnection.__new__(oracledb.AsyncConnection),
        r"oracledb\.connection\.AsyncConnection is asynchronous",
    ),
}


@pytest.mark.parametrize("name", CONNECTIONS)
@pytest.mark.parametrize(
    "use",
    [bind, lambda conn: calls.create(conn, "job", {}, 60, "Q"), calls.stats],
    ids=["bind", "create", "stats"],
)
def test_what_is_no_connection_that_works(name: str, use: Callable[[Any], Any]) -> None:
    make, words = CONNECTIONS[name]
    with pytest.raises(ConfigurationError, match=words):
        use(make())


@pytest.mark.parametrize(
    "given", [None, 1, b"mysql://u@h/d", object()], ids=["None", "int", "bytes", "object"]
)
@pytest.mark.parametrize("use", [Client, Worker, Relay])
def test_what_is_no_database(given: Any, use: Any) -> None:
    with pytest.raises(ConfigurationError, match="is not a database URL"):
        use(given, REDIS)
