"""The worker: takes messages in bulk, starts their tasks, runs handlers in threads, ends the tasks.

worker = Worker("mysql://…", "redis://…")  # direct queues alone need no Redis

@worker.handler("GCR:ORDER:BIND")
def bind(job: Job) -> None:
    ...

worker.run()
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import TypeVar

from qtask_db import calls
from qtask_db.constants import NO_TASK
from qtask_db.database import Database
from qtask_db.errors import ConfigurationError, InvalidArgument, TaskNotFound
from qtask_db.log import get_logger
from qtask_db.service.service import Service, process_name
from qtask_db.service.session import Session
from qtask_db.transport.queues import Queues, RedisClient
from qtask_db.worker.completer import Completer
from qtask_db.worker.delivery import Delivery
from qtask_db.worker.direct import Direct
from qtask_db.worker.fetcher import LAST_RUNS, LAST_WRITES, TAKE_WAIT, Fetcher, Source
from qtask_db.worker.housekeeper import LAST_STEP, Housekeeper
from qtask_db.worker.job import WorkerCounters
from qtask_db.worker.messages import Messages
from qtask_db.worker.pool import Handler, Pool

logger = get_logger("qtask_db.worker")

H = TypeVar("H", bound=Handler)


class Worker(Service):
    """Runs handlers for the tasks of their queues.

    `database` and `redis` are URLs, or a Database and a redis-py client. Without Redis it handles
    direct queues only. A worker of direct queues expires and purges tasks, too, where its account
    may: they may have no relay.

    * `threads`: handlers that run at one time.
    * `prefetch`: started tasks that may wait for a thread. None lets the worker choose by how long
      the handlers take: 0 for slow ones.
    * `quick_retries`, `retry_delay`: the first `quick_retries` attempts that fail are repeated
      after `retry_delay` seconds, doubled each time; later ones after the task's interval.
    * `drain_timeout`: seconds that running handlers get after `stop`.
    * `stream`: queues are streams.
    * `name`: of this worker in logs; None makes one of host and process.

    Raises ConfigurationError for a wrong URL or setting.
    """

    def __init__(
        self,
        database: Database | str,
        redis: RedisClient | str | None = None,
        *,
        threads: int = 16,
        prefetch: int | None = None,
        quick_retries: int = 5,
        retry_delay: float = 1.0,
        drain_timeout: float = 30.0,
        stream: bool = False,
        name: str | None = None,
    ) -> None:
        if threads < 1 or min(prefetch or 0, quick_retries, retry_delay, drain_timeout) < 0:
            raise ConfigurationError(
                "threads must be 1 or more; prefetch, quick_retries, retry_delay and drain_timeout "
                "0 or more"
            )
        super().__init__("qtask-worker")
        self.name = name or process_name()
        self.threads = threads
        self.prefetch = prefetch
        self.quick_retries = quick_retries
        self.retry_delay = retry_delay
        self.drain_timeout = drain_timeout
        self.counters = WorkerCounters()
        """Tasks since the start."""
        self._session = Session(database)
        self._queues = None if redis is None else Queues(redis, stream=stream, consumer=self.name)
        self._handlers: dict[str, Handler] = {}
        self._checked = False

    def handler(self, *queues: str) -> Callable[[H], H]:
        """Decorator: the function runs for each task of these queues, with a `Job`.

        Returning finishes the task, raising fails the attempt. It runs at least once for each task,
        so it must bear being repeated. Raises ConfigurationError if a queue has a handler already,
        and if the function is a coroutine or a generator, which would never run.
        """
        if not queues or not all(isinstance(queue, str) and queue for queue in queues):
            raise ConfigurationError('name the queues: @worker.handler("QUEUE")')

        def bind(function: H) -> H:
            unrun = (iscoroutinefunction, isgeneratorfunction, isasyncgenfunction)
            if not callable(function) or any(is_one(function) for is_one in unrun):
                raise ConfigurationError(
                    f"the handler of {queues[0]} must be a plain function, not {function!r}; "
                    "a coroutine needs one around it: asyncio.run(work(job))"
                )
            for queue in queues:
                if queue in self._handlers:
                    raise ConfigurationError(f"queue {queue} has a handler already")
                self._handlers[queue] = function
            return function

        return bind

    def check(self) -> None:
        """Makes each kind of call that a worker makes, but takes no message. Raises the first error
        of the handlers, the database or Redis. Queues that cannot be used are set aside if others
        can be.
        """
        if not self._handlers:
            raise ConfigurationError('no handlers: bind one with @worker.handler("QUEUE")')
        connection = self._session.connection
        for bulk in (calls.receive_many, calls.finish_many, calls.return_many):
            bulk(connection, [])
        for single in (calls.fail, calls.extend):
            with contextlib.suppress(TaskNotFound):
                single(connection, NO_TASK)
        if self._queues is not None:
            self._queues.check(self._handlers)
        else:
            # It takes none: the procedure answers, and refuses.
            with contextlib.suppress(InvalidArgument):
                calls.take(connection, self.name, list(self._handlers), 0)
        self._checked = True

    def run(self, *, patient: bool = False) -> None:
        """Runs until `stop` is called, and then drains.

        An error at the start is raised, so that a person sees it; `patient` waits for a server that
        is away. Later no error ends the loop: it reconnects and backs off.
        """
        if not patient:
            self.check()
        completer = Completer(
            self._session.database,
            self.counters,
            lambda jobs: pool.completed(jobs),
            quick_retries=self.quick_retries,
            retry_delay=self.retry_delay,
        )
        pool = Pool(self.threads, self.prefetch, completer.done)
        delivery = Delivery(self._handlers, has_redis=self._queues is not None)
        sources: list[Source] = [
            Direct(self.name, self._session, self._handlers, delivery, completer)
        ]
        if self._queues is not None:
            sources.append(
                Messages(
                    self._session,
                    self._queues,
                    self._handlers,
                    delivery,
                    self.counters,
                    completer,
                    self._stop,
                )
            )
        fetcher = Fetcher(
            self.name,
            self._session,
            sources,
            self.counters,
            pool,
            completer,
            self._stop,
            checked=self._checked,
        )
        housekeeper = Housekeeper(
            self.name,
            self._session.database,
            self.counters,
            lambda: delivery.surely_direct,
            queues=list(self._handlers),
            threads=self.threads,
            running=lambda: len(pool.running()),
        )
        logger.info(
            "worker %s started: %d threads, %s", self.name, self.threads, list(self._handlers)
        )
        try:
            housekeeper.start()
            fetcher.run(self.drain_timeout)
        finally:
            housekeeper.close()
            self.close()

    @property
    def longest_stop(self) -> float:
        """Seconds that stopping may take: as long as draining may."""
        return self.drain_timeout + LAST_RUNS + LAST_WRITES + LAST_STEP + 2 * TAKE_WAIT

    def close(self) -> None:
        """Closes the connections; the next run opens new ones."""
        self._session.close()
        if self._queues is not None:
            self._queues.close()
