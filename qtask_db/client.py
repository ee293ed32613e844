"""A client of two URLs: it opens connections, commits and pushes by itself.

client = Client("mysql://app:secret@db/shop", "redis://cache")
with client.transaction() as tx:
    tx.raw.cursor().execute("UPDATE orders SET state = 'paid' WHERE id = 17")
    tx.create("bind order", {"order_no": "17"}, 3600, "ORDER:BIND", order_no="17")
# committed, and the message is on its queue
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from qtask_db import calls
from qtask_db.database import Connection, Database
from qtask_db.errors import (
    ConfigurationError,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    QtaskError,
    QueueUnavailable,
)
from qtask_db.log import get_logger
from qtask_db.models import TaskDetails
from qtask_db.scheduling import Schedule, ScheduleInfo
from qtask_db.task import NewTask, Options, Payload, Task
from qtask_db.transaction import Middleware, Transaction
from qtask_db.transport.keys import check_prefix
from qtask_db.transport.pushing import push_now
from qtask_db.transport.url import RedisClient, check_client, connect

if TYPE_CHECKING:
    from typing_extensions import Unpack

log = get_logger("qtask_db.client")

T = TypeVar("T")
M = TypeVar("M", bound=Middleware)

_TRIES = 5


class Client:
    """Creates and handles tasks without a connection in hand. Safe to share between threads, and
    with processes that are forked while no other thread uses it.

    Single calls (`create`, `delay`, `create_many`, `run`) are repeated if the server rolled the
    transaction back because of another one. They are not if the connection was lost, because the
    commit may have happened.
    """

    def __init__(
        self,
        database: Database | str,
        redis: RedisClient | str | None = None,
        *,
        prefix: str | None = None,
        stream: bool = False,
        queue_prefix: str | None = None,
    ) -> None:
        """`database` is a URL or a Database, `redis` a URL or a redis-py client; None is that of
        the database's name or registry. Without Redis nothing is pushed, and a relay finds the
        real-time tasks after the push grace. `stream`: queues are streams. `queue_prefix` stands
        before the names of queues in Redis.

        Raises ConfigurationError for a wrong URL or prefix and for anything but a client of
        redis-py.
        """
        self.database = (
            database if isinstance(database, Database) else Database(database, prefix=prefix)
        )
        if redis is None:
            redis = self.database.redis_url
        self._redis = redis if redis is None or isinstance(redis, str) else check_client(redis)
        if isinstance(redis, str):
            with suppress(QueueUnavailable):  # a Cluster that is away: each push looks for it again
                self._redis = connect(redis)
        self._stream = stream
        self._queue_prefix = check_prefix(
            self.database.queue_prefix if queue_prefix is None else queue_prefix
        )
        self._middleware: list[Middleware] = []
        self._own_redis = isinstance(redis, str)
        # No queue.LifoQueue: an exception of a signal handler would leave its lock taken.
        self._idle: deque[tuple[Connection, float]] = deque()
        self._inherited: list[Any] = []
        self._pid = os.getpid()

    def middleware(self, function: M) -> M:
        """Decorator: `function(tasks, call_next)` runs around each creation, and makes it by
        `call_next(tasks)`, whose result it returns. It may change the tasks, a list of NewTask. The
        one that was added first is the outermost. A creation that is repeated runs it again.
        """
        if not callable(function) or iscoroutinefunction(function):
            raise ConfigurationError(f"a middleware must be a plain function, not {function!r}")
        self._middleware.append(function)
        return function

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block and then pushes, or rolls back if the
        block raises.
        """
        with self._connection(autocommit=False) as conn:
            tx = Transaction(conn, self._middleware)
            try:
                yield tx
                conn.commit()
            finally:
                tx._conn = None
        self._push(tx.tasks)

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in a transaction, and again if the server rolled it back because of another
        one, whichever statement met that.

        `work` may be called several times: it must do nothing that a rollback does not undo.
        Raises Conflict when five tries have failed.
        """
        for tries in range(1, _TRIES + 1):
            try:
                with self.transaction() as tx:
                    return work(tx)
            except Exception as error:
                translated = self._translated(error)
                if not isinstance(translated, Conflict):
                    raise
                if tries == _TRIES:
                    raise translated from error
                time.sleep(0.01 * 2**tries)
        raise AssertionError("unreachable")

    def create(
        self, name: str, payload: Payload, interval: int, queue: str, **options: Unpack[Options]
    ) -> Task:
        """As `qtask_db.create` in a transaction of its own, pushed."""
        return self._single(lambda tx: tx.create(name, payload, interval, queue, **options))

    def delay(
        self,
        name: str,
        payload: Payload,
        delay: int,
        interval: int,
        queue: str,
        **options: Unpack[Options],
    ) -> Task:
        """As `qtask_db.delay` in a transaction of its own."""
        return self._single(lambda tx: tx.delay(name, payload, delay, interval, queue, **options))

    def create_many(self, tasks: Iterable[NewTask]) -> list[Task]:
        """As `qtask_db.create_many` in a transaction of its own, pushed."""
        return self._single(lambda tx: tx.create_many(tasks))

    def read_task(self, task_id: int) -> TaskDetails:
        """As `qtask_db.read_task`, in a transaction of its own."""
        return self._single(lambda tx: calls.read_task(tx.conn, task_id))

    def set_schedule(self, schedule: Schedule) -> int:
        """As `qtask_db.set_schedule` in a transaction of its own."""
        return self._single(lambda tx: calls.set_schedule(tx.conn, schedule))

    def remove_schedule(self, name: str, namespace: str | None = None) -> None:
        """As `qtask_db.remove_schedule` in a transaction of its own."""
        self._single(lambda tx: calls.remove_schedule(tx.conn, name, namespace))

    def pause_schedule(self, name: str, namespace: str | None = None) -> None:
        """As `qtask_db.pause_schedule` in a transaction of its own."""
        self._single(lambda tx: calls.pause_schedule(tx.conn, name, namespace))

    def resume_schedule(self, name: str, namespace: str | None = None) -> None:
        """As `qtask_db.resume_schedule` in a transaction of its own."""
        self._single(lambda tx: calls.resume_schedule(tx.conn, name, namespace))

    def run_schedule(self, name: str, namespace: str | None = None) -> int:
        """As `qtask_db.run_schedule` in a transaction of its own."""
        return self._single(lambda tx: calls.run_schedule(tx.conn, name, namespace))

    def schedules(self, namespace: str | None = None) -> list[ScheduleInfo]:
        """As `qtask_db.list_schedules`."""
        return self._single(lambda tx: calls.list_schedules(tx.conn, namespace))

    def close(self) -> None:
        """Closes the idle connections, and those to Redis if it was given as a URL."""
        self._drop_idle()
        if self._own_redis and self._redis is not None and not isinstance(self._redis, str):
            with suppress(Exception):
                self._redis.close()

    def _single(self, work: Callable[[Transaction], T]) -> T:
        """One call, which commits by itself: a round trip less than a transaction takes."""
        with self._connection(autocommit=True) as conn:
            tx = Transaction(conn, self._middleware)
            done = work(tx)
        self._push(tx.tasks)
        return done

    @contextmanager
    def _connection(self, *, autocommit: bool) -> Iterator[Connection]:
        conn = self._take(autocommit)
        try:
            yield conn
        except BaseException as error:
            self._give_up(conn, error)
            raise
        self._idle.append((conn, time.monotonic()))

    def _take(self, autocommit: bool) -> Connection:
        if self._pid != os.getpid():
            # The parent of this process goes on using its connections. To close them, or to have
            # them closed as garbage, could end its sessions.
            self._inherited.append(self._idle)
            self._idle, self._pid = deque(), os.getpid()
        while True:
            try:
                conn, since = self._idle.pop()
            except IndexError:
                return self.database.connect(autocommit=autocommit)
            with suppress(DatabaseUnavailable):
                if conn.usable(time.monotonic() - since):
                    conn.set_autocommit(autocommit)
                    return conn
            conn.close()
            self._drop_idle()

    def _give_up(self, conn: Connection, error: BaseException) -> None:
        """Back to the idle ones only after an error of ours. Any other one may have struck between
        a statement and its answer, which the next statement would take for its own.
        """
        with suppress(DatabaseError):
            conn.rollback()
            if isinstance(error, QtaskError) and not isinstance(error, DatabaseUnavailable):
                self._idle.append((conn, time.monotonic()))
                return
        conn.close()
        if isinstance(self._translated(error), DatabaseUnavailable):
            self._drop_idle()

    def _translated(self, error: BaseException) -> BaseException:
        return (isinstance(error, Exception) and self.database.translate(error)) or error

    def _drop_idle(self) -> None:
        """Closes the idle connections: if one was lost, the others mostly were, too."""
        with suppress(IndexError):
            while True:
                self._idle.pop()[0].close()

    def _push(self, tasks: list[Task]) -> None:
        if self._redis is None:
            return
        try:
            if isinstance(self._redis, str):
                self._redis = connect(self._redis)
            push_now(self._redis, tasks, stream=self._stream, queue_prefix=self._queue_prefix)
        except QueueUnavailable as error:
            # They are committed: a relay pushes them after the push grace.
            log.warning("%d tasks were not pushed, a relay will: %s", len(tasks), error)

    def __enter__(self) -> Client:
        """The end of the block closes the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
