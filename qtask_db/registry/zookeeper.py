"""Nodes of ZooKeeper, read with kazoo."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

from qtask_db.errors import ConfigurationError, DatabaseUnavailable
from qtask_db.registry.address import Address

_SILENT = logging.Logger("kazoo", logging.CRITICAL + 1)
"""It would log each failed try, and at its lowest level the login."""


def read(address: Address, path: str) -> str | None:
    """The text of a node; None if there is no such node. Raises DatabaseUnavailable if ZooKeeper
    does not answer, and ConfigurationError if the login may not read the node.
    """
    try:
        from kazoo.client import KazooClient
        from kazoo.exceptions import AuthFailedError, KazooException, NoAuthError, NoNodeError
    except ImportError:
        raise ConfigurationError(
            "the client for ZooKeeper is missing: pip install 'qtask-db[registry]'"
        ) from None
    until = time.monotonic() + address.timeout
    client: Any = KazooClient(
        address.place,
        timeout=address.timeout,
        read_only=True,
        auth_data=[("digest", address.login)] if address.login else None,
        logger=_SILENT,
    )
    try:
        client.start(address.timeout)
        found, _ = client.get_async(path).get(timeout=max(0.1, until - time.monotonic()))
    except NoNodeError:
        return None
    except (NoAuthError, AuthFailedError):
        raise ConfigurationError(
            f"the registry {address} does not let {_who(address)} read the node {path}: name a "
            "user who may, as in zk://user:password@host/platform"
        ) from None
    except (KazooException, client.handler.timeout_exception) as error:
        unavailable = DatabaseUnavailable(
            f"the registry {address} has not answered within {address.timeout:g} s"
        )
        unavailable.remedy = "check that ZooKeeper is up and that the hosts in the URL are right"
        raise unavailable from error
    finally:
        with contextlib.suppress(Exception):
            client.stop()
            client.close()
    return _decoded(found)


def _who(address: Address) -> str:
    return f"the user {address.login.partition(':')[0]}" if address.login else "everybody"


def _decoded(value: bytes) -> str:
    """The Go library writes GBK; other tools write UTF-8."""
    try:
        return value.decode("gbk")
    except UnicodeDecodeError:
        return value.decode("utf-8", "replace")
