"""The nodes of a platform, and the URLs that they say."""

from __future__ import annotations

import json
from typing import Any

from qtask_db.errors import ConfigurationError
from qtask_db.registry import dsn, files, queues, zookeeper
from qtask_db.registry.address import Address

_READERS = {"zk": zookeeper.read, "fs": files.read}
_ENCRYPTED = "encrypt:cbc/pkcs5:"
_KEY, _VECTOR = b"@-hydra*", b"#*---iv*"
"""Those of every system of the Go library: what they protect is not secret."""


class Registry:
    """The registry of an address. It is read at each call, and never written."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def database(self) -> tuple[str, str]:
        """The URL of the database, and the node that says it. Raises ConfigurationError or
        DatabaseUnavailable.
        """
        path = self._path("db", self._address.db)
        node = self._node(path)
        if node is None:
            raise ConfigurationError(
                f"the registry {self._address} has no node {path}: check the platform and the name "
                "of the database in the URL"
            )
        return dsn.database_url(node, path), path

    def redis(self) -> tuple[str, str] | None:
        """The URL of Redis, and the node that says it; None if the platform has no such queue.
        Raises ConfigurationError or DatabaseUnavailable.
        """
        path = self.queue_path
        node = self._node(path)
        if node is None:
            return None
        queues.check(node, path)
        if shared := node.get("config_name"):
            path = self._path("redis", str(shared))
            node = self._node(path)
            if node is None:
                raise ConfigurationError(
                    f"the registry {self._address} has no node {path}, which its queue "
                    f"{self._address.queue!r} names: create it, or give a Redis URL"
                )
        return queues.redis_url(node, path), path

    @property
    def queue_path(self) -> str:
        """The node of the queue."""
        return self._path("queue", self._address.queue)

    def _path(self, kind: str, name: str) -> str:
        return f"/{self._address.platform}/var/{kind}/{name}"

    def _node(self, path: str) -> dict[str, Any] | None:
        text = _READERS[self._address.scheme](self._address, path)
        return None if text is None else _object(text, path)


def _object(text: str, path: str) -> dict[str, Any]:
    """The object that a node says. Its keys are in lower case, as Go takes them in any."""
    if text.startswith(_ENCRYPTED):
        text = _decrypted(text.removeprefix(_ENCRYPTED), path)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(f"the node {path} must be a JSON object: mend it") from None
    return {key.lower(): value for key, value in found.items()}


def _decrypted(text: str, path: str) -> str:
    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, modes
        from cryptography.hazmat.primitives.padding import PKCS7
    except ImportError:
        raise ConfigurationError(
            f"the node {path} is encrypted, and the package for that is missing: "
            "pip install 'qtask-db[registry]'"
        ) from None
    # Three times the same key is DES.
    cipher = Cipher(TripleDES(_KEY * 3), modes.CBC(_VECTOR)).decryptor()
    padding = PKCS7(64).unpadder()
    try:
        padded = cipher.update(bytes.fromhex(text.strip())) + cipher.finalize()
        return (padding.update(padded) + padding.finalize()).decode("utf-8")
    except ValueError:
        raise ConfigurationError(
            f"the node {path} is encrypted otherwise than the Go library does it: mend it"
        ) from None
