"""The keys of queues in Redis: their names, with a prefix before them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from qtask_db.errors import ConfigurationError
from qtask_db.transport.commands import Command, run_script
from qtask_db.transport.kinds import Lists, Raw, Streams
from qtask_db.transport.url import RedisClient

_LONGEST = 64


def check_prefix(given: str | None) -> str:
    """`given`, else QTASK_QUEUE_PREFIX. Raises ConfigurationError."""
    prefix = os.environ.get("QTASK_QUEUE_PREFIX", "") if given is None else given
    if len(prefix) > _LONGEST or not prefix.isprintable() or " " in prefix:
        raise ConfigurationError(
            f"queue_prefix must be at most {_LONGEST} printable characters without a blank, "
            f"not {prefix!r}"
        )
    return prefix


class Prefixed:
    """A kind of queue that takes and gives names, and puts the prefix before them for Redis."""

    def __init__(self, kind: Lists | Streams, prefix: str) -> None:
        self._kind = kind
        self._prefix = prefix
        self.probe: Command = kind.PROBE

    def key(self, queue: str) -> str:
        return self._prefix + queue

    def push(self, queue: str, texts: list[bytes]) -> list[Command]:
        return self._kind.push(self.key(queue), texts)

    def push_bounded(self, client: RedisClient, queue: str, limit: int, texts: list[bytes]) -> int:
        return int(run_script(client, self._kind.PUSH_BOUNDED, self.key(queue), limit, *texts))

    def length(self, queue: str) -> Command:
        return self._kind.length(self.key(queue))

    def check(self, client: RedisClient, queue: str) -> None:
        self._kind.check(client, self.key(queue))

    def take(
        self, client: RedisClient, queues: Iterable[str], count: int, size: int, timeout: float
    ) -> list[Raw]:
        taken = self._kind.take(client, list(map(self.key, queues)), count, size, timeout)
        return [Raw(raw.queue.removeprefix(self._prefix), raw.body, raw.entry) for raw in taken]

    def make_room(self, client: RedisClient, queue: str) -> bool:
        return self._kind.make_room(client, self.key(queue))

    def done(self, taken: Iterable[Raw]) -> list[Command]:
        return self._kind.done(self._keyed(taken))

    def put_back(self, queue: str, taken: Iterable[Raw]) -> list[Command]:
        return self._kind.put_back(self.key(queue), self._keyed(taken))

    def leave(self, client: RedisClient, queues: Iterable[str]) -> None:
        self._kind.leave(client, list(map(self.key, queues)))

    def _keyed(self, taken: Iterable[Raw]) -> list[Raw]:
        return [Raw(self.key(raw.queue), raw.body, raw.entry) for raw in taken]
