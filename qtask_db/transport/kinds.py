"""A queue as a stream with one consumer group, and beside it as a list."""

# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from typing import Any

import redis

from qtask_db.transport.commands import Command, code, run, run_script, runs_no_scripts
from qtask_db.transport.lists import FEW, PIECE, PROBE_KEY, Lists, Raw, as_bytes
from qtask_db.transport.url import TROUBLE, RedisClient

__all__ = ["Lists", "Raw", "Streams"]

FIELD = "message"
"""The one field of a stream entry."""
GROUP = "qtask"
"""The consumer group that all workers of a stream share."""
RECLAIM_IDLE = 30.0
"""Seconds after which a message that another worker took and never started is taken over."""
FORGET_IDLE = 86_400.0
"""Seconds after which a consumer that has nothing pending is removed from the group."""


FORGOTTEN_IDLE = 600.0
"""Seconds after which a full stream no longer keeps what a consumer took and never acknowledged:
the task comes again when its interval has passed.
"""
RECLAIM_MOST = 10
"""Most messages that are taken over at one time, since their size is not known."""
FORGOTTEN_MOST = 1_000


class Streams:
    """XADD by the producer; one consumer group; acknowledged and deleted when the task has started.

    From its start on a task is in the database's hands, so the entry is not kept while the handler
    runs: what is pending was taken and never started, and is taken over soon. Deleting keeps XLEN
    at the number of messages that wait, which is what the queue limit is about.
    """

    PROBE: Command = ("XADD", PROBE_KEY, "NOMKSTREAM", "*", FIELD, "")
    TAKE = f"""
local found, taken, size, largest = {{}}, 0, 0, math.huge
local count, most = tonumber(ARGV[1]), tonumber(ARGV[2])
while taken < count and size < most do
  local piece = math.min({PIECE}, count - taken, math.floor((most - size) / largest))
  local reply = redis.call('XREADGROUP', 'GROUP', ARGV[3], ARGV[4],
    'COUNT', math.max(1, piece), 'STREAMS', KEYS[1], '>')
  if not reply then break end
  largest = 1
  for _, entry in ipairs(reply[1][2]) do
    local fields, text = entry[2], ''
    for at = 1, #fields, 2 do
      if fields[at] == '{FIELD}' then text = fields[at + 1] end
    end
    taken = taken + 1
    found[2 * taken - 1], found[2 * taken] = entry[1], text
    size = size + #text
    largest = math.max(largest, #text)
  end
end
return found
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

    def check(self, client: RedisClient, queue: str) -> None:
        """Whether messages may be taken from it, and removed; none is."""
        self._join(client, [queue])
        client.execute_command("XACK", queue, GROUP, "0-1")
        client.execute_command("XDEL", queue, "0-1")

    def take(
        self, client: RedisClient, queues: list[str], count: int, size: int, timeout: float
    ) -> list[Raw]:
        """Old pending messages of workers that died, else new ones."""
        taken = self._surplus or self._find(client, queues, count, size, timeout)
        self._surplus = taken[count:]
        return taken[:count]

    def make_room(self, client: RedisClient, queue: str) -> bool:
        """Removes what consumers have acknowledged and not deleted, which no queue limit is about.

        All that the group was given and that is not pending any more; and what has been pending for
        very long is given up first, or nothing behind it could go.
        """
        groups: Any = client.xinfo_groups(queue)
        given = [g["last-delivered-id"] for g in groups if as_bytes(g["name"]) == GROUP.encode()]
        if not given:
            return False
        # In this order: what is given out in between is behind all that is removed.
        last, _, number = as_bytes(given[0]).decode().partition("-")
        idle = int(FORGOTTEN_IDLE * 1000)
        forgotten: Any = client.xpending_range(queue, GROUP, "-", "+", FORGOTTEN_MOST, idle=idle)
        if forgotten:
            client.xack(queue, GROUP, *(entry["message_id"] for entry in forgotten))
        pending: Any = client.xpending(queue, GROUP)
        first = pending["min"] or f"{last}-{int(number) + 1}"
        return bool(client.xtrim(queue, minid=first, approximate=False))

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
        """Added again before the old entries go: a death in between makes copies, no losses."""
        added: list[Command] = [("XADD", queue, "*", FIELD, raw.body) for raw in taken]
        return added + self.done(taken)

    def leave(self, client: RedisClient, queues: list[str]) -> None:
        """Removing a consumer forgets what is pending for it, so one that has some stays."""
        for raw in self._surplus:
            for command in self.put_back(raw.queue, [raw]):
                client.execute_command(*command)
        self._surplus = []
        for queue in queues:
            for name, pending, _ in self._consumers(client, queue):
                if name == self._consumer and not pending:
                    client.xgroup_delconsumer(queue, GROUP, name)

    def _find(
        self, client: RedisClient, queues: list[str], count: int, size: int, timeout: float
    ) -> list[Raw]:
        self._join(client, queues)
        try:
            if taken := self._reclaim(client, queues, min(count, RECLAIM_MOST)):
                return taken
            if timeout > 0:
                return self._wait(client, queues, count, size, timeout)
            return self._read_each(client, queues, count, size)
        except redis.ResponseError as error:
            if code(error) != "NOGROUP":
                raise
            # Somebody deleted the stream, or Redis came back empty: the groups are made anew.
            self._known.clear()
            return []

    def _join(self, client: RedisClient, queues: list[str]) -> None:
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

    def _consumers(self, client: RedisClient, queue: str) -> list[tuple[str, int, float]]:
        """Name, number of pending messages and idle seconds of each consumer of the group."""
        try:
            rows: Any = client.xinfo_consumers(queue, GROUP)
        except redis.ResponseError:
            return []
        return [
            (as_bytes(row["name"]).decode(), int(row["pending"]), row["idle"] / 1000)
            for row in rows
        ]

    def _reclaim(self, client: RedisClient, queues: list[str], count: int) -> list[Raw]:
        """Each queue is looked through when half the idle time has passed, not at each take."""
        now = time.monotonic()
        for queue in queues:
            if now < self._reclaim_at.get(queue, 0.0):
                continue
            reply: Any = run(
                client, "XAUTOCLAIM", queue, GROUP, self._consumer,
                int(RECLAIM_IDLE * 1000), "0-0", "COUNT", count,
            )  # fmt: skip
            if taken := _entries(queue, reply[1]):
                return taken
            self._reclaim_at[queue] = now + RECLAIM_IDLE / 2
        return []

    def _wait(
        self, client: RedisClient, queues: list[str], count: int, size: int, timeout: float
    ) -> list[Raw]:
        """COUNT is for each stream: one of each that has some, the rest of the first one's."""
        taken = self._read_group(client, queues, 1, "BLOCK", max(1, int(timeout * 1000)))
        left = size - sum(len(raw.body) for raw in taken)
        if taken and count > len(taken) and left > 0:
            # The messages that were taken must not wait until they are pending for long.
            with contextlib.suppress(*TROUBLE):
                taken += self._read(client, taken[0].queue, count - len(taken), left)
        return taken

    def _read_each(
        self, client: RedisClient, queues: list[str], count: int, size: int
    ) -> list[Raw]:
        taken: list[Raw] = []
        for queue in queues:
            left = size - sum(len(raw.body) for raw in taken)
            if len(taken) >= count or left <= 0:
                break
            try:
                taken += self._read(client, queue, count - len(taken), left)
            except TROUBLE:
                if not taken:
                    raise
                break  # what was taken is not to wait; the next take meets the error
        return taken

    def _read(self, client: RedisClient, queue: str, count: int, size: int) -> list[Raw]:
        try:
            found = run_script(client, self.TAKE, queue, count, size, GROUP, self._consumer)
        except redis.ResponseError as error:
            if not runs_no_scripts(error):
                raise
            return self._read_group(client, [queue], min(count, FEW))
        pairs = zip(found[::2], found[1::2], strict=True)
        return [Raw(queue, as_bytes(text), as_bytes(entry)) for entry, text in pairs]

    def _read_group(
        self, client: RedisClient, queues: list[str], count: int, *block: str | int
    ) -> list[Raw]:
        reply: Any = run(
            client, "XREADGROUP", "GROUP", GROUP, self._consumer, "COUNT", count, *block,
            "STREAMS", *queues, *([">"] * len(queues)),
        )  # fmt: skip
        pairs = reply.items() if isinstance(reply, dict) else reply or []
        return [raw for queue, found in pairs for raw in _entries(as_bytes(queue).decode(), found)]


def _entries(queue: str, found: Iterable[Any]) -> list[Raw]:
    """Entries as redis-py parsed them: RESP3 nests them one level deeper, deleted ones are None."""
    taken: list[Raw] = []
    for item in found:
        if isinstance(item, list) and (not item or isinstance(item[0], (list, tuple))):
            taken += _entries(queue, item)
        elif item is not None and item[1] is not None:
            entry, fields = item
            values = {as_bytes(key): value for key, value in fields.items()}
            # An entry without the field is not ours: it goes on as an empty, bad message.
            taken.append(Raw(queue, as_bytes(values.get(FIELD.encode(), b"")), as_bytes(entry)))
    return taken
