"""Whether this is the Redis of the tasks, and whether somebody takes the messages.

A difference counts only if both of two looks see it, a moment apart: messages move in between.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtask_db.doctor.check import Check, named, ok, warn

if TYPE_CHECKING:
    from qtask_db.models import QueueAudit
    from qtask_db.transport.url import RedisClient

MOMENT = 1.0
"""Seconds between the looks: a worker that has time takes a message within milliseconds."""
_Audit = Callable[[], "Sequence[QueueAudit]"]


@dataclass(frozen=True, slots=True)
class _Look:
    queued: int
    messages: dict[str, int]
    missing: dict[str, int]
    """How many fewer messages there are than queued tasks, by queue."""
    untouched: dict[str, Any]
    """The first message of each queue of which no attempt is under way."""


def examine_messages(client: RedisClient, audit: _Audit, prefix: str = "") -> Iterator[Check]:
    """Compares the tasks of the database with the messages in Redis."""
    first = _look(client, audit, prefix)
    if first.missing or first.untouched:
        time.sleep(MOMENT)
        second = _look(client, audit, prefix)
    else:
        second = first
    missing = {
        queue: min(count, second.missing[queue])
        for queue, count in first.missing.items()
        if queue in second.missing
    }
    untouched = {
        queue: second.messages.get(queue, 0)
        for queue, head in first.untouched.items()
        if second.untouched.get(queue) == head
    }
    if missing and not any(second.messages.values()):
        yield warn(
            "messages",
            f"this Redis has none of {second.queued:,} messages that were pushed: it is another "
            "one, another database of it, or was emptied",
            "compare its URL and the queue prefix with those of relays and workers; if it was "
            "emptied: `qtask redrive --all`",
        )
    elif missing:
        yield warn(
            "messages",
            f"fewer than queued tasks: {named(missing)}",
            "`qtask audit` tells more; `qtask redrive` does not wait for the interval",
        )
    else:
        yield ok("messages", f"{second.queued:,} tasks are queued, no message is missing")
    if untouched:
        yield warn(
            "consumers",
            f"nobody takes the messages of {named(untouched)}",
            "start its worker (`qtask worker`) with the same Redis URL, or see its log; those of a "
            "direct queue are left from before: `qtask audit` tells more",
        )


def _look(client: RedisClient, audit: _Audit, prefix: str) -> _Look:
    from qtask_db.transport.queues import count_messages

    queues = sorted({row.queue for row in audit()})
    before = count_messages(client, queues, prefix)
    queued: Counter[str] = Counter()
    running: Counter[str] = Counter()
    for row in audit():
        if row.delivery != "direct":
            queued[row.queue] += row.waiting + row.requeued - row.unconfirmed
        running[row.queue] += row.running
    after = count_messages(client, queues, prefix)
    missing = {}
    for queue, count in queued.items():
        looks = [lengths[queue] for lengths in (before, after) if queue in lengths]
        if looks and count > max(looks):
            missing[queue] = count - max(looks)
    idle = [queue for queue, count in after.items() if count and not running[queue]]
    heads = dict(zip(idle, _heads(client, [prefix + queue for queue in idle]), strict=True))
    return _Look(sum(queued.values()), after, missing, heads)


def _heads(client: RedisClient, keys: list[str]) -> list[Any]:
    """The first message of each, or its entry."""
    from qtask_db.transport.commands import run_each

    if not keys:
        return []
    lists = run_each(client, [("LINDEX", key, 0) for key in keys])
    streams = run_each(client, [("XRANGE", key, "-", "+", "COUNT", 1) for key in keys])
    return [
        repr(stream) if isinstance(one, Exception) else one
        for one, stream in zip(lists, streams, strict=True)
    ]
