"""The objects of a schema as the installer asks for them: each database has a module that does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from qtask_db.errors import ConfigurationError
from qtask_db.schema.render import SchemaObject
from qtask_db.schema.structure import Difference

Create = Callable[[SchemaObject, Sequence[str]], None]


class Objects(Protocol):
    """Looks at, creates and drops the tables, procedures and views that a connection leads to."""

    @property
    def NEEDED_PRIVILEGES(self) -> str:
        """The privileges that the installing account needs, in words."""

    @property
    def Backend(self) -> Any:
        """yoyo's class for this database."""

    def prepare(self, raw: Any) -> None:
        """Makes a session fit to create objects."""

    def tables(self, raw: Any) -> set[str]:
        """The names of the tables that are there."""

    def installed(self, raw: Any, prefix: str) -> list[tuple[str, str]]:
        """Kind and name of all that is there of an installation, in an order in which it can be
        dropped.
        """

    def current(self, raw: Any, prefix: str, stored: Mapping[str, str]) -> dict[str, str]:
        """The digest of each object that is there and sound."""

    def creating(self, raw: Any) -> AbstractContextManager[Create]:
        """Gives a function that creates an object in place of one of its name, and runs the
        statements that grant it.
        """

    def verify(self, raw: Any, prefix: str) -> None:
        """Raises DatabaseError with the text of what does not compile."""

    def differences(self, raw: Any, statements: Iterable[str]) -> Iterator[Difference]:
        """The tables that are other than these statements of the migrations make them."""

    def grants(
        self, raw: Any, prefix: str, created: Sequence[str], there: Mapping[str, str]
    ) -> dict[str, Sequence[str]]:
        """The statements that give back what the server forgets when it creates these procedures.
        Raises ConfigurationError if this account cannot run them.
        """

    def drop(self, raw: Any, kind: str, name: str) -> None:
        """Drops an object, if it is there."""

    def write_setting(self, raw: Any, table: str, name: str, value: str) -> None:
        """Stores one of the settings."""

    def forget_migrations(self, raw: Any, table: str, pattern: str) -> None:
        """Lets yoyo take migrations for not applied."""

    def execute(self, raw: Any, statement: str) -> None:
        """Runs a statement."""


def objects_of(dialect: str) -> Objects:
    """The module of a dialect. Raises ConfigurationError if there is none."""
    if dialect == "mysql":
        from qtask_db.schema.mysql import objects as mysql_objects

        return mysql_objects
    if dialect == "oracle":
        from qtask_db.schema.oracle import objects as oracle_objects

        return oracle_objects
    raise ConfigurationError(f"dialect must be mysql or oracle, not {dialect!r}")
