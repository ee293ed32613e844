"""Tenants that must be kept apart: a schema each, and Redis users with keys of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis as redis_py
from examples import blocks
from testing import execute, query

from qtask_db import Connection, Database
from qtask_db.errors import QueueUnavailable
from qtask_db.install import install, uninstall
from qtask_db.schema.render import INDEX, ROLES
from qtask_db.task import Task
from qtask_db.transport.pushing import push_now
from qtask_db.transport.queues import Queues

Account = Callable[..., Connection]
OTHERS = "tenant_b_"


@pytest.fixture(scope="module")
def other_schema(installed_url: str) -> Iterator[Connection]:
    """Beside ours, in the same database."""
    install(installed_url, {"prefix": OTHERS}, report=lambda _: None)
    with Database(installed_url, prefix=OTHERS).connect() as conn:
        yield conn
    uninstall(installed_url, OTHERS, report=lambda _: None)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_of_one_schema_reaches_nothing_of_another(
    role: str, other_schema: Connection, account: Account
) -> None:
    thief = Connection((member := account(role)).raw, member.dialect, OTHERS)
    places = dict(
        query(
            other_schema,
            "SELECT specific_name, COUNT(*) FROM information_schema.parameters "
            "WHERE specific_schema = DATABASE() GROUP BY specific_name",
        )
    )
    for entry in INDEX["procedure"]:
        if entry.get("dialect", "mysql") == "mysql":
            name = OTHERS + entry["name"]
            with pytest.raises(Exception, match="denied"):
                execute(thief, f"CALL {name}({', '.join(['NULL'] * places.get(name, 0))})")
    for entry in (*INDEX["view"], *INDEX["table"]):
        with pytest.raises(Exception, match="denied"):
            query(thief, f"SELECT 1 FROM {OTHERS}{entry['name']}")


@pytest.mark.parametrize("user", ["producer", "relay", "worker"])
def test_a_redis_user_reaches_the_keys_of_its_tenant_alone(
    user: str, redis_url: str, redis: redis_py.Redis
) -> None:
    name = f"tenant_a_{user}"
    lines = "".join(blocks("docs/guides/installing.md", "redis")).splitlines()
    (line,) = (words for words in map(str.split, lines) if words[2:4] == [user, "on"])
    redis.execute_command("ACL", "SETUSER", name, *(w.replace("~*", "~A:*") for w in line[3:]))
    place = urlsplit(redis_url)
    host = place.netloc.rpartition("@")[2]
    url = urlunsplit(place._replace(netloc=f"{name}:secret@{host}"))
    ours, theirs = (
        Task(1, queue, "{}", created=True, pushable=True) for queue in ("A:PAY", "B:PAY")
    )
    acts: dict[str, Callable[[Task], object]] = {
        "producer": lambda task: push_now(url, [task]),
        "relay": lambda task: Queues(url).push([task.message]),
        "worker": lambda task: Queues(url, consumer="w").take([task.queue], 1, timeout=0),
    }
    try:
        Queues(redis).push([ours.message, theirs.message])
        assert acts[user](ours)
        with pytest.raises(QueueUnavailable):
            acts[user](theirs)
        assert redis.llen("B:PAY") == 1
    finally:
        redis.acl_deluser(name)
