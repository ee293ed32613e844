"""Queues in Redis: push, take, put back, set aside. A queue is a list or, by option, a stream."""

# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from redis.cluster import RedisCluster
from redis.exceptions import NoPermissionError

from qtask_db.constants import DEFAULT
from qtask_db.errors import QueueUnavailable
from qtask_db.models import Message
from qtask_db.transport.bad import keep, record
from qtask_db.transport.commands import (
    Command,
    concerns_one_queue,
    reason,
    run_each,
    translated,
)
from qtask_db.transport.keys import Prefixed, check_prefix
from qtask_db.transport.kinds import Lists, Raw, Streams
from qtask_db.transport.message import by_queue, chunks, encode
from qtask_db.transport.taking import QueueUnusable, Taking
from qtask_db.transport.url import TROUBLE, RedisClient, check_client, check_url, connect

__all__ = [
    "BAD_LIMIT",
    "BAD_SUFFIX",
    "QUEUE_LIMIT",
    "QueueUnusable",
    "Queues",
    "Raw",
    "RedisClient",
]
__all__ += ["connect"]

QUEUE_LIMIT: int = DEFAULT["queue_limit"]
"""Messages at which a queue counts as full, unless told otherwise."""
BAD_SUFFIX = ":bad"
"""`<queue>:bad` is the list of a queue's messages that no handler could be given."""
BAD_LIMIT = 10_000
"""Records that are kept of a queue's bad messages; the oldest go first."""

TAKE_SIZE = 8_000_000
"""Bytes of messages from which on a take is full."""


class Queues:
    """The queues of one Redis. Every method raises QueueUnavailable if Redis does not answer.

    `redis` is a redis-py client or a URL, which is checked now (ConfigurationError) and connected
    at the first use. `consumer` names this process in the consumer group of a stream, `prefix`
    begins the keys; None is QTASK_QUEUE_PREFIX.
    """

    def __init__(
        self,
        redis: RedisClient | str,
        *,
        stream: bool = False,
        consumer: str = "qtask",
        prefix: str | None = None,
    ) -> None:
        if isinstance(redis, str):
            check_url(redis)
        else:
            check_client(redis)
        self._given = redis
        self._client: RedisClient | None = None if isinstance(redis, str) else redis
        self._kind = Prefixed(Streams(consumer) if stream else Lists(), check_prefix(prefix))
        self._taking = Taking(self._kind)

    def ping(self) -> None:
        """Whether Redis answers."""
        with translated(self._redis):
            self._redis.ping()

    def probe(self) -> None:
        """Whether Redis takes writes; nothing is written."""
        if isinstance(self._redis, RedisCluster):
            self.ping()  # one key would tell of one shard
            return
        with translated(self._redis):
            try:
                self._redis.execute_command(*self._kind.probe)
            except TROUBLE as error:
                # A user that may write to its queues alone learns about them when it does.
                if not isinstance(error, NoPermissionError):
                    raise

    def check(self, queues: Iterable[str]) -> None:
        """Whether messages can be taken from these queues; none is. Those that cannot be used are
        set aside by name. Raises QueueUnusable if that is all of them.
        """
        with translated(self._redis):
            self._taking.check(self._redis, list(queues))

    def close(self) -> None:
        """Closes a client that was made from a URL; a client that was given stays open."""
        if isinstance(self._given, str) and self._client is not None:
            with contextlib.suppress(Exception):
                self._client.close()
            self._client = None

    def push(self, messages: Iterable[Message]) -> dict[str, int]:
        """Appends the messages to their queues; returns the length of each queue that got some.

        Raises QueueUnusable if only some queues took theirs. After an error some messages may be
        there: pushing them again makes copies, which the attempt number renders harmless.
        """
        commands: list[Command] = []
        names: list[str] = []
        for queue, texts in by_queue(messages).items():
            for chunk in chunks(texts):
                commands += self._kind.push(queue, chunk)
                names += [queue] * (len(commands) - len(names))
        lengths: dict[str, int] = {}
        reasons: dict[str, str] = {}
        for queue, reply in zip(names, self._each(commands), strict=True):
            if isinstance(reply, Exception):
                reasons.setdefault(queue, reason(reply))
            elif isinstance(reply, int):
                lengths[queue] = reply
        if reasons:
            raise QueueUnusable(reasons, {q: n for q, n in lengths.items() if q not in reasons})
        return lengths

    def push_bounded(self, queue: str, messages: Iterable[Message], limit: int) -> int:
        """Appends while the queue holds fewer than `limit`, atomically; returns how many."""
        pushed = 0
        for chunk in chunks([encode(message).encode() for message in messages]):
            with translated(self._redis):
                count = self._kind.push_bounded(self._redis, queue, limit, chunk)
                if count < len(chunk) and self._make_room(queue):
                    rest = chunk[count:]
                    count += self._kind.push_bounded(self._redis, queue, limit, rest)
            pushed += count
            if count < len(chunk):
                break
        return pushed

    def make_room(self, queues: Iterable[str]) -> None:
        """Streams: removes what consumers have acknowledged without deleting it."""
        with translated(self._redis):
            for queue in queues:
                self._make_room(queue)

    def lengths(self, queues: Iterable[str]) -> dict[str, int]:
        """The messages in each queue; a queue whose key is of another type is left out."""
        names = list(queues)
        replies = self._each([self._kind.length(queue) for queue in names])
        return {q: n for q, n in zip(names, replies, strict=True) if isinstance(n, int)}

    def take(
        self, queues: Sequence[str], count: int, timeout: float, size: int = TAKE_SIZE
    ) -> list[Raw]:
        """At most `count` messages, and none more once they have `size` bytes; waits at most
        `timeout` seconds for the first one.

        They are of the first of the queues that has some. A message that was taken from a list is
        gone from Redis: its task is queued again when its interval has passed. One taken from a
        stream stays pending until `done`. A queue that cannot be used is set aside for a while, and
        the others are served; QueueUnusable is raised if that is all of them.
        """
        wait = min(timeout, self._longest_wait())
        with translated(self._redis):
            return self._taking.take(self._redis, queues, count, size, wait)

    def done(self, taken: Iterable[Raw]) -> None:
        """Streams: the messages are removed. Lists: nothing is left to do."""
        self._raise_first(self._each(self._kind.done(taken)))

    def put_back(self, taken: Iterable[Raw]) -> None:
        """Returns messages that were taken: to a list's head in their order, to a stream's end."""
        groups: dict[str, list[Raw]] = {}
        for raw in taken:
            groups.setdefault(raw.queue, []).append(raw)
        commands = [c for queue, raws in groups.items() for c in self._kind.put_back(queue, raws)]
        self._raise_first(self._each(commands))

    def set_aside(self, taken: Raw, why: str) -> None:
        """Keeps a bad message with the reason on the list `<queue>:bad`, for people to look at.

        A record is `{"reason": …, "message": …, "at": seconds since 1970}`; bytes that are not
        UTF-8 appear as `\\xNN`, and of a long message its beginning is kept (16 KB). The list keeps
        the newest 10,000 records (BAD_LIMIT). QueueUnavailable is raised, too, if it is a queue
        with messages in it; a user that may run no scripts does not see that.
        """
        key = self._kind.key(taken.queue) + BAD_SUFFIX
        with translated(self._redis):
            kept = keep(self._redis, key, record(taken, why), BAD_LIMIT)
        if not kept:
            raise QueueUnavailable(f"{key} is a queue with messages in it: nothing is set aside")
        self.done([taken])

    def leave(self, queues: Iterable[str]) -> None:
        """Streams: this consumer is removed from the groups, unless messages of its are pending."""
        with translated(self._redis):
            self._kind.leave(self._redis, self._taking.usable(queues))

    @property
    def _redis(self) -> RedisClient:
        if self._client is None:
            assert isinstance(self._given, str)  # noqa: S101 - only a URL leaves it unset
            self._client = connect(self._given)
        return self._client

    def _make_room(self, queue: str) -> bool:
        """False if there is nothing to remove, or the user may not."""
        try:
            return self._kind.make_room(self._redis, queue)
        except NoPermissionError:
            return False
        except TROUBLE as error:
            if not (isinstance(self._redis, RedisCluster) or concerns_one_queue(error)):
                raise
            return False

    def _each(self, commands: list[Command]) -> list[Any]:
        with translated(self._redis):
            return run_each(self._redis, commands) if commands else []

    def _raise_first(self, replies: list[Any]) -> None:
        for reply in replies:
            if isinstance(reply, Exception):
                raise QueueUnavailable(f"Redis: {reason(reply)}") from reply

    def _longest_wait(self) -> float:
        """A blocking pop must end before the client's own socket timeout, or it fails when idle."""
        if isinstance(self._redis, RedisCluster):
            settings = self._redis.get_connection_kwargs()
        else:
            settings = self._redis.connection_pool.connection_kwargs
        timeout = settings.get("socket_timeout")
        return float(timeout) / 2 if timeout else 3600.0


def count_messages(redis: RedisClient, queues: Iterable[str], prefix: str = "") -> dict[str, int]:
    """The messages in each queue, whether it is a list or a stream."""
    names = set(queues)
    lengths = Queues(redis, prefix=prefix).lengths(sorted(names))
    streams = Queues(redis, stream=True, prefix=prefix)
    return lengths | streams.lengths(sorted(names - lengths.keys()))
