"""docs/guides/other-languages.md: its blocks are parts of the programs, and its SQL works."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from examples import all_blocks, statements
from testing import count_ids_anew, execute, query
from tools import PROGRAMS

from qtask_db import Connection, calls
from qtask_db.constants import Status

GUIDE = "docs/guides/other-languages.md"
KINDS = {".mjs": "js", ".php": "php", ".go": "go", ".java": "java", ".py": "python"}
"""The kinds of blocks, by the programs' suffix."""


def parts() -> Iterator[tuple[str, str]]:
    """Kind and text of what the programs give the guide."""
    for path in sorted(PROGRAMS.rglob("*.*")):
        text = path.read_text(encoding="utf-8")
        for part in re.findall(
            r"^(?://|#) guide: [^\n]*\n(.*?)^ *(?://|#) end\n", text, re.M | re.S
        ):
            yield KINDS[path.suffix], part.strip("\n")


def test_the_blocks_are_parts_of_programs_that_are_run() -> None:
    found = [(kind, text.strip("\n")) for kind, text in all_blocks(GUIDE)]
    shown = [pair for pair in found if pair[0] in KINDS.values()]
    assert sorted(shown) == sorted(parts())


def said(conn: Connection, statement: str) -> list[dict[str, Any]]:
    with conn.raw.cursor() as cursor:
        cursor.execute(statement)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def orders(conn: Connection) -> Iterator[None]:
    """The business, and a task 17 to come."""
    count_ids_anew(conn)
    execute(conn, "CREATE TABLE orders (order_no VARCHAR(64) PRIMARY KEY, bound INT DEFAULT 0)")
    execute(conn, f"ALTER TABLE {conn.prefix}task AUTO_INCREMENT = 17")
    yield
    execute(conn, "DROP TABLE orders")
    execute(conn, f"DELETE FROM {conn.prefix}task")
    count_ids_anew(conn)


@pytest.mark.usefixtures("orders")
def test_the_steps_work_as_they_stand(engine: str, conn: Connection, redis: redis.Redis) -> None:
    sql = [statements(block, engine) for kind, block in all_blocks(GUIDE) if kind == "sql"]
    push, take = [shlex.split(b) for kind, b in all_blocks(GUIDE) if kind == "redis"][:2]
    create, start, work, fail, direct, finish = sql
    for statement in create:
        if rows := said(conn, statement):
            assert rows == [{"task_id": 17, "created": 1, "pushable": 1}]
    redis.execute_command(*push)
    _, message = redis.execute_command(*take)
    assert json.loads(message) == {"task_id": 17, "task_attempt": 1, "order_no": "8973"}
    assert said(conn, start[0]) == [{"attempt": 1, "payload": '{"order_no": "8973"}'}]
    execute(conn, "START TRANSACTION")
    assert said(conn, fail[0]) == [{"status": Status.WAITING}]
    execute(conn, "ROLLBACK")
    for statement in work + work[:2]:
        said(conn, statement)
    with pytest.raises(Exception, match="finished") as refused:
        said(conn, work[2])
    assert refused.value.args[0] == 20116
    execute(conn, "ROLLBACK")
    assert query(conn, "SELECT bound FROM orders") == [(1,)]
    calls.set_delivery(conn, "MAIL", "direct")
    assert calls.create(conn, "mail", {"to": "a@b.c"}, 60, "MAIL").task_id == 18
    with conn.raw.cursor() as cursor:
        cursor.execute(direct[0])
        assert cursor.fetchall() == ((None,),)
        cursor.nextset()
        assert cursor.fetchall() == ((18, 1, 60, "MAIL", '{"to": "a@b.c"}', 0, 0),)
    assert said(conn, finish[0]) == []
    assert query(conn, f"SELECT status FROM {conn.prefix}task WHERE task_id = 18") == [(0,)]


def test_the_commands_of_streams_work_as_they_stand(redis: redis.Redis) -> None:
    block = [text for kind, text in all_blocks(GUIDE) if kind == "redis"][-1]
    entry = ""
    replies = []
    for line in block.splitlines():
        words = [entry if word == "ENTRY" else word for word in shlex.split(line)]
        replies.append(redis.execute_command(*words))
        entry = entry or str(replies[0])
    assert entry in str(replies[2])
    assert replies[3:5] == [1, 1]
    assert redis.xlen("MAIL") == 0
