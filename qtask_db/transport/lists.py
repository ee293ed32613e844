"""A queue as a list."""

# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
from dataclasses import dataclass

import redis

from qtask_db.transport.commands import Command, run, run_script, runs_no_scripts
from qtask_db.transport.url import TROUBLE, RedisClient

FEW = 16
"""Most messages of one take, if the user may not run scripts and their size is not known."""
PIECE = 8
"""Most messages that a script takes at one time: as many too large ones may come unforeseen."""
PROBE_KEY = "qtask:probe "
"""It is never made: a write to it is asked for only to see whether Redis takes writes. No queue has
a name that ends in a blank.
"""


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as it was taken."""

    queue: str
    body: bytes
    entry: bytes | None = None
    """The entry id in a stream."""


class Lists:
    """RPUSH by the producer, BLPOP and LPOP by the consumer."""

    PROBE: Command = ("RPUSHX", PROBE_KEY, "")
    TAKE = f"""
local found, size, largest = {{}}, 0, math.huge
local count, most = tonumber(ARGV[1]), tonumber(ARGV[2])
while #found < count and size < most do
  local piece = math.min({PIECE}, count - #found, math.floor((most - size) / largest))
  local bodies = redis.call('LPOP', KEYS[1], math.max(1, piece))
  if not bodies then break end
  largest = 1
  for _, body in ipairs(bodies) do
    found[#found + 1] = body
    size = size + #body
    largest = math.max(largest, #body)
  end
end
return found
"""
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

    def check(self, client: RedisClient, queue: str) -> None:
        """Whether messages may be taken from it; none is."""
        client.execute_command("LPOP", queue, 0)

    def take(
        self, client: RedisClient, queues: list[str], count: int, size: int, timeout: float
    ) -> list[Raw]:
        """The first message with a blocking pop of them all, the rest from the same queue."""
        if timeout <= 0:
            for queue in queues:
                if bodies := self._pop(client, queue, count, size):
                    return [Raw(queue, body) for body in bodies]
            return []
        first = run(client, "BLPOP", *queues, timeout)
        if first is None:
            return []
        queue = as_bytes(first[0]).decode()
        bodies = [as_bytes(first[1])]
        if count > 1 and (left := size - len(bodies[0])) > 0:
            # The popped message must not be lost when this second command fails.
            with contextlib.suppress(*TROUBLE):
                bodies += self._pop(client, queue, count - 1, left)
        return [Raw(queue, body) for body in bodies]

    def _pop(self, client: RedisClient, queue: str, count: int, size: int) -> list[bytes]:
        try:
            bodies = run_script(client, self.TAKE, queue, count, size)
        except redis.ResponseError as error:
            if not runs_no_scripts(error):
                raise
            bodies = run(client, "LPOP", queue, min(count, FEW)) or []
        return [as_bytes(body) for body in bodies]

    def make_room(self, client: RedisClient, queue: str) -> bool:  # noqa: ARG002
        """A list holds nothing but messages that wait."""
        return False

    def done(self, taken: list[Raw]) -> list[Command]:  # noqa: ARG002 - a pop has removed them
        return []

    def put_back(self, queue: str, taken: list[Raw]) -> list[Command]:
        return [("LPUSH", queue, *(raw.body for raw in reversed(taken)))]

    def leave(self, client: RedisClient, queues: list[str]) -> None:
        """A list knows no consumers."""


def as_bytes(value: bytes | str) -> bytes:
    """A client may have been made with decode_responses."""
    return value.encode() if isinstance(value, str) else value
