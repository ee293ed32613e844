"""The settings of an installation. Validated before anything reaches a template."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace

from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import ConfigurationError

DEFAULT_PREFIX = "qtask_"
_STORED = 255
"""Characters of a setting that the schema can remember."""
_PATTERN = 100
"""Characters of a pattern: Oracle takes 512 bytes for a regular expression."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one schema; the environment gives each as `QTASK_<NAME>`."""

    prefix: str = DEFAULT_PREFIX
    """The beginning of the name of each table, view and procedure."""
    payload_limit: int = DEFAULT["payload_limit"]
    """Most bytes of a payload."""
    max_lapses: int = DEFAULT["max_lapses"]
    """Attempts in a row that never ended, before the task fails: it may kill its worker."""
    push_grace: int = DEFAULT["push_grace"]
    """Seconds after which a relay pushes a real-time task that its creator has not pushed."""
    maintenance_minutes: int = 0
    """Minutes between two runs of the database's own expiry and purge; 0: none."""
    queue_pattern: str = "*"
    """Names that new queues may have, separated by commas; `*` stands for any text."""
    max_queues: int = DEFAULT["max_queues"]
    """Most queues that may be registered."""
    delivery: str = DEFAULT["delivery"]
    """Of new queues: `redis`, or `direct` from the database."""
    tablespace: str = ""
    """Oracle: of the tables; empty is the account's default one."""
    index_tablespace: str = ""
    """Oracle: of the indexes; empty is that of the tables."""
    sequence_cache: int = 1000
    """Oracle: numbers that each instance keeps in memory; 0 and 1 keep none."""
    spread_index: str = "none"
    """Oracle: `reverse` or `hash` spreads the indexes that grow at their right end, for RAC."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,9}", self.prefix):
            raise ConfigurationError(
                "prefix must be 1 to 10 lower-case letters, digits and underscores, "
                f"the first a letter, not {self.prefix!r}"
            )
        _check_range("payload_limit", self.payload_limit, 2, LIMIT["payload_limit"], "bytes")
        _check_range("max_lapses", self.max_lapses, 1, LIMIT["max_count"], "attempts")
        _check_range("push_grace", self.push_grace, 1, 3600, "seconds")
        _check_range("maintenance_minutes", self.maintenance_minutes, 0, 1440, "minutes")
        object.__setattr__(self, "queue_pattern", ",".join(self.queue_patterns))
        _check_range("max_queues", self.max_queues, 1, LIMIT["queues"], "queues")
        if self.delivery not in ("redis", "direct"):
            raise ConfigurationError(f"delivery must be redis or direct, not {self.delivery!r}")
        for name in ("tablespace", "index_tablespace"):
            if not re.fullmatch(r"([A-Za-z][A-Za-z0-9_$#]{0,29})?", getattr(self, name)):
                raise ConfigurationError(
                    f"{name} must be a name of at most 30 letters, digits, _, $ and #, "
                    f"not {getattr(self, name)!r}"
                )
        _check_range("sequence_cache", self.sequence_cache, 0, 1_000_000, "numbers")
        if self.sequence_cache == 1:  # CACHE 1, which is none, is ORA-04010
            object.__setattr__(self, "sequence_cache", 0)
        if self.spread_index not in ("none", "reverse", "hash"):
            raise ConfigurationError(
                f"spread_index must be none, reverse or hash, not {self.spread_index!r}"
            )

    @property
    def queue_patterns(self) -> tuple[str, ...]:
        """Those of `queue_pattern`; a blank setting allows any name."""
        names = tuple(name.strip(" ") for name in (self.queue_pattern.strip(" ") or "*").split(","))
        if len(self.queue_pattern) > _STORED or not all(
            0 < len(name) <= _PATTERN and name.isprintable() for name in names
        ):
            raise ConfigurationError(
                f"queue_pattern must be names of 1 to {_PATTERN} printable characters, separated "
                f"by commas, at most {_STORED} characters in all, not {self.queue_pattern!r}"
            )
        return names

    def allows(self, queue: str) -> bool:
        """Whether a new queue may have this name."""
        patterns = (re.escape(name).replace(r"\*", ".*") for name in self.queue_patterns)
        return re.fullmatch("|".join(patterns), queue, re.DOTALL) is not None

    def updated(self, texts: Mapping[str, str]) -> Settings:
        """These settings with those that `texts` gives."""
        changes = {n: t if n in _TEXTS else _integer(n, t) for n, t in texts.items()}
        return replace(self, **changes)  # type: ignore[arg-type]

    def texts(self) -> dict[str, str]:
        """All of them, as `updated` takes them."""
        return {f.name: str(getattr(self, f.name)) for f in fields(self)}

    def stored(self) -> dict[str, str]:
        """Those that the schema remembers; the others show in its tables."""
        return {name: text for name, text in self.texts().items() if name not in _IN_TABLES}


_TEXTS = {f.name for f in fields(Settings) if isinstance(f.default, str)}
_IN_TABLES = {"prefix", "tablespace", "index_tablespace", "sequence_cache", "spread_index"}


def package(prefix: str) -> str:
    """The name of the package of the procedures, in a database that has packages."""
    return prefix.removesuffix("_")


_override: ContextVar[Mapping[str, str] | None] = ContextVar("qtask_settings", default=None)


def requested() -> Mapping[str, str]:
    """The settings that are asked for: those of `requesting`, else the environment's."""
    override = _override.get()
    if override is not None:
        return override
    names = {f.name: f"QTASK_{f.name.upper()}" for f in fields(Settings)}
    return {name: os.environ[key] for name, key in names.items() if os.environ.get(key)}


@contextmanager
def requesting(settings: Mapping[str, str]) -> Iterator[None]:
    """Lets `settings` stand in for the environment: migrations get no arguments."""
    token = _override.set(settings)
    try:
        yield
    finally:
        _override.reset(token)


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(f"{name} must be a whole number, not {text!r}") from None


def _check_range(name: str, value: int, low: int, high: int, unit: str) -> None:
    if not low <= value <= high:
        raise ConfigurationError(f"{name} must be {low} to {high} ({unit}), not {value}")
