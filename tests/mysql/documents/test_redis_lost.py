"""docs/guides/when-redis-is-lost.md: its commands are run on a Redis that is lost in each way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py
import servers
from examples import all_blocks, blocks
from testing import age, as_account, execute, query
from walks import Walk

from qtask_db import Connection, calls
from qtask_db.relay import Relay

BLOCKS = all_blocks("docs/guides/when-redis-is-lost.md")
QUEUE = "GCR:ORDER:BIND"


def block(kind: str, words: str, nth: int = 0) -> str:
    """The nth of the guide's blocks of this kind that has these words."""
    return [text for found, text in BLOCKS if found == kind and words in text][nth]


def plain(text: str) -> str:
    """Without its line breaks, which depend on the terminal."""
    return " ".join(text.split())


@pytest.fixture
def relay(database_url: str, redis_url: str) -> Iterator[Relay]:
    relay = Relay(database_url, redis_url)
    yield relay
    relay.close()


@pytest.fixture
def walk(
    conn: Connection,
    relay: Relay,
    database_server: servers.Server,
    database_url: str,
    redis_url: str,
    redis: redis_py.Redis,
    tmp_path: Path,
) -> Walk:
    """An operator; three tasks are on the queue since more than ten minutes."""
    walk = Walk(conn, database_server.url, redis, tmp_path)
    walk.environment |= {"QTASK_DATABASE_URL": database_url, "QTASK_REDIS_URL": redis_url}
    for number in range(3):
        calls.delay(conn, "bind order", {"order_no": number}, 0, 3600, QUEUE)
    hand_out(relay)
    age(conn, 700)
    assert redis.llen(QUEUE) == 3
    return walk


def hand_out(relay: Relay) -> None:
    while relay.step() == 0.0:
        pass


def test_a_redis_that_was_emptied(walk: Walk, relay: Relay, redis: redis_py.Redis) -> None:
    walk.redis(block("redis", "FLUSHALL"))
    first, then = block("sh", "qtask redrive --all --yes").splitlines()
    lost, well = (plain(block("text", words)) for words in ("3 messages missing", "is missing"))
    assert plain(walk.sh(first, codes=(1,))) == lost
    assert "redriven 3 tasks" in walk.sh(then)
    hand_out(relay)
    assert plain(walk.sh(block("sh", "qtask audit", 1))) == well
    assert redis.llen(QUEUE) == 3


def test_a_step_in_sql(walk: Walk, relay: Relay, redis: redis_py.Redis, conn: Connection) -> None:
    redis.flushall()
    walk.sql(block("sql", "qtask_redrive_tasks"))
    assert query(conn, "SELECT @redriven") == [(3,)]
    hand_out(relay)
    assert redis.llen(QUEUE) == 3
    walk.sql(block("sql", "qtask_redrive_tasks"))
    assert query(conn, "SELECT @redriven") == [(0,)], "queued less than a minute ago"


def test_a_redis_of_the_past(
    walk: Walk, relay: Relay, redis: redis_py.Redis, conn: Connection
) -> None:
    """Messages of tasks that have ended hide those that are missing."""
    redis.flushall()
    ended = [calls.create(conn, "bind order", {}, 3600, QUEUE) for _ in range(3)]
    for task in ended:
        task.push(redis)
        calls.cancel(conn, task.task_id)
    assert "no message is missing" in walk.sh("qtask audit")
    assert "redriven 3 tasks" in walk.sh(block("sh", "--age"))
    hand_out(relay)
    assert redis.llen(QUEUE) == 6
    assert "3 messages more than tasks" in walk.sh("qtask audit")


def test_a_redis_that_is_full(walk: Walk, redis: redis_py.Redis) -> None:
    before = redis.config_get("maxmemory*")
    redis.config_set("maxmemory", 1)
    try:
        said = walk.sh("qtask doctor", codes=(1,))
        assert plain(block("text", "Redis writes")) in plain(said)
        walk.redis(block("redis", "maxmemory"))
        assert "messages can be pushed" in walk.sh("qtask doctor")
    finally:
        for name in ("maxmemory", "maxmemory-policy"):
            redis.config_set(name, before[name])


def test_another_redis(walk: Walk, redis: redis_py.Redis) -> None:
    """As the Redis user of the guide to installing sees it."""
    lines = "".join(blocks("docs/guides/installing.md", "redis")).splitlines()
    user = next(line for line in lines if line.startswith("ACL SETUSER operator on"))
    walk.redis(f"{user.strip()} +select")
    right = as_account(walk.environment["QTASK_REDIS_URL"], "operator", "secret")
    try:
        walk.environment["QTASK_REDIS_URL"] = right.removesuffix("/0") + "/1"
        said = walk.sh("qtask doctor")
        assert plain(block("text", "it is another one")) in plain(said)
        walk.environment["QTASK_REDIS_URL"] = right
        assert "not seen" in walk.sh("qtask doctor"), "it may not read messages"
    finally:
        redis.acl_deluser("operator")
    walk.redis(block("redis", "DEL"))
    assert not redis.exists(QUEUE)


def test_a_key_that_is_wrong(walk: Walk, redis: redis_py.Redis) -> None:
    redis.delete(QUEUE)
    redis.set(QUEUE, "something else")
    walk.sh("qtask audit", codes=(1,))
    assert "neither list nor stream" in walk.sh("qtask doctor", codes=(1,))
    redis.rename(QUEUE, "else")
    assert "3 messages fewer than tasks" in walk.sh("qtask audit", codes=(1,))


def test_the_database_of_the_past(walk: Walk, redis: redis_py.Redis, conn: Connection) -> None:
    """An old message names a new task, and would start it before its time."""
    old = json.loads(redis.lindex(QUEUE, 0))
    execute(conn, f"DELETE FROM {conn.prefix}task")
    execute(conn, f"ALTER TABLE {conn.prefix}task AUTO_INCREMENT = {old['task_id']}")
    new = calls.delay(conn, "bind order", {"order_no": "new"}, 3000, 3600, QUEUE)
    assert new.task_id == old["task_id"]
    assert calls.receive(conn, new.task_id, old["task_attempt"], QUEUE).attempt == 1
    walk.redis(block("redis", "DEL"))
    assert not redis.exists(QUEUE)
