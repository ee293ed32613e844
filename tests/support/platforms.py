"""Platforms in a ZooKeeper, as the Go library writes them."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from kazoo.client import KazooClient
from servers import Server


class Platform:
    """A platform of its own, whose nodes a test writes."""

    def __init__(self, server: Server, client: Any) -> None:
        self.name = f"mall-{secrets.token_hex(4)}"
        self.host = urlsplit(server.url).netloc
        self.url = f"{server.url}/{self.name}"
        self._client = client

    def write(self, path: str, value: bytes | dict[str, Any], acl: Any = None) -> None:
        """The node `db/mdb` or `queue/queue`; an object as JSON in GBK."""
        if isinstance(value, dict):
            value = json.dumps(value, ensure_ascii=False).encode("gbk")
        whole = f"/{self.name}/var/{path}"
        self._client.ensure_path(whole.rpartition("/")[0])
        self._client.create(whole, value, acl=acl)

    def write_servers(self, database_url: str, redis_url: str, db: str = "db") -> None:
        """The nodes of a MySQL and a Redis, with the passwords as they are."""
        at = urlsplit(database_url)
        login = f"{unquote(at.username or '')}:{unquote(at.password or '')}"
        connection = f"{login}@tcp({at.hostname}:{at.port}){at.path}?charset=utf8"
        self.write(
            f"db/{db}", {"provider": "mysql", "connString": connection, "maxOpen": 20, "注": "订单"}
        )
        cache = urlsplit(redis_url)
        password = unquote(cache.password or "")
        addrs = [f"{cache.hostname}:{cache.port}"]
        self.write("queue/queue", {"proto": "redis", "addrs": addrs, "password": password})


@contextmanager
def new_platform(server: Server) -> Iterator[Platform]:
    """It can be written until the end of the block."""
    logger = logging.Logger("kazoo", logging.CRITICAL)
    client: Any = KazooClient(urlsplit(server.url).netloc, logger=logger)
    client.start()
    try:
        yield Platform(server, client)
    finally:
        client.stop()
        client.close()
