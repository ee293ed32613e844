"""The worker: takes messages in bulk, starts their tasks, runs handlers in threads, ends the tasks.

worker = Worker("mysql://…", "redis://…")  # direct queues alone need no Redis

@worker.handler("GCR:ORDER:BIND")
def bind(job: Job) -> None:
    ...

worker.run()
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import TypeVar

from qtask_db import calls
from qtask_db.constants import NO_TASK
from qtask_db.database import Database
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    InvalidArgument,
    NotInstalled,
    TaskNotFound,
)
from qtask_db.log import get_logger
from qtask_db.service.service import Service, process_name
from qtask_db.service.session import Session
from qtask_db.transport.queues import Queues, RedisClient
from qtask_db.worker.completer import Completer
from qtask_db.worker.delivery import Delivery
from qtask_db.worker.direct import Direct
from qtask_db.worker.fetcher import LAST_RUNS, LAST_WRITES, TAKE_WAIT, Fetcher, Source
from qtask_db.worker.housekeeper import LAST_STEP, Housekeeper
from qtask_db.worker.job import Job, WorkerCounters
from qtask_db.worker.messages import Messages
from qtask_db.worker.policy import Backoff, Handler, Middleware, Policy, doubling, is_plain, policy
from qtask_db.worker.pool import Pool
from qtask_db.worker.watchdog import Watchdog

logger = get_logger("qtask_db.worker")

H = TypeVar("H", bound=Handler)
M = TypeVar("M", bound=Middleware)
Hook = TypeVar("Hook", bound="Callable[[], object]")


class Worker(Service):
    """Runs handlers for the tasks of their queues.

    `database` and `redis` are URLs, or a Database and a redis-py client; `redis` may be left out if
    a name or a registry has it. Without Redis it handles direct queues only. A worker of direct
    queues runs due schedules, expires and purges tasks, too, where its account may: they may have
    no relay.

    * `threads`: handlers that run at one time.
    * `prefetch`: started tasks that may wait for a thread. None lets the worker choose by how long
      the handlers take: 0 for slow ones.
    * `quick_retries`, `retry_delay`: the first `quick_retries` attempts that fail are repeated
      after `retry_delay` seconds, doubled each time; later ones after the task's interval.
    * `drain_timeout`: seconds that running handlers get after `stop`.
    * `stream`: queues are streams.
    * `queue_prefix`: stands before the names of queues in Redis; None is QTASK_QUEUE_PREFIX.
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
        queue_prefix: str | None = None,
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
        named = self._session.database
        redis = named.redis_url if redis is None else redis
        prefix = named.queue_prefix if queue_prefix is None else queue_prefix
        make = partial(Queues, stream=stream, consumer=self.name, prefix=prefix)
        self._queues = None if redis is None else make(redis)
        self._handlers: dict[str, Policy] = {}
        self._middleware: list[Middleware] = []
        self._at_startup: list[Callable[[], object]] = []
        self._at_shutdown: list[Callable[[], object]] = []
        self._checked = self._started_up = False

    def handler(
        self,
        *queues: str,
        timeout: float | None = None,
        retries: int | None = None,
        backoff: Backoff | float | None = None,
        fatal: type[BaseException] | Iterable[type[BaseException]] = (),
        model: type | None = None,
        weight: int = 1,
    ) -> Callable[[H], H]:
        """Decorator: the function runs for each task of these queues, with a `Job`.

        Returning finishes the task. `Retry` and any other exception fail the attempt, `Fail` the
        task, and `Snooze` puts it off. The function runs at least once for each task, so it must
        bear being repeated.

        * `timeout`: seconds that it may run; then the attempt has failed, and its thread is
          replaced. None is no limit.
        * `retries`: most failed attempts that are repeated, 0 for none; None leaves it to the
          task's `max_count`.
        * `backoff`: a function of the attempt that returns the seconds until the next one, or the
          seconds after the first one, doubled each time, 3,600 at most; None is that of the worker.
        * `fatal`: exceptions after which the task is not tried again, as after `Fail`.
        * `model`: a dataclass, a pydantic model or a msgspec Struct: `job.data` is the payload as
          one, and a task whose payload does not fit has failed for good.
        * `weight`: its share of the worker while other queues have tasks, too.

        Raises ConfigurationError if a queue has a handler already, if an argument is wrong, and if
        the function is a coroutine or a generator, which would never run.
        """
        if not queues or not all(isinstance(queue, str) and queue for queue in queues):
            raise ConfigurationError('name the queues: @worker.handler("QUEUE")')

        def bind(function: H) -> H:
            _refuse_unrun(f"the handler of {queues[0]}", function)
            bound = policy(
                function, timeout=timeout, retries=retries, backoff=backoff, fatal=fatal,
                model=model, weight=weight,
            )  # fmt: skip
            for queue in queues:
                if queue in self._handlers:
                    raise ConfigurationError(f"queue {queue} has a handler already")
                self._handlers[queue] = bound
            return function

        return bind

    def middleware(self, function: M) -> M:
        """Decorator: `function(job, call_next)` runs around each handler, and calls it by
        `call_next(job)`. The one that was added first is the outermost. How it returns or raises is
        how the attempt ends.
        """
        _refuse_unrun("a middleware", function)
        self._middleware.append(function)
        return function

    def on_startup(self, function: Hook) -> Hook:
        """Decorator: the function is called at each start, before anything is taken. An error ends
        the start.
        """
        _refuse_unrun("a function for the start", function)
        self._at_startup.append(function)
        return function

    def on_shutdown(self, function: Hook) -> Hook:
        """Decorator: the function is called when the worker has drained, the one that was added
        last comes first. An error is logged.
        """
        _refuse_unrun("a function for the end", function)
        self._at_shutdown.append(function)
        return function

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
        # Without this one the completer does, and tells.
        with contextlib.suppress(AccessDenied, NotInstalled):
            calls.end_many(connection, process_name(), [])
        if self._queues is not None:
            self._queues.check(self._handlers)
        else:
            # It takes none: the procedure answers, and refuses.
            with contextlib.suppress(InvalidArgument):
                calls.take(connection, self.name, list(self._handlers), 0)
        self._checked = True

    def prepare(self) -> None:
        """Does what `run` and `start` do first, so that a person sees an error: `check`, and the
        functions of `on_startup`.
        """
        self.check()
        self._start_up()

    def run(self, *, patient: bool = False) -> None:
        """Runs until `stop` is called, and then drains.

        An error at the start is raised, so that a person sees it; `patient` waits for a server that
        is away. Later no error ends the loop: it reconnects and backs off.
        """
        if not patient:
            self.check()
        if not self._started_up:
            self._start_up()
        try:
            self._serve_queues()
        finally:
            self.close()
            self._shut_down()

    def _start_up(self) -> None:
        for function in self._at_startup:
            function()
        self._started_up = True

    def _shut_down(self) -> None:
        self._started_up = False
        for function in reversed(self._at_shutdown):
            try:
                function()
            except Exception:
                logger.exception("worker %s: a function for its end", self.name)

    def _serve_queues(self) -> None:
        own = doubling(self.retry_delay, self.quick_retries, math.inf)
        policies = {
            queue: one.bound(own, self._middleware) for queue, one in self._handlers.items()
        }

        def completed(jobs: Collection[Job]) -> None:
            pool.completed(jobs)

        make = partial(Completer, self.name, self._session.database, self.counters, completed)
        completer = make(verifier=make())
        pool = Pool(self.threads, self.prefetch, completer.done)
        watchdog = Watchdog(pool, self.threads)
        delivery = Delivery(policies, has_redis=self._queues is not None)
        sources: list[Source] = [Direct(self.name, self._session, policies, delivery, completer)]
        if self._queues is not None:
            sources.append(
                Messages(
                    self._session,
                    self._queues,
                    policies,
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
            watchdog.start()
            fetcher.run(self.drain_timeout)
        finally:
            watchdog.close()
            housekeeper.close()

    @property
    def longest_stop(self) -> float:
        """Seconds that stopping may take: as long as draining may."""
        return self.drain_timeout + LAST_RUNS + LAST_WRITES + LAST_STEP + 2 * TAKE_WAIT

    def close(self) -> None:
        """Closes the connections; the next run opens new ones."""
        self._session.close()
        if self._queues is not None:
            self._queues.close()


def _refuse_unrun(what: str, function: object) -> None:
    if not is_plain(function):
        raise ConfigurationError(
            f"{what} must be a plain function, not {function!r}; "
            "a coroutine needs one around it: asyncio.run(work(job))"
        )
