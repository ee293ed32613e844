"""doctor, and what an account without privileges sees."""

from __future__ import annotations

import re
from typing import Any

import redis as redis_py
from command_line import AWAY, Qtask
from testing import PASSWORD, age, as_account, execute, query

from qtask_db import calls
from qtask_db.database import Connection
from qtask_db.transport.queues import QUEUE_LIMIT


def test_doctor_of_a_good_installation(qtask: Qtask) -> None:
    result = qtask("doctor", "--json")
    assert result.code == 0, result.json
    assert result.json["ok"] is True
    levels = {check["name"]: check["level"] for check in result.json["checks"]}
    for name in (
        "connection", "server", "server clock", "privileges", "schema", "procedures", "relays",
        "lapses", "Redis", "Redis version", "Redis memory",
    ):  # fmt: skip
        assert levels[name] in ("ok", "warn"), name
    plain = qtask("doctor")
    assert re.search(r"^ok    server ", plain.out, re.MULTILINE)
    assert re.search(r"\d+ ok, \d+ warnings?, 0 failed", plain.out)


def test_doctor_finds_a_missing_and_an_older_schema(qtask: Qtask, conn: Connection) -> None:
    result = qtask("doctor", "--prefix", "absent_")
    assert result.code == 1
    assert "FAIL  schema" in result.out
    execute(conn, "UPDATE qtask_setting SET value = '0.0.1' WHERE name = 'version'")
    result = qtask("doctor")
    assert qtask("install").code == 0
    assert result.code == 1
    assert "0.0.1 is installed" in result.out


def test_a_newer_schema_serves_older_programs_and_is_not_taken_back(
    qtask: Qtask, conn: Connection
) -> None:
    (kept,) = query(conn, "SELECT value FROM qtask_setting WHERE name = 'version'")[0]
    execute(conn, "UPDATE qtask_setting SET value = '9.0.0.dev1' WHERE name = 'version'")
    try:
        result, again = qtask("doctor"), qtask("install")
        assert result.code == 0
        assert re.search(r"^ok    schema +9\.0\.0\.dev1 is installed", result.out, re.MULTILINE)
        assert again.code != 0
        assert "the schema is of qtask-db 9.0.0.dev1" in again.err
        assert query(conn, "SELECT value FROM qtask_setting WHERE name = 'version'") == [
            ("9.0.0.dev1",)
        ]
    finally:
        execute(conn, f"UPDATE qtask_setting SET value = '{kept}' WHERE name = 'version'")


def test_doctor_finds_servers_that_are_away(qtask: Qtask) -> None:
    result = qtask("doctor", QTASK_REDIS_URL=f"redis://:s3cret@{AWAY}/0")
    assert result.code == 1
    assert "FAIL  Redis" in result.out
    result = qtask("doctor", QTASK_DATABASE_URL=f"mysql://u:s3cret@{AWAY}/x")
    assert result.code == 1
    assert "FAIL  connection" in result.out
    assert "-> check that the server is up" in result.out


def test_doctor_warns_of_tasks_that_nobody_takes(qtask: Qtask, conn: Connection) -> None:
    calls.delay(conn, "bind", {}, 0, 60, "Q")
    age(conn, 3600)
    result = qtask("doctor")
    assert result.code == 0
    assert "warn  relays" in result.out
    assert "start `qtask relay`" in result.out


def test_doctor_warns_of_tasks_that_never_end(qtask: Qtask, conn: Connection) -> None:
    task_id, other = (calls.create(conn, "bind", {}, 60, "Q").task_id for _ in range(2))
    for _ in range(2):
        calls.processing(conn, task_id)
        calls.processing(conn, other)
    assert "ok    lapses" in qtask("doctor").out
    calls.processing(conn, task_id)
    result = qtask("doctor")
    assert result.code == 0
    assert re.search(rf"warn  lapses +1 tasks .*, {task_id} of Q 3 times", result.out)
    assert f"qtask explain {task_id}" in result.out


def test_doctor_looks_at_the_queues_keys(
    qtask: Qtask, conn: Connection, redis: redis_py.Redis
) -> None:
    for queue in ("GOOD", "FULL", "WRONG", "STREAM"):
        calls.create(conn, "bind", {}, 60, queue)
    redis.rpush("GOOD", "1", "2")
    redis.xadd("STREAM", {"message": "3"})
    found = qtask("doctor")
    assert found.code == 0
    assert re.search(r"^ok    queues +3 messages on 4 queues", found.out, re.MULTILINE)
    redis.rpush("FULL", *range(QUEUE_LIMIT))
    redis.rpush("GOOD:bad", "{}")
    redis.set("WRONG", "x")
    found = qtask("doctor")
    assert found.code == 1
    for text in (
        r"FAIL  queues +no message can be put on WRONG \(string\)",
        r"warn  queues +full, messages: FULL \(100,000\)",
        r"warn  queues +messages that were set aside: GOOD \(1\)",
    ):
        assert re.search(f"^{text}", found.out, re.MULTILINE), found.out


def test_doctor_of_a_redis_user_with_few_rights(
    qtask: Qtask, conn: Connection, redis: redis_py.Redis, redis_url: str
) -> None:
    calls.create(conn, "bind", {}, 60, "Q")
    redis.acl_setuser(
        "few", enabled=True, passwords=[f"+{PASSWORD}"], commands=["+@all", "-type"], keys=["*"]
    )
    try:
        found = qtask("doctor", QTASK_REDIS_URL=as_account(redis_url, "few"))
    finally:
        redis.acl_deluser("few")
    assert found.code == 0
    assert re.search(r"^warn  queues +not seen: .*type", found.out, re.MULTILINE)


def push_three(conn: Connection, redis: redis_py.Redis, push: bool) -> None:
    """Three tasks of a queue that a relay has queued."""
    for _ in range(3):
        calls.delay(conn, "bind", {}, 0, 3600, "Q")
    batch = calls.scan(conn, "r")
    if push:
        redis.rpush("Q", *(f'{{"task_id": {m.task_id}}}' for m in batch.messages))
    calls.confirm(conn, batch.batch_id, "r")


def test_doctor_misses_messages_of_queued_tasks(
    qtask: Qtask, conn: Connection, redis: redis_py.Redis
) -> None:
    push_three(conn, redis, push=False)
    found = qtask("doctor")
    assert found.code == 0
    assert re.search(r"^warn  messages +this Redis has none of 3 messages", found.out, re.MULTILINE)
    assert "compare its URL" in found.out
    redis.rpush("Q", '{"task_id": 1}')
    found = qtask("doctor")
    assert re.search(r"^warn  messages +fewer than queued tasks: Q \(2\)", found.out, re.MULTILINE)


def test_doctor_finds_a_queue_that_nobody_consumes(
    qtask: Qtask, conn: Connection, redis: redis_py.Redis
) -> None:
    push_three(conn, redis, push=True)
    found = qtask("doctor")
    assert re.search(r"^ok    messages +3 tasks are queued", found.out, re.MULTILINE)
    assert re.search(
        r"^warn  consumers +nobody takes the messages of Q \(3\)", found.out, re.MULTILINE
    )
    # A long handler may keep all that a worker has.
    calls.processing(conn, calls.list_tasks(conn, queue="Q")[-1].task_id)
    redis.lpop("Q")
    assert "consumers" not in qtask("doctor").out


def test_doctor_of_a_redis_user_without_info(
    qtask: Qtask, conn: Connection, redis: redis_py.Redis, redis_url: str
) -> None:
    """As providers give them."""
    calls.create(conn, "bind", {}, 60, "Q")
    few = as_account(redis_url, "few")
    rights: dict[str, Any] = {"categories": ["+@all", "-@dangerous"], "keys": ["*"]}
    redis.acl_setuser("few", enabled=True, passwords=[f"+{PASSWORD}"], **rights)
    try:
        found = qtask("doctor", QTASK_REDIS_URL=few)
        assert found.code == 0
        assert re.search(r"^warn  Redis server +.*not seen: .*info", found.out, re.MULTILINE)
        assert re.search(r"^ok    queues ", found.out, re.MULTILINE)
        redis.acl_setuser("few", enabled=True, commands=["-rpushx"])
        found = qtask("doctor", QTASK_REDIS_URL=few)
        assert re.search(r"^warn  Redis writes .*rpushx", found.out, re.MULTILINE)
    finally:
        redis.acl_deluser("few")


def test_doctor_finds_a_redis_that_refuses_writes(
    qtask: Qtask, conn: Connection, redis: redis_py.Redis
) -> None:
    calls.create(conn, "bind", {}, 60, "Q")
    redis.config_set("maxmemory", "1")
    try:
        found = qtask("doctor")
    finally:
        redis.config_set("maxmemory", "0")
    assert found.code == 1
    assert re.search(r"^FAIL  Redis writes .*OOM|maxmemory", found.out, re.MULTILINE)
    assert redis.keys() == []
