"""By which way the tasks of a worker's queues come."""

from __future__ import annotations

from collections.abc import Collection

from qtask_db.log import get_logger
from qtask_db.models import ReceivedTask

logger = get_logger("qtask_db.worker")

NAMED = 10
"""Queues that a line of the log names."""


class Delivery:
    """What the database last said of the queues; some may be direct until it does.

    A queue may be direct in one namespace, and not in another.
    """

    def __init__(self, queues: Collection[str], *, has_redis: bool) -> None:
        self._queues = queues
        self.has_redis = has_redis
        """Whether the worker can take messages."""
        self._elsewhere: frozenset[str] = frozenset()
        self._known = False
        self.any_direct = True
        """Whether some are direct."""

    @property
    def surely_direct(self) -> bool:
        """Whether the database has said so."""
        return self._known and self.any_direct

    @property
    def any_messages(self) -> bool:
        """Whether messages of some come through Redis."""
        return bool(self._elsewhere)

    def none_direct(self) -> None:
        """No queue is direct now."""
        self._found(frozenset(self._queues), any_direct=False)

    def found(self, elsewhere: Collection[str]) -> None:
        """Some are direct, and these are not."""
        self._found(frozenset(elsewhere), any_direct=True)

    def _found(self, now: frozenset[str], *, any_direct: bool) -> None:
        """A change is told."""
        if (now, any_direct) == (self._elsewhere, self.any_direct) and self._known:
            return
        if not self.has_redis:
            for queue in sorted(now - self._elsewhere):
                logger.warning(
                    "queue %s is delivered through Redis, and this worker has none: give it a "
                    "Redis URL, or change the queue by `qtask delivery %s direct`",
                    queue,
                    queue,
                )
        elif self._known or any_direct:
            logger.info("through Redis: %s", _named(now) if any_direct else "all queues")
        self._elsewhere, self.any_direct, self._known = now, any_direct, True


def _named(queues: Collection[str]) -> str:
    """Some of them."""
    some = sorted(queues)[:NAMED]
    more = len(queues) - len(some)
    return (", ".join(some) or "no queue") + (f" and {more} more" if more else "")


def tell_lapses(started: Collection[ReceivedTask]) -> None:
    """Of tasks whose last attempt never ended."""
    if lapsed := [one for one in started if one.lapses]:
        most = max(lapsed, key=lambda one: one.lapses)
        logger.warning(
            "%d tasks whose last attempt never ended, task %d of %s %d times in a row: it may "
            "kill its worker",
            len(lapsed), most.task_id, most.queue, most.lapses,
        )  # fmt: skip
