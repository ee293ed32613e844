"""The Redis users of docs/guides/installing.md have exactly the rights that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import redis
from examples import blocks
from testing import as_account

from qtask_db.doctor.redis import examine_redis
from qtask_db.errors import QtaskError
from qtask_db.task import Task
from qtask_db.transport.kinds import FORGOTTEN_IDLE, GROUP
from qtask_db.transport.pushing import push_tasks
from qtask_db.transport.queues import Queues, count_messages
from qtask_db.transport.url import connect

TASKS = [Task(number, "Q", "{}", created=True, pushable=True) for number in range(1, 4)]
MESSAGES = [task.message for task in TASKS]

Act = Callable[[str, bool, redis.Redis], None]


def relay(url: str, stream: bool, admin: redis.Redis) -> None:
    queues = Queues(url, stream=stream)
    queues.ping()
    queues.probe()
    queues.push(MESSAGES)
    queues.lengths(["Q"])
    if stream:
        take_and_forget(admin)
    queues.make_room(["Q"])


def producer(url: str, stream: bool, admin: redis.Redis) -> None:
    assert push_tasks(url, TASKS, limit=3, stream=stream) == 3
    if stream:
        take_and_forget(admin)
        assert push_tasks(url, TASKS, limit=3, stream=stream) == 3


def worker(url: str, stream: bool, admin: redis.Redis) -> None:
    Queues(admin, stream=stream).push(MESSAGES * 2)
    queues = Queues(url, stream=stream, consumer="w")
    queues.ping()
    queues.check(["Q"])
    taken = queues.take(["Q"], 3, timeout=1)
    queues.put_back(taken[:1])
    queues.set_aside(taken[1], "bad")
    queues.done(taken[2:])
    queues.done(queues.take(["Q"], 9, timeout=0))
    queues.leave(["Q"])
    assert not Queues(admin, stream=stream).lengths(["Q"])["Q"]


def operator(url: str, stream: bool, admin: redis.Redis) -> None:
    Queues(admin, stream=stream).push(MESSAGES)
    assert {"Redis version", "queues"} <= {check.name for check in examine_redis(url, ["Q"])}


def monitor(url: str, stream: bool, admin: redis.Redis) -> None:
    """As `qtask stats` looks."""
    Queues(admin, stream=stream).push(MESSAGES)
    with connect(url) as client:
        assert count_messages(client, ["Q"]) == {"Q": 3}


def take_and_forget(admin: redis.Redis) -> None:
    """As a consumer that has died long ago."""
    admin.xgroup_create("Q", GROUP, id="0")
    for _, entries in admin.xreadgroup(GROUP, "dead", {"Q": ">"}):
        for entry, _ in entries:
            admin.xclaim("Q", GROUP, "dead", 0, [entry], idle=int(FORGOTTEN_IDLE * 2000))


ACTS: list[Act] = [relay, producer, worker, operator, monitor]
NAMING = "client|setinfo"
"""By it redis-py tells newer servers its name, and bears a refusal."""
WARNED = {"operator": {"rpushx"}}
"""Commands that are refused to a user of the document, who is warned of it."""


@pytest.fixture
def admin(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as admin:
        yield admin
        for act in ACTS:
            admin.acl_deluser(act.__name__)


@pytest.mark.parametrize("stream", [False, True], ids=["lists", "streams"])
@pytest.mark.parametrize("act", ACTS)
def test_a_user_of_the_document_needs_what_it_has_and_no_more(
    act: Act, stream: bool, admin: redis.Redis, redis_url: str
) -> None:
    name = act.__name__
    url = as_account(redis_url, name, "secret")
    text = "".join(blocks("docs/guides/installing.md", "redis"))
    lines = [words for words in map(str.split, text.splitlines()) if words[2] == name]

    def attempt() -> None:
        admin.flushall()
        admin.script_flush()
        admin.acl_log_reset()
        act(url, stream, admin)

    def denied() -> set[str]:
        return {entry["object"] for entry in admin.acl_log()} - {NAMING}

    for words in lines if stream else lines[:1]:
        admin.execute_command(*words)
    attempt()
    assert denied() == WARNED.get(name, set())
    for word in lines[-1 if stream else 0][3:]:
        if word.startswith("+"):
            admin.execute_command("ACL", "SETUSER", name, f"-{word[1:]}")
            with suppress(QtaskError, redis.RedisError, AssertionError):
                attempt()
            assert word[1:] in denied()
            admin.execute_command("ACL", "SETUSER", name, word)
