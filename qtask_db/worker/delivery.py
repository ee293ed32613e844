"""By which way the tasks of a worker's queues come."""

from __future__ import annotations

from collections.abc import Collection

from qtask_db.log import get_logger
from qtask_db.models import ReceivedTask

logger = get_logger("qtask_db.worker")


class Delivery:
    """What the database last said of the queues; all of them may be direct until it does."""

    def __init__(self, queues: Collection[str], *, has_redis: bool) -> None:
        self._queues = queues
        self.has_redis = has_redis
        """Whether the worker can take messages."""
        self._elsewhere: frozenset[str] = frozenset()
        self._known = False

    @property
    def any_direct(self) -> bool:
        """Whether some are direct."""
        return len(self._elsewhere) < len(self._queues)

    @property
    def any_messages(self) -> bool:
        """Whether messages of some come through Redis."""
        return bool(self._elsewhere)

    def found(self, elsewhere: Collection[str]) -> None:
        """Those that are not direct; a change is told."""
        now = frozenset(elsewhere)
        if now == self._elsewhere and self._known:
            return
        if not self.has_redis:
            for queue in sorted(now - self._elsewhere):
                logger.warning(
                    "queue %s is delivered through Redis, and this worker has none: give it a "
                    "Redis URL, or change the queue by `qtask delivery %s direct`",
                    queue,
                    queue,
                )
        elif self._known or len(now) < len(self._queues):
            direct = sorted(set(self._queues) - now)
            logger.info("direct queues: %s", ", ".join(direct) or "none")
        self._elsewhere, self._known = now, True


def tell_lapses(started: Collection[ReceivedTask]) -> None:
    """Of tasks whose last attempt never ended."""
    if lapsed := [one for one in started if one.lapses]:
        most = max(lapsed, key=lambda one: one.lapses)
        logger.warning(
            "%d tasks whose last attempt never ended, task %d of %s %d times in a row: it may "
            "kill its worker",
            len(lapsed), most.task_id, most.queue, most.lapses,
        )  # fmt: skip
