"""Servers that somebody else runs, named by a URL in the environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from .base import Log, Server, ServerError


def variable(engine: str) -> str:
    return f"QTASK_TEST_{engine.upper()}_URL"


def configured(engine: str) -> str | None:
    return os.environ.get(variable(engine)) or None


def start(engine: str, options: Sequence[str], log: Log) -> Server:
    address = configured(engine)
    if address is None:
        raise ServerError(f"{variable(engine)} is not set")
    if options:
        log(f"{engine}: options {' '.join(options)} are not applied to a server named by a URL")
    return UrlServer(engine, address, version_at(engine, address), f"named by {variable(engine)}")


class UrlServer(Server):
    """Not ours to end: only its address and version are known."""

    def kill(self) -> None:
        raise ServerError(self._refusal("killed"))

    def restart(self) -> None:
        raise ServerError(self._refusal("restarted"))

    def stop(self) -> None:
        pass

    def _refusal(self, verb: str) -> str:
        return (
            f"the {self.engine} server named by {variable(self.engine)} cannot be {verb} from "
            "here; unset the variable to use a throw-away server"
        )


def version_at(engine: str, address: str) -> str:
    """Connect once and return the server's version; ServerError if it is not what is asked for."""
    try:
        if engine == "redis":
            return _redis_version(address)
        if engine == "oracle":
            return _oracle_version(address)
        if engine == "zookeeper":
            return _zookeeper_version(address)
        version = _sql_version(address)
    except Exception as error:
        shown = urlsplit(address).hostname
        raise ServerError(f"the {engine} server at {shown} does not answer: {error}") from error
    is_mariadb = "mariadb" in version.lower()
    if is_mariadb != (engine == "mariadb"):
        raise ServerError(f"the server for {engine} is of version {version}")
    return version


def _sql_version(address: str) -> str:
    import pymysql

    parts = urlsplit(address)
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/") or None,
        connect_timeout=5,
        read_timeout=10,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def _oracle_version(address: str) -> str:
    from qtask_db import Database

    with Database(address).connect() as connection:
        return str(connection.raw.version)


def _zookeeper_version(address: str) -> str:
    from kazoo.client import KazooClient

    hosts = urlsplit(address).netloc.rpartition("@")[2]
    client: Any = KazooClient(hosts, logger=logging.Logger("kazoo", logging.CRITICAL))
    try:
        client.start(timeout=2)
        return str(client.command(b"srvr").split()[2].partition("-")[0])
    finally:
        client.stop()
        client.close()


def _redis_version(address: str) -> str:
    import redis

    with redis.Redis.from_url(address, socket_connect_timeout=2, socket_timeout=5) as client:
        info: dict[str, str] = dict(client.info("server"))
    return info.get("valkey_version") or info["redis_version"]
