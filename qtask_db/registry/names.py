"""Names for databases, configured by the program or set in its environment; where they lead."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qtask_db.errors import ConfigurationError
from qtask_db.log import mask
from qtask_db.settings import Settings

if TYPE_CHECKING:
    from qtask_db.registry.nodes import Registry


class Given(NamedTuple):
    """A value, and in words where it was given."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name or a URL leads."""

    address: Given
    """The URL of the database, or of a registry."""
    redis: Given | None = None
    """The URL of Redis that the name has."""
    prefix: Given | None = None
    """The prefix that the name has."""
    queue_prefix: Given | None = None
    """The prefix of its queues in Redis."""

    def database(self) -> Given:
        """The URL of the database; a registry is read now."""
        registry = self._registry()
        return self._said(*registry.database()) if registry else self.address

    def registered_redis(self) -> Given | None:
        """The URL of Redis that a registry has, which is read now."""
        registry = self._registry()
        found = registry.redis() if registry else None
        return self._said(*found) if found else None

    @property
    def queue_node(self) -> str | None:
        """The node of the registry that has the URL of Redis, if there is such a node."""
        registry = self._registry()
        return registry.queue_path if registry else None

    def _registry(self) -> Registry | None:
        if not self.address.text.lower().startswith(("zk:", "fs:")):
            return None
        # Other programs need not load what reads one.
        from qtask_db.registry import address, nodes

        return nodes.Registry(address.read(self.address.text))

    def _said(self, url: str, path: str) -> Given:
        by = f" ({self.address.source})" if self.address.source else ""
        return Given(url, f"node {path} of {mask(self.address.text)}{by}")


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_configured: dict[str, Place] = {}


def configure(
    name: str,
    *,
    database: str,
    redis: str | None = None,
    prefix: str | None = None,
    queue_prefix: str | None = None,
) -> None:
    """Lets `name` stand wherever the URL of a database is taken in this program: `Client(name)`.

    `database` is that URL, or a registry's; `redis` is the URL of Redis, for those who are given no
    other; `prefix` is that of the schema, `queue_prefix` that of queues in Redis. A second call
    replaces what the first one said.

    Raises ConfigurationError for a name that is not made of letters, digits and underscores, and
    for a wrong prefix; a wrong URL or queue prefix shows when the name is used.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"a name is made of letters, digits and underscores, the first a letter, not {name!r}"
        )
    source = f"configure({name!r})"
    _configured[name] = Place(
        Given(database, source),
        Given(redis, source) if redis else None,
        Given(Settings(prefix).prefix, source) if prefix else None,
        None if queue_prefix is None else Given(queue_prefix, source),
    )


def look_up(given: Given) -> Place:
    """Where a name leads; a URL leads to itself. Raises ConfigurationError for a name that
    neither the program has configured nor the environment knows.
    """
    name = given.text
    if not _NAME.fullmatch(name):
        return Place(given)
    if name in _configured:
        return _configured[name]
    variables = f"QTASK_{name.upper()}_"
    database = from_environment(f"{variables}DATABASE_URL")
    if database is None:
        raise ConfigurationError(
            f"{name!r} is neither a database URL, such as mysql://user:password@host/schema, nor a "
            f"known name: set {variables}DATABASE_URL, or call "
            f"qtask_db.configure({name!r}, database=...) first"
        )
    return Place(
        database,
        from_environment(f"{variables}REDIS_URL"),
        from_environment(f"{variables}PREFIX"),
        from_environment(f"{variables}QUEUE_PREFIX"),
    )


def from_environment(variable: str) -> Given | None:
    """The variable, else the first line of the file that `<variable>_FILE` names."""
    if value := os.environ.get(variable, "").strip():
        return Given(value, variable)
    if not (file := os.environ.get(f"{variable}_FILE")):
        return None
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(
            f"cannot read the file of {variable}_FILE: {file}: {reason}"
        ) from None
    if not text:
        raise ConfigurationError(f"the file of {variable}_FILE is empty: {file}")
    return Given(text.splitlines()[0].strip(), f"{variable}_FILE, {file}")
