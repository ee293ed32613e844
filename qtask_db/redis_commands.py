"""Running Redis commands: several at once, on any kind of client, with our errors."""

# mypy: allow-untyped-calls
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, TypeAlias

import redis
from redis.cluster import RedisCluster

from qtask_db.errors import QueueUnavailable
from qtask_db.redis_url import TROUBLE, Client

Command: TypeAlias = "tuple[str | bytes | int | float, ...]"

# Replies that concern the whole server, though redis-py files some with errors of one command.
_SERVER_TROUBLE = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.RedisClusterException,
    OSError,
)
_DEMOTION_PREFIXES = ("READONLY", "MASTERDOWN", "UNBLOCKED")
_SERVER_PREFIXES = ("MASTERDOWN", "LOADING", "MISCONF", "NOREPLICAS", "OOM", "READONLY", "NOAUTH")


@contextlib.contextmanager
def translated(client: Client) -> Iterator[None]:
    """The one place where redis-py's errors become QueueUnavailable.

    A server that has become a replica keeps its connections: they are closed here, because new
    ones may lead to the primary.
    """
    try:
        yield
    except TROUBLE as error:
        if _is_demotion(error) and not isinstance(client, RedisCluster):
            client.connection_pool.disconnect(inuse_connections=False)
        raise QueueUnavailable(f"Redis: {error}") from error


def run_each(client: Client, commands: list[Command]) -> list[Any]:
    """The reply, or the error, of each command, in one round trip where the client allows it.

    Trouble that concerns the whole server is raised instead. In a Cluster the commands go one by
    one, so that a shard that is away fails its own keys and no others.
    """
    if isinstance(client, RedisCluster):
        replies = [_attempt(client, command) for command in commands]
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


def _attempt(client: RedisCluster, command: Command) -> Any:
    try:
        return client.execute_command(*command)
    except TROUBLE as error:
        return error


def _is_demotion(error: Exception) -> bool:
    return isinstance(error, redis.ReadOnlyError) or str(error).startswith(_DEMOTION_PREFIXES)


def _is_server_trouble(error: Exception) -> bool:
    return isinstance(error, _SERVER_TROUBLE) or str(error).startswith(_SERVER_PREFIXES)
