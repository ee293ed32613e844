"""Platforms in a ZooKeeper, as the Go library writes them."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from kazoo.client import KazooClient
from kazoo.security import CREATOR_ALL_ACL, OPEN_ACL_UNSAFE
from servers import Server


class Platform:
    """A platform of its own, whose nodes a test writes. Others on this machine cannot read them:
    passwords of servers are in them.
    """

    def __init__(self, server: Server, client: Any) -> None:
        self.name = f"mall-{secrets.token_hex(4)}"
        self.login, _, self.hosts = urlsplit(server.url).netloc.rpartition("@")
        self.server = server.url
        self.url = f"{server.url}/{self.name}"
        self._client = client
        self._acl = CREATOR_ALL_ACL if self.login else OPEN_ACL_UNSAFE

    def write(
        self, path: str, value: bytes | dict[str, Any], acl: Sequence[Any] | None = None
    ) -> None:
        """The node `db/mdb` or `queue/queue`; an object as JSON in GBK."""
        if isinstance(value, dict):
            value = json.dumps(value, ensure_ascii=False).encode("gbk")
        whole = f"/{self.name}/var/{path}"
        self._client.ensure_path(whole.rpartition("/")[0], acl=self._acl)
        self._client.create(whole, value, acl=acl or self._acl)

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
    login, _, hosts = urlsplit(server.url).netloc.rpartition("@")
    client: Any = KazooClient(
        hosts,
        auth_data=[("digest", unquote(login))] if login else None,
        logger=logging.Logger("kazoo", logging.CRITICAL),
    )
    client.start()
    try:
        yield Platform(server, client)
    finally:
        client.stop()
        client.close()
