"""A transaction of a client, and what may stand around the creations in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from qtask_db import calls
from qtask_db.database import Connection
from qtask_db.errors import ConfigurationError
from qtask_db.task import NewTask, Options, Payload, Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

Creation: TypeAlias = "Callable[[list[NewTask]], list[Task]]"
Middleware: TypeAlias = "Callable[[list[NewTask], Creation], list[Task]]"


class Transaction:
    """A transaction in which tasks are created."""

    def __init__(self, conn: Connection, middleware: Sequence[Middleware] = ()) -> None:
        self._conn: Connection | None = conn
        self._middleware = middleware
        self.tasks: list[Task] = []
        """Created tasks, which are pushed after the commit. Take a task out if you roll it back to
        a savepoint.
        """

    @property
    def conn(self) -> Connection:
        """The connection. Raises ConfigurationError after the end: it is somebody else's then."""
        if self._conn is None:
            raise ConfigurationError("the transaction has ended: begin another one")
        return self._conn

    @property
    def raw(self) -> Any:
        """The driver's connection, for the business's own statements."""
        return self.conn.raw

    def create(
        self, name: str, payload: Payload, interval: int, queue: str, **options: Unpack[Options]
    ) -> Task:
        """As `qtask_db.create`, without the connection."""
        if self._middleware:
            return self._make([NewTask(name, payload, interval, queue, **options)])[0]
        return self._keep(calls.create(self.conn, name, payload, interval, queue, **options))

    def delay(
        self,
        name: str,
        payload: Payload,
        delay: int,
        interval: int,
        queue: str,
        **options: Unpack[Options],
    ) -> Task:
        """As `qtask_db.delay`, without the connection."""
        if self._middleware:
            return self._make([NewTask(name, payload, interval, queue, delay, **options)])[0]
        return self._keep(calls.delay(self.conn, name, payload, delay, interval, queue, **options))

    def create_many(self, tasks: Iterable[NewTask]) -> list[Task]:
        """As `qtask_db.create_many`, without the connection."""
        return self._make(list(tasks))

    def _keep(self, task: Task) -> Task:
        self.tasks.append(task)
        return task

    def _make(self, tasks: list[NewTask]) -> list[Task]:
        make: Creation = self._store
        for one in reversed(self._middleware):
            make = _around(one, make)
        made = make(tasks)
        if not isinstance(made, list) or len(made) != len(tasks):
            raise ConfigurationError("a middleware must return what call_next has returned")
        return made

    def _store(self, tasks: list[NewTask]) -> list[Task]:
        made = calls.create_many(self.conn, tasks)
        self.tasks += made
        return made


def _around(middleware: Middleware, call_next: Creation) -> Creation:
    return lambda tasks: middleware(tasks, call_next)
