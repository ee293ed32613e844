"""Pushing the messages of new tasks, once they are committed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from qtask_db.errors import QueueUnavailable
from qtask_db.log import get_logger
from qtask_db.models import Message
from qtask_db.process.retrying import Trouble
from qtask_db.transport.commands import concerns_one_queue
from qtask_db.transport.queues import QUEUE_LIMIT, Queues
from qtask_db.transport.url import RedisClient


class Pushable(Protocol):
    """A created task, as far as pushing it goes."""

    @property
    def pushable(self) -> bool:
        """Whether its creator should push it."""

    @property
    def message(self) -> Message:
        """The message that announces its first attempt."""


def push_tasks(
    redis: RedisClient | str,
    tasks: Iterable[Pushable],
    *,
    limit: int = QUEUE_LIMIT,
    stream: bool = False,
    queue_prefix: str | None = None,
) -> int:
    """Puts new real-time tasks on their queues, in few round trips. Call it after the commit.

    Returns how many it pushed. Tasks that are not `pushable` are skipped. A relay pushes later what
    no longer fits in a queue of `limit` messages, and all if Redis refuses or does not answer. That
    is logged and raises no error, because the tasks are committed. `redis` is a redis-py client,
    which is quicker if you push often, or a URL; anything else, such as a pipeline or an
    asynchronous client, raises ConfigurationError.
    """
    pushed, error = _push(Queues(redis, stream=stream, prefix=queue_prefix), tasks, limit)
    if error is None:
        _unpushed.clear()
    else:
        _unpushed.report(error)
    return pushed


def push_now(
    redis: RedisClient | str,
    tasks: Iterable[Pushable],
    *,
    limit: int = QUEUE_LIMIT,
    stream: bool = False,
    queue_prefix: str | None = None,
) -> int:
    """As `push_tasks`, but raises QueueUnavailable if not all could be pushed."""
    pushed, error = _push(Queues(redis, stream=stream, prefix=queue_prefix), tasks, limit)
    if error is not None:
        raise error
    return pushed


def _push(
    queues: Queues, tasks: Iterable[Pushable], limit: int
) -> tuple[int, QueueUnavailable | None]:
    """How many were pushed, and why not all: an unusable queue stops no other."""
    groups: dict[str, list[Message]] = {}
    for message in (task.message for task in tasks if task.pushable):
        groups.setdefault(message.queue, []).append(message)
    pushed, failed = 0, None
    try:
        for queue, group in groups.items():
            try:
                pushed += queues.push_bounded(queue, group, limit)
            except QueueUnavailable as error:
                failed = error
                if error.__cause__ is None or not concerns_one_queue(error.__cause__):
                    break
    finally:
        queues.close()
    return pushed, failed


_unpushed = Trouble(get_logger("qtask_db.queues"), "pushing, which a relay makes up for")
