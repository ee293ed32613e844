"""Checks of Redis: version, role, memory, persistence, and what its keys say of the queues."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from qtask_db.doctor.advice import advice
from qtask_db.doctor.check import NAMED, Check, fail, named, ok, warn
from qtask_db.errors import QtaskError, QueueUnavailable

if TYPE_CHECKING:
    from qtask_db.models import QueueAudit
    from qtask_db.transport.url import RedisClient

MINIMUM = (6, 2)
_FULL = 0.8
_AUTHORITIES = {"ssl_ca_certs", "ssl_ca_path", "ssl_ca_data"}
_SOUND = ("list", "stream", "none")


def examine_redis(
    url: str,
    queues: Sequence[str] = (),
    audit: Callable[[], Sequence[QueueAudit]] | None = None,
    prefix: str = "",
) -> Iterator[Check]:
    """Every check of the Redis side; `queues` are the names that the database knows, `audit` says
    where their tasks are, `prefix` begins the keys.
    """
    from redis.exceptions import RedisError

    from qtask_db.doctor.queues import examine_messages
    from qtask_db.log import mask
    from qtask_db.transport.url import connect

    try:
        with connect(url) as client:
            started = time.monotonic()
            client.ping()
            took = time.monotonic() - started
            yield ok("Redis", f"{mask(url)} answers in {took * 1000:.1f} ms")
            yield _encryption(client, url)
            yield from _server(client)
            yield from _writes(client, prefix + queues[0] if queues else "qtask")
            if queues:
                yield from _permitted("queues", examine_queues(client, queues, prefix))
            if queues and audit:
                yield from _permitted("messages", examine_messages(client, audit, prefix))
    except RedisError as error:
        yield fail("Redis", str(error), advice(QueueUnavailable()))
    except QtaskError as error:
        yield fail("Redis", str(error), advice(error))


def _encryption(client: RedisClient, url: str) -> Check:
    """Whether others can read the traffic, or pose as Redis; of a Cluster, of one node."""
    from redis.cluster import RedisCluster

    from qtask_db.doctor.encryption import examine

    one: Any = client
    if isinstance(client, RedisCluster):
        one = client.get_random_node().redis_connection
    connection = one.connection_pool.get_connection()
    try:
        return examine(
            "Redis encryption",
            connection._sock,
            authority=not _AUTHORITIES.isdisjoint(parse_qs(urlsplit(url).query)),
            remedy="rediss:// in the URL, without ssl_cert_reqs=none and ssl_check_hostname=false",
        )
    finally:
        one.connection_pool.release(connection)


def _permitted(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """The checks, as far as this user may look."""
    from redis.exceptions import NoPermissionError

    try:
        yield from checks
    except (NoPermissionError, QueueUnavailable) as error:
        if not isinstance(error.__cause__ or error, NoPermissionError):
            raise
        todo = "let this user run TYPE, LLEN, XLEN, LINDEX and XRANGE on them"
        yield warn(name, f"not seen: {error}", todo)


def _server(client: RedisClient) -> Iterator[Check]:
    """The checks of INFO, which providers often keep to themselves."""
    from redis.exceptions import NoPermissionError

    try:
        nodes = _nodes(client.info())
    except NoPermissionError as error:
        yield warn(
            "Redis server",
            f"version, memory and persistence are not seen: {error}",
            "ACL SETUSER <user> +info, or ask the provider for maxmemory-policy noeviction",
        )
        return
    for info in nodes:
        yield from examine_node(info)


def _writes(client: RedisClient, key: str) -> Iterator[Check]:
    """Whether a message could be pushed: RPUSHX does nothing if the key does not exist."""
    from redis.exceptions import NoPermissionError, ResponseError

    try:
        client.rpushx(f"{key}:doctor ", "")  # no queue has a name that ends in a blank
    except NoPermissionError as error:
        yield warn("Redis writes", str(error), "ACL SETUSER <user> ~<queues> +@list +@stream")
    except ResponseError as error:
        yield fail(
            "Redis writes", str(error), "relays hold all tasks back until Redis takes writes again"
        )
    else:
        yield ok("Redis writes", "messages can be pushed")


def _nodes(info: dict[str, Any]) -> list[dict[str, Any]]:
    """A cluster answers INFO with one dictionary a node."""
    nodes = [
        value for value in info.values() if isinstance(value, dict) and "redis_version" in value
    ]
    return [node for node in nodes if node.get("role") != "slave"] or [info]


def examine_node(info: dict[str, Any]) -> Iterator[Check]:
    """The checks of one Redis server, from its INFO."""
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info["redis_version"])
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers >= MINIMUM:
        yield ok("Redis version", f"{name} {version}")
    else:
        yield fail("Redis version", f"{name} {version}", "Redis 6.2 or later, or Valkey, is needed")
    if info.get("role") == "slave":
        yield fail("Redis role", "a replica, which refuses writes", "give the URL of the primary")
    used, most = int(info.get("connected_clients", 0)), int(info.get("maxclients", 10_000))
    if used > _FULL * most:
        text = f"{used:,} of {most:,} connections are in use"
        yield warn("Redis connections", text, f"CONFIG SET maxclients {2 * most}")
    yield _memory(info)
    yield _persistence(info)


def examine_queues(client: RedisClient, queues: Sequence[str], prefix: str = "") -> Iterator[Check]:
    """Whether each queue can take messages, and whether workers have set some aside."""
    from qtask_db.transport.commands import run_each
    from qtask_db.transport.queues import BAD_SUFFIX, QUEUE_LIMIT, count_messages

    name = "queues"
    kinds = {}
    replies = run_each(client, [("TYPE", prefix + queue) for queue in queues])
    for queue, reply in zip(queues, replies, strict=True):
        if isinstance(reply, Exception):
            raise reply
        kinds[queue] = reply.decode() if isinstance(reply, bytes) else str(reply)
    lengths = count_messages(client, queues, prefix)
    set_aside = count_messages(client, [queue + BAD_SUFFIX for queue in queues], prefix)
    wrong = {queue: kind for queue, kind in kinds.items() if kind not in _SOUND}
    full = {queue: count for queue, count in lengths.items() if count >= QUEUE_LIMIT}
    shared = {queue + BAD_SUFFIX for queue in queues} & set(queues)
    bad = {
        key.removesuffix(BAD_SUFFIX): count
        for key, count in set_aside.items()
        if count and key not in shared
    }
    if wrong:
        yield fail(
            name,
            f"no message can be put on {named(wrong)}",
            "the keys are neither list nor stream, so relays hold the tasks back; rename the keys",
        )
    if full:
        yield warn(
            name,
            f"full, messages: {named(full)}",
            "see whether workers run and keep up; relays go on as soon as there is room",
        )
    if bad:
        yield warn(
            name,
            f"messages that were set aside: {named(bad)}",
            f"`LRANGE {prefix}<queue>{BAD_SUFFIX} 0 9` in redis-cli tells why; mend what pushes "
            "them",
        )
    if shared:
        yield warn(
            name,
            f"another queue's list of bad messages: {', '.join(sorted(shared)[:NAMED])}",
            "give them other names: workers find records of bad messages in them",
        )
    if not wrong and not full:
        yield ok(name, f"{sum(lengths.values()):,} messages on {len(queues):,} queues")


def _memory(info: dict[str, Any]) -> Check:
    policy, limit = str(info.get("maxmemory_policy", "noeviction")), int(info.get("maxmemory", 0))
    used = int(info.get("used_memory", 0))
    name, advice = "Redis memory", "set `maxmemory-policy noeviction` on the Redis of the queues"
    text = (
        f"{used / 2**20:,.0f} MB used of {f'{limit / 2**20:,.0f} MB' if limit else 'any'}, {policy}"
    )
    if policy.startswith("allkeys"):
        return fail(name, text, advice) if limit else warn(name, text, advice)
    if limit and used > 0.9 * limit:
        return warn(
            name, text, "Redis is nearly full; relays hold tasks back when it refuses writes"
        )
    return ok(name, text)


def _persistence(info: dict[str, Any]) -> Check:
    name, later = (
        "Redis persistence",
        "messages that a crash loses are queued again by their interval",
    )
    if info.get("aof_enabled"):
        if info.get("aof_last_write_status", "ok") != "ok":
            return fail(name, "the last write of the append-only file failed", "see Redis' log")
        return ok(name, "append-only file")
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        return fail(name, "the last snapshot failed; Redis may refuse writes", "see Redis' log")
    return warn(name, "no append-only file", f"set `appendonly yes`; without it {later}")
