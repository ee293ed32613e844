"""The guides are walked on real servers: each block runs, and says what the page shows."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from go_library import GoTables
from guides import Guide, fits
from testing import count_ids_anew, environment, execute, query

from qtask_db import Connection

GUIDES = (
    "producing", "consuming", "delivery", "retries-and-deadlines", "duplicates", "operating",
    "schedules",
)  # fmt: skip


@pytest.fixture
def guide(
    conn: Connection, database_url: str, redis_url: str, redis: redis.Redis, tmp_path: Path
) -> Iterator[Guide]:
    """In a schema and a Redis that know no task, whose first one will be 1."""
    count_ids_anew(conn)
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    before = query(conn, tables)
    found = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    given = environment(database_url, redis_url) | {"PATH": found, "QTASK_SOURCE_URL": database_url}
    given.pop("COLUMNS", None)  # of pytest's: lines would be broken
    walked = Guide(conn, redis, given, tmp_path)
    yield walked
    walked.kill()
    for (table,) in set(query(conn, tables)) - set(before):
        execute(conn, f"DROP TABLE {table}")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_says_what_is_so(name: str, guide: Guide) -> None:
    walk(guide, name)


def walk(guide: Guide, name: str) -> None:
    for block, said, expected in guide.walk(f"docs/guides/{name}.md"):
        assert fits(said, expected), f"{block}\nhas said\n\n{said}\n\nand not\n\n{expected}"
    guide.end()


@pytest.mark.timeout(300)
def test_the_way_from_the_go_library(guide: Guide, conn: Connection, redis: redis.Redis) -> None:
    """A message waits in Redis, a task is due, and a consumer has died."""
    go = GoTables(conn)
    for n, state in enumerate(({}, {"next_execute_time": -5}, {"status": 30, "count": 1})):
        task_id = go.draw()
        message = json.dumps({"order_no": f"897{n}", "task_id": task_id})
        due = {"queue_name": "ORDER:PAY", "msg_content": message, "next_execute_time": 1}
        go.add(task_id, **due | state)
        if not state:
            data = base64.b64encode(message.encode()).decode()
            redis.rpush("mall:ORDER:PAY", json.dumps({"__data__": data, "__header__": {}}))
    walk(guide, "from-the-go-library")
    assert query(conn, "SELECT DISTINCT status FROM tsk_system_task") == [(0,)]
    assert not redis.exists("mall:ORDER:PAY:bad")
    left = redis.lrange("mall:ORDER:PAY", 0, -1)  # a relay may have pushed a copy at the end
    assert not [message for message in left if "__data__" in message]


def test_a_difference_is_found() -> None:
    assert fits(
        "task 17 waits since 2026-11-28 22:34:57.982", "task … waits since 2027-01-01 00:00:00"
    )
    assert fits("| 17    |  1 |\n+---+", "| …  | 1 |\n+-----+")
    assert not fits("task 17 waits", "task 18 waits")
    assert not fits("task 17 waits\nand more", "task 17 waits")
