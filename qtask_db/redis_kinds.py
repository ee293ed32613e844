"""The two kinds of queue in Redis as commands: lists, and streams with one consumer group."""

# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import redis

from qtask_db.redis_commands import Command
from qtask_db.redis_url import TROUBLE, Client

FIELD = "message"
"""The one field of a stream entry."""
GROUP = "qtask"
"""The consumer group that all workers of a stream share."""
RECLAIM_IDLE = 30.0
"""Seconds after which a message that another worker took and never started is taken over."""
FORGET_IDLE = 86_400.0
"""Seconds after which a consumer that has nothing pending is removed from the group."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as it was taken."""

    queue: str
    body: bytes
    entry: bytes | None = None
    """The entry id in a stream."""


class Lists:
    """RPUSH by the producer, BLPOP by the consumer."""

    PUSH_BOUNDED = """
local room = tonumber(ARGV[1]) - redis.call('LLEN', KEYS[1])
local pushed = math.max(0, math.min(room, #ARGV - 1))
for i = 2, pushed + 1 do redis.call('RPUSH', KEYS[1], ARGV[i]) end
return pushed
"""

    def push(self, queue: str, texts: list[bytes]) -> list[Command]:
        """One variadic push: six times faster than one push a message."""
        return [("RPUSH", queue, *texts)]

    def length(self, queue: str) -> Command:
        return ("LLEN", queue)

    def take(self, client: Client, queues: list[str], count: int, timeout: float) -> list[Raw]:
        """The first message with a blocking pop of them all, the rest from the same queue."""
        if timeout <= 0:
            for queue in queues:
                if bodies := client.execute_command("LPOP", queue, count):
                    return [Raw(queue, _bytes(body)) for body in bodies]
            return []
        first = client.execute_command("BLPOP", *queues, timeout)
        if first is None:
            return []
        queue = _bytes(first[0]).decode()
        bodies = [first[1]]
        if count > 1:
            # What was popped must not be lost when this second command fails.
            with contextlib.suppress(*TROUBLE):
                bodies += client.execute_command("LPOP", queue, count - 1) or []
        return [Raw(queue, _bytes(body)) for body in bodies]

    def done(self, taken: list[Raw]) -> list[Command]:  # noqa: ARG002 - a pop has removed them
        return []

    def put_back(self, queue: str, taken: list[Raw]) -> list[Command]:
        return [("LPUSH", queue, *(raw.body for raw in reversed(taken)))]

    def leave(self, client: Client, queues: list[str]) -> None:
        """A list knows no consumers."""


class Streams:
    """XADD by the producer; one consumer group; acknowledged and deleted when the task has started.

    From its start on a task is in the database's hands, so the entry is not kept while the handler
    runs: what is pending was taken and never started, and is taken over soon. Deleting keeps XLEN
    at the number of messages that wait, which is what the queue limit is about.
    """

    PUSH_BOUNDED = f"""
local room = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[1])
local pushed = math.max(0, math.min(room, #ARGV - 1))
for i = 2, pushed + 1 do redis.call('XADD', KEYS[1], '*', '{FIELD}', ARGV[i]) end
return pushed
"""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._known: set[str] = set()
        self._reclaim_at: dict[str, float] = {}
        self._surplus: list[Raw] = []

    def push(self, queue: str, texts: list[bytes]) -> list[Command]:
        """XADD has no variadic form; the length comes last."""
        added: list[Command] = [("XADD", queue, "*", FIELD, text) for text in texts]
        return [*added, self.length(queue)]

    def length(self, queue: str) -> Command:
        return ("XLEN", queue)

    def take(self, client: Client, queues: list[str], count: int, timeout: float) -> list[Raw]:
        """Old pending messages of workers that died, else new ones."""
        taken = self._surplus or self._find(client, queues, count, timeout)
        self._surplus = taken[count:]
        return taken[:count]

    def done(self, taken: list[Raw]) -> list[Command]:
        commands: list[Command] = []
        groups: dict[str, list[bytes]] = {}
        for raw in taken:
            if raw.entry is not None:
                groups.setdefault(raw.queue, []).append(raw.entry)
        for queue, entries in groups.items():
            commands += [("XACK", queue, GROUP, *entries), ("XDEL", queue, *entries)]
        return commands

    def put_back(self, queue: str, taken: list[Raw]) -> list[Command]:
        """Added again before the old entries go: a death in between makes duplicates, no losses."""
        added: list[Command] = [("XADD", queue, "*", FIELD, raw.body) for raw in taken]
        return added + self.done(taken)

    def leave(self, client: Client, queues: list[str]) -> None:
        """Removing a consumer forgets what is pending for it, so one that has some stays."""
        for raw in self._surplus:
            for command in self.put_back(raw.queue, [raw]):
                client.execute_command(*command)
        self._surplus = []
        for queue in queues:
            for name, pending, _ in self._consumers(client, queue):
                if name == self._consumer and not pending:
                    client.xgroup_delconsumer(queue, GROUP, name)

    def _find(self, client: Client, queues: list[str], count: int, timeout: float) -> list[Raw]:
        self._join(client, queues)
        try:
            return self._reclaim(client, queues, count) or self._read(
                client, queues, count, timeout
            )
        except redis.ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            # Somebody deleted the stream, or Redis came back empty: the groups are made anew.
            self._known.clear()
            return []

    def _join(self, client: Client, queues: list[str]) -> None:
        for queue in queues:
            if queue in self._known:
                continue
            try:
                client.xgroup_create(queue, GROUP, id="0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
            for name, pending, idle in self._consumers(client, queue):
                if not pending and idle > FORGET_IDLE:
                    client.xgroup_delconsumer(queue, GROUP, name)
            self._known.add(queue)

    def _consumers(self, client: Client, queue: str) -> list[tuple[str, int, float]]:
        """Name, number of pending messages and idle seconds of each consumer of the group."""
        try:
            rows: Any = client.xinfo_consumers(queue, GROUP)
        except redis.ResponseError:
            return []
        return [
            (_bytes(row["name"]).decode(), int(row["pending"]), row["idle"] / 1000) for row in rows
        ]

    def _reclaim(self, client: Client, queues: list[str], count: int) -> list[Raw]:
        """Each queue is looked through when half the idle time has passed, not at each take."""
        now = time.monotonic()
        for queue in queues:
            if now < self._reclaim_at.get(queue, 0.0):
                continue
            reply: Any = client.execute_command(
                "XAUTOCLAIM", queue, GROUP, self._consumer,
                int(RECLAIM_IDLE * 1000), "0-0", "COUNT", count,
            )  # fmt: skip
            if taken := _entries(queue, reply[1]):
                return taken
            self._reclaim_at[queue] = now + RECLAIM_IDLE / 2
        return []

    def _read(self, client: Client, queues: list[str], count: int, timeout: float) -> list[Raw]:
        """No more streams at a time than there is room for, or others would have the surplus."""
        if timeout > 0:
            return self._read_each(client, queues, count, timeout)
        for first in range(0, len(queues), count):
            if found := self._read_each(client, queues[first : first + count], count, 0):
                return found
        return []

    def _read_each(
        self, client: Client, queues: list[str], count: int, timeout: float
    ) -> list[Raw]:
        """COUNT is for each stream, so it is shared out; the surplus is for the next take."""
        share = max(1, count // len(queues))
        block: tuple[str | int, ...] = ("BLOCK", max(1, int(timeout * 1000))) if timeout > 0 else ()
        reply: Any = client.execute_command(
            "XREADGROUP", "GROUP", GROUP, self._consumer, "COUNT", share, *block,
            "STREAMS", *queues, *([">"] * len(queues)),
        )  # fmt: skip
        pairs = reply.items() if isinstance(reply, dict) else reply or []
        return [raw for queue, found in pairs for raw in _entries(_bytes(queue).decode(), found)]


def _entries(queue: str, found: Iterable[Any]) -> list[Raw]:
    """Entries as redis-py parsed them: RESP3 nests them one level deeper, deleted ones are None."""
    taken: list[Raw] = []
    for item in found:
        if isinstance(item, list) and (not item or isinstance(item[0], (list, tuple))):
            taken += _entries(queue, item)
        elif item is not None and item[1] is not None:
            entry, fields = item
            values = {_bytes(key): value for key, value in fields.items()}
            # An entry without the field is not ours: it goes on as an empty, bad message.
            taken.append(Raw(queue, _bytes(values.get(FIELD.encode(), b"")), _bytes(entry)))
    return taken


def _bytes(value: bytes | str) -> bytes:
    """A client may have been made with decode_responses."""
    return value.encode() if isinstance(value, str) else value
