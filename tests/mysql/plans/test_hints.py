"""Every statement has the plan that it was written for, whatever the server knows of the tables.

A hint that is taken out shows here: docs/internals/innodb-rules.md says which ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import servers
from statements import Statement, statements
from testing import execute

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.install import install

OWN = "qtask_test_hints"
TASK = {"task", "other", "qtask_task"}
QUEUE = {"queue", "registered", "qtask_queue", "low_end", "qtask_low_end"}
# Made of JSON, or sorted for the statement: it is to drive the others.
LIST = {"given", "candidate", "found", "element", "retried", "removed"}
OURS = {"None", "PRIMARY", "due", "active_order"}
READS_ALL, SORTS, LATE_LIST, QUEUE_FIRST = "reads all", "sorts", "late list", "queue first"
OTHER_INDEX = "another index"
# These plans are meant: of views of all tasks, of statements that lock nothing and read each queue
# once, of one that reads the last entry of the key, and of one that reads the key up to a limit.
MEANT = {
    "task_list": {READS_ALL},
    "queue_statistics": {READS_ALL, SORTS, LATE_LIST},
    "queue_depth": {READS_ALL, SORTS, LATE_LIST},
    "queue_audit": {SORTS, LATE_LIST},
    "due_backlog": {QUEUE_FIRST},
    "list_tasks": {READS_ALL, SORTS, OTHER_INDEX},
    "find_queues": {READS_ALL},
    "check_new_tasks": {READS_ALL},
    "add_rest": {READS_ALL, LATE_LIST},
    "add_tasks": {READS_ALL, SORTS, LATE_LIST},
    "advance_due": {LATE_LIST},
    "find_next_due": {LATE_LIST},
    "scan_tasks": {LATE_LIST},
    "look_for_tasks": {LATE_LIST},
    "await_task": {READS_ALL},
    "select_tasks": {READS_ALL},
    "remove_idle_queues": {READS_ALL, LATE_LIST},
}


@pytest.fixture(scope="module", params=["empty", "one queue", "many queues", "own indexes"])
def schema(database_server: servers.Server, request: pytest.FixtureRequest) -> Iterator[Connection]:
    root = Database(database_server.url).connect()
    execute(root, f"CREATE DATABASE {OWN}")
    url = urlsplit(database_server.url)._replace(path=f"/{OWN}").geturl()
    install(url, {}, report=lambda _: None)
    with Database(url).connect() as conn:
        fill(conn, request.param)
        yield conn
    execute(root, f"DROP DATABASE {OWN}")
    root.close()


def fill(conn: Connection, state: str) -> None:
    """With the statistics of an empty schema: a busy server knows no more."""
    for table in ("task", "queue", "batch", "low_end"):
        execute(conn, f"ALTER TABLE qtask_{table} STATS_AUTO_RECALC = 0")
    if state == "own indexes":
        for columns in ("lane, due_at", "due_at", "lane, task_id", "order_key, name"):
            execute(conn, f"ALTER TABLE qtask_task ADD INDEX ({columns})")
    if state != "empty":
        create(conn, ["Q0"] * 4000)
    if state == "many queues":
        calls.scan(conn, "r", limit=10000)
        create(conn, [f"W{n}" for n in range(2000)])


def create(conn: Connection, queues: list[str]) -> None:
    new = [NewTask("job", {}, 3600, queue, 0, order_no=f"n{n}") for n, queue in enumerate(queues)]
    calls.create_many(conn, new)


def problems(conn: Connection, statement: Statement) -> set[str]:
    """Of the plan, besides those that are meant."""
    with conn.raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {statement.text}")
        names = [column[0].lower() for column in cursor.description]
        plan = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found: set[str] = set()
    first: dict[Any, str] = {}
    for row in plan:
        if row["select_type"] in ("INSERT", "REPLACE"):
            continue  # the table that is written
        table, extra = str(row["table"]), str(row["extra"])
        leading = first.setdefault(row["id"], table)
        is_list = table in LIST or table.startswith("<derived")
        reads_all = row["type"] in ("ALL", "index")
        if reads_all and (table in TASK or (table in QUEUE and leading != table)):
            found.add(READS_ALL)
        if table in TASK and "filesort" in extra:
            found.add(SORTS)
        if table in TASK and str(row["key"]) not in OURS:
            found.add(OTHER_INDEX)
        if table in TASK and leading in QUEUE:
            found.add(QUEUE_FIRST)
        if is_list and leading != table and row["type"] != "eq_ref":
            found.add(LATE_LIST)
    return found - MEANT.get(statement.origin, set())


def test_each_statement_has_its_plan(schema: Connection) -> None:
    plans = {str(statement): problems(schema, statement) for statement in statements()}
    assert {name: found for name, found in plans.items() if found} == {}
    assert len(plans) > 100
