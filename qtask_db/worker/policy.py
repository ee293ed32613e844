"""What a handler wants: how long it may run, how often and when its tasks come again."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, TypeAlias

from qtask_db.constants import LIMIT
from qtask_db.errors import ConfigurationError
from qtask_db.log import get_logger
from qtask_db.payloads.objects import check_model
from qtask_db.worker.job import Job

logger = get_logger("qtask_db.worker")

Handler: TypeAlias = "Callable[[Job], Any]"
Middleware: TypeAlias = "Callable[[Job, Handler], Any]"
Backoff: TypeAlias = "Callable[[int], float | None]"

LONGEST_BACKOFF = 3_600
"""Seconds at which a delay that doubles each time stays."""
LARGEST_WEIGHT = 1_000


@dataclass(frozen=True, slots=True)
class Policy:
    """A handler with its wishes."""

    handler: Handler
    timeout: float | None = None
    """Seconds that it may run."""
    retries: int | None = None
    """Most failed attempts that are repeated."""
    backoff: Backoff | None = None
    """Seconds from the end of a failed attempt to the next one, by how many attempts count."""
    fatal: tuple[type[BaseException], ...] = ()
    """Exceptions after which a task is not tried again."""
    model: type | None = None
    """The class of its payloads."""
    weight: int = 1
    """Its share of the worker, beside the other queues."""

    def bound(self, backoff: Backoff, middleware: Sequence[Middleware]) -> Policy:
        """As a worker runs it, whose own backoff is for handlers that have none."""
        handler = self.handler
        if middleware:
            handler = _checked(handler)
            for one in reversed(middleware):
                handler = _around(one, handler)
        return replace(self, handler=handler, backoff=self.backoff or backoff)

    def exhausted(self, count: int) -> bool:
        """Whether the attempt is not repeated if it fails; so many count, with it."""
        return self.retries is not None and count > self.retries

    def delay(self, count: int) -> int | None:
        """Whole seconds until the next attempt; None is the task's interval."""
        if self.backoff is None:
            return None
        try:
            seconds = self.backoff(count)
        except BaseException as error:  # of the program's own function
            seconds = error  # type: ignore[assignment]
        if seconds is None:
            return None
        if _is_number(seconds) and seconds >= 0:
            return min(math.ceil(seconds), LIMIT["seconds"])
        logger.warning(
            "after attempt %d a backoff gave %r, not a number of seconds: the task comes again "
            "after its interval",
            count, seconds,
        )  # fmt: skip
        return None


def policy(
    handler: Handler,
    *,
    timeout: Any,
    retries: Any,
    backoff: Any,
    fatal: Any,
    model: Any,
    weight: Any,
) -> Policy:
    """Raises ConfigurationError, which names the argument and what is allowed."""
    if timeout is not None and not (_is_number(timeout) and 0 < timeout <= LIMIT["seconds"]):
        raise _refusal("timeout", "None or a number of seconds above 0", timeout)
    if retries is not None and not (_is_whole(retries) and 0 <= retries <= LIMIT["max_count"]):
        raise _refusal("retries", f"None or a whole number, 0 to {LIMIT['max_count']}", retries)
    if _is_number(backoff) and 0 < backoff <= LONGEST_BACKOFF:
        backoff = doubling(backoff)
    elif backoff is not None and not callable(backoff):
        wanted = (
            "None, a function of the attempt that returns seconds, or a number of seconds above 0, "
            f"at most {LONGEST_BACKOFF}, that is doubled each time"
        )
        raise _refusal("backoff", wanted, backoff)
    classes = tuple(fatal) if isinstance(fatal, Iterable) else (fatal,)
    if not all(isinstance(one, type) and issubclass(one, BaseException) for one in classes):
        raise _refusal("fatal", "classes of exceptions", fatal)
    if model is not None:
        try:
            check_model(model)
        except TypeError as error:
            raise ConfigurationError(f"model must be {error}") from None
    if not (_is_whole(weight) and 1 <= weight <= LARGEST_WEIGHT):
        raise _refusal("weight", f"a whole number, 1 to {LARGEST_WEIGHT}", weight)
    return Policy(handler, timeout, retries, backoff, classes, model, weight)


def doubling(first: float, times: float = math.inf, longest: float = LONGEST_BACKOFF) -> Backoff:
    """`first` seconds, doubled each time, at most `longest`; after so many `times` the interval.
    Each is 0.8 to 1.25 times that: tasks that failed together do not come again together.
    """

    def backoff(attempt: int) -> float | None:
        if attempt > times:
            return None
        delay = min(first * 2.0 ** min(attempt - 1, 60), longest)
        return max(1, round(delay * random.uniform(0.8, 1.25)))  # noqa: S311 - spreads load

    return backoff


def is_plain(function: object) -> bool:
    """Whether calling it runs it."""
    unrun = (iscoroutinefunction, isgeneratorfunction, isasyncgenfunction)
    return callable(function) and not any(is_one(function) for is_one in unrun)


def refuse_unrun(result: Any) -> None:
    """The task of a handler that only made a coroutine or a generator must not be finished."""
    if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
        if hasattr(result, "close"):
            result.close()
        raise TypeError(f"the handler returned a {type(result).__name__} that nobody runs")


def _around(middleware: Middleware, call_next: Handler) -> Handler:
    return lambda job: middleware(job, call_next)


def _checked(handler: Handler) -> Handler:
    """A middleware may not pass on what the handler returns."""

    def handle(job: Job) -> Any:
        result = handler(job)
        refuse_unrun(result)
        return result

    return handle


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refusal(name: str, wanted: str, given: object) -> ConfigurationError:
    return ConfigurationError(f"{name} must be {wanted}, not {given!r}")
