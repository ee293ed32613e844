"""Running Redis commands: several at once, on any kind of client, with our errors."""

# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import redis
from redis.client import NEVER_DECODE
from redis.cluster import RedisCluster

from qtask_db.errors import QueueUnavailable
from qtask_db.transport.url import TROUBLE, RedisClient

Command: TypeAlias = "tuple[str | bytes | int | float, ...]"

# Replies that concern the whole server, though redis-py files some with errors of one command. It
# takes the code off the text of those that it has a class for.
_SERVER_TROUBLE = (
    redis.ConnectionError,  # LOADING, NOAUTH and WRONGPASS among them
    redis.TimeoutError,
    redis.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.MasterDownError,
    redis.exceptions.RedisClusterException,
    OSError,
)
_AWAY = (redis.ConnectionError, redis.TimeoutError, OSError)
_SERVER_CODES = {"BUSY", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY"}
_SERVER_CODES |= {"DENIED", "NOAUTH", "UNBLOCKED", "UNKILLABLE", "WRONGPASS"}
_SERVER_TEXTS = ("to run the", "cluster is down", "max number of clients")
_DEMOTED = (redis.ReadOnlyError, redis.exceptions.MasterDownError)
_DEMOTION_CODES = {"MASTERDOWN", "READONLY", "UNBLOCKED"}
# Before Redis 7 an error inside a script stands behind its place in that.
_IN_SCRIPT = re.compile(r"@user_script: ?\d+: -?([A-Z]+)\b")
_SCRIPT_PLACE = re.compile(
    r"^Error running script .*@user_script: ?\d+: -?| script: \w+, on @user.*$"
)
_NO_SCRIPTS = re.compile(r"(to run the|unknown command) ?['`](eval|script)", re.IGNORECASE)
_ELSEWHERE = (redis.exceptions.AskError, redis.exceptions.ClusterCrossSlotError)  # MOVED is an ASK


@contextlib.contextmanager
def translated(client: RedisClient) -> Iterator[None]:
    """The one place where redis-py's errors become QueueUnavailable.

    A server that has become a replica keeps its connections: they are closed here, because new
    ones may lead to the primary.
    """
    try:
        yield
    except TROUBLE as error:
        if _is_demotion(error) and not isinstance(client, RedisCluster):
            client.connection_pool.disconnect(inuse_connections=False)
        raise QueueUnavailable(f"Redis: {reason(error)}") from error


def run_each(client: RedisClient, commands: list[Command]) -> list[Any]:
    """The reply, or the error, of each command, in one round trip if the client allows it.

    Trouble that concerns the whole server is raised instead. In a Cluster the commands go one by
    one, so that a shard that is away fails its own keys and no others.
    """
    if isinstance(client, RedisCluster):
        replies = _one_by_one(client, commands)
        errors = [reply for reply in replies if isinstance(reply, Exception)]
        if len(errors) == len(replies) and all(map(_is_server_trouble, errors)):
            raise errors[0]
        return replies
    with client.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        replies = pipe.execute(raise_on_error=False)
    for reply in replies:
        if isinstance(reply, Exception) and _is_server_trouble(reply):
            raise reply
    return replies


def run(client: RedisClient, *command: str | bytes | int | float) -> Any:
    """The reply, undecoded also by a client with decode_responses: a message that is not text would
    raise an error after it was taken, and be lost with all that came with it.
    """
    return client.execute_command(*command, **{NEVER_DECODE: True})


def run_script(client: RedisClient, text: str, queue: str, *arguments: str | int | bytes) -> Any:
    """The script's result. It goes to the node of the queue only: to load it, as redis-py's
    own scripts do, all nodes of a Cluster would have to answer.
    """
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    try:
        return run(client, "EVALSHA", digest, 1, queue, *arguments)
    except redis.exceptions.NoScriptError:
        try:
            return run(client, "EVAL", text, 1, queue, *arguments)
        except redis.exceptions.NoPermissionError:
            # The user may load scripts, and run those that are loaded.
            client.script_load(text)
            return run(client, "EVALSHA", digest, 1, queue, *arguments)


def runs_no_scripts(error: redis.ResponseError) -> bool:
    """Whether the user may not run scripts, or the server has none."""
    return _NO_SCRIPTS.search(str(error)) is not None


def _one_by_one(client: RedisCluster, commands: list[Command]) -> list[Any]:
    """A node that did not answer once is not waited for again: its time-out for each queue would
    keep those of the others.
    """
    replies: list[Any] = []
    away: dict[Any, Exception] = {}
    for command in commands:
        node = None
        with contextlib.suppress(*TROUBLE):
            node = client.get_node_from_key(str(command[1]))
        if node in away:
            replies.append(away[node])
            continue
        try:
            replies.append(client.execute_command(*command))
        except TROUBLE as error:
            replies.append(error)
            if node is not None and isinstance(error, _AWAY):
                away[node] = error
    return replies


def reason(error: Exception) -> str:
    """The error of Redis, with the remedy if its words do not lead there."""
    if isinstance(error, _ELSEWHERE) or code(error) in ("MOVED", "ASK", "CROSSSLOT"):
        return f"it is a node of a Redis Cluster ({error}): write redis+cluster:// in the URL"
    return _SCRIPT_PLACE.sub("", str(error)) or type(error).__name__


def concerns_one_queue(error: BaseException) -> bool:
    """Whether other keys may be well: the type of the key, a privilege for it, its slot."""
    return isinstance(error, redis.ResponseError) and not _is_server_trouble(error)


def code(error: BaseException) -> str:
    """The first word of what Redis said, also inside a script."""
    text = str(error)
    inside = _IN_SCRIPT.search(text)
    return inside[1] if inside else text.partition(" ")[0]


def _is_demotion(error: Exception) -> bool:
    return isinstance(error, _DEMOTED) or code(error) in _DEMOTION_CODES


def _is_server_trouble(error: BaseException) -> bool:
    return (
        isinstance(error, _SERVER_TROUBLE)
        or code(error) in _SERVER_CODES
        or any(text in str(error) for text in _SERVER_TEXTS)
    )
