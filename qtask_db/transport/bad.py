"""Messages that no handler could be given: what is kept of them."""

from __future__ import annotations

import dataclasses
import json
import time

import redis

from qtask_db.transport.commands import run_each, run_script, runs_no_scripts
from qtask_db.transport.kinds import Raw
from qtask_db.transport.url import RedisClient

KEPT = 16_384
"""Bytes that are kept of a message: whoever may push could fill Redis by way of these lists."""
_BEGINNING = '{"reason": '

# A queue may have the name of the list, and messages of others in it. A worker's user may run no
# command that looks at the first one without taking it.
_KEEP = f"""
local function is_ours()
  local first = redis.call('LPOP', KEYS[1])
  if first then redis.call('LPUSH', KEYS[1], first) end
  return not first or string.sub(first, 1, {len(_BEGINNING)}) == '{_BEGINNING}'
end
if not is_ours() then return 0 end
local full = redis.call('RPUSH', KEYS[1], ARGV[1]) > tonumber(ARGV[2])
redis.call('LTRIM', KEYS[1], full and is_ours() and 1 or 0, -1)
return 1
"""


def cut(raw: Raw) -> Raw:
    """The message without what is too much to keep, and with a note of it."""
    if len(raw.body) <= KEPT:
        return raw
    note = f" [cut: {len(raw.body):,} bytes]".encode()
    return dataclasses.replace(raw, body=raw.body[: KEPT - len(note)] + note)


def record(raw: Raw, why: str) -> str:
    """As it is kept: bytes that are not UTF-8 appear as `\\xNN`."""
    text = cut(raw).body.decode("utf-8", "backslashreplace")
    return json.dumps({"reason": why, "message": text, "at": round(time.time(), 3)})


def keep(client: RedisClient, key: str, kept: str, most: int) -> bool:
    """Adds a record to a list of at most `most`; False if other things than records are in it,
    which a user that may run no scripts does not see.
    """
    try:
        return bool(run_script(client, _KEEP, key, kept, most))
    except redis.ResponseError as error:
        if not runs_no_scripts(error):
            raise
    for reply in run_each(client, [("RPUSH", key, kept), ("LTRIM", key, -most, -1)]):
        if isinstance(reply, Exception):
            raise reply
    return True
