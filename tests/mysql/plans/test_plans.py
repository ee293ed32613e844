"""The hot statements use the index that was made for them, also beside many old tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import servers
from testing import execute, query

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.install import install
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

NOW = "UTC_TIMESTAMP(3)"
OWN = "qtask_test_plans"


@pytest.fixture(scope="module", params=["analyzed", "never analyzed"])
def filled(database_server: servers.Server, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A schema with 1,000 finished tasks, 300 active ones of three queues, and fresh statistics; or
    a backlog of one queue and the statistics of an empty table: a server that may choose then reads
    the whole table and sorts it.
    """
    analyzed = request.param == "analyzed"
    ended, active, queues = (1000, 300, 3) if analyzed else (10, 1000, 1)
    root = Database(database_server.url).connect()
    execute(root, f"CREATE DATABASE {OWN}")
    url = urlsplit(database_server.url)._replace(path=f"/{OWN}").geturl()
    install(url, {}, report=lambda _: None)
    with Database(url).connect() as conn:
        if not analyzed:
            for table in ("task", "queue"):
                execute(conn, f"ALTER TABLE {conn.prefix}{table} STATS_AUTO_RECALC = 0")
        new = [NewTask("job", {}, 60, "Q0", 0, order_no=f"o{n}") for n in range(ended)]
        old = [(task.task_id, 1) for task in calls.create_many(conn, new)]
        calls.processing_many(conn, old)
        calls.finish_many(conn, old)
        calls.create_many(
            conn,
            [NewTask("job", {}, 60, f"Q{n % queues}", 0, order_no=f"n{n}") for n in range(active)],
        )
        if analyzed:
            execute(conn, f"ANALYZE TABLE {conn.prefix}task, {conn.prefix}queue")
        yield conn
    execute(root, f"DROP DATABASE {OWN}")
    root.close()


def statement(procedure: str, start: str, values: dict[str, str]) -> str:
    """A statement of a procedure, as it is installed, with values in place of its variables."""
    text = next(
        o.text for o in Renderer("mysql", Settings()).objects if o.name == f"qtask_{procedure}"
    )
    body = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = re.search(rf"^ *{re.escape(start)}.*?;$", body, flags=re.DOTALL | re.MULTILINE)
    assert found, f"{procedure} has no such statement any more: {start}"
    plain = re.sub(r"\bINTO v_\w+(, *\w+)*", "", found[0].rstrip(";"))
    for name, value in values.items():
        plain = re.sub(rf"\b{name}\b", value, plain)
    assert not re.search(r"\b(v|in|out)_\w+", plain), plain
    return plain


def plan(conn: Connection, text: str) -> dict[str, dict[str, Any]]:
    """By table: the index that is used and what else is done."""
    with conn.raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {text}")
        names = [column[0].lower() for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {str(r["table"]).removeprefix(conn.prefix): r for r in rows}


def ids(conn: Connection, where: str) -> str:
    found = query(conn, f"SELECT task_id FROM {conn.prefix}task WHERE {where} LIMIT 100")
    assert found
    return "[" + ", ".join(str(task_id) for (task_id,) in found) + "]"


@pytest.mark.parametrize("procedure", ["lock_due_tasks", "lock_claim"])
@pytest.mark.parametrize("lane", ["active", "parked", "terminal"])
def test_what_is_locked_is_read_in_the_order_of_the_due_index(
    filled: Connection, lane: str, procedure: str
) -> None:
    queue_id = query(filled, f"SELECT MIN(queue_id) FROM {filled.prefix}queue")[0][0]
    lanes = {"active": queue_id, "parked": -queue_id, "terminal": 0}
    values = {"v_from": "'2020-01-01'", "in_until": NOW, "in_now": NOW, "in_limit": "1000"}
    text = statement(procedure, "SELECT JSON_ARRAYAGG", {"in_lane": str(lanes[lane]), **values})
    found = plan(filled, text)
    assert found["task"]["key"] == "due"
    assert not any("filesort" in str(r["extra"]) for r in found.values())
    assert found["task"]["type"] in ("range", "ref")


def test_locked_tasks_are_measured_by_their_ids(filled: Connection) -> None:
    """They are measured only if they have been found to be too large."""
    values = {
        "v_ids": f"'{ids(filled, 'lane > 0')}'",
        **{"in_now": NOW, "out_bytes_left": "9999", "v_most": "999", "in_limit": "10"},
    }
    text = statement("lock_claim", "SELECT COALESCE(JSON_ARRAYAGG", values)
    found = plan(filled, text)["task"]
    assert (found["key"], found["type"]) == ("PRIMARY", "eq_ref")


def test_a_scan_finds_the_queues_with_due_tasks_in_the_due_index(filled: Connection) -> None:
    values = {"v_now": NOW, "v_held": "'[]'", "v_known": "'[]'", "in_namespace": "NULL"}
    text = statement("scan_tasks", "SELECT  COUNT(*), GROUP_CONCAT", values)
    found = plan(filled, text)
    assert found["task"]["key"] == "due"
    assert not any("filesort" in str(r["extra"]) for t, r in found.items() if t == "task")


@pytest.mark.parametrize("start", ["SELECT MIN(due_at)", "SELECT JSON_ARRAYAGG"])
def test_an_expiry_reads_the_due_index_in_its_order(filled: Connection, start: str) -> None:
    queue_id = query(filled, f"SELECT MIN(queue_id) FROM {filled.prefix}queue")[0][0]
    values = {"v_lane": str(queue_id), "v_now": NOW, "v_left": "1000", "v_first_at": "'2020-01-01'"}
    found = plan(filled, statement("expire_tasks", start, values))
    assert (found["task"]["key"], found["task"]["type"]) == ("due", "range")
    assert not any("filesort" in str(r["extra"]) for r in found.values())


def test_a_redrive_reads_the_due_index_in_its_order(filled: Connection) -> None:
    queue_id = query(filled, f"SELECT MIN(queue_id) FROM {filled.prefix}queue")[0][0]
    values = {"v_queue_id": str(queue_id), "v_now": NOW, "in_age": "60", "v_left": "1000"}
    found = plan(filled, statement("redrive_tasks", "SELECT JSON_ARRAYAGG", values))
    assert (found["task"]["key"], found["task"]["type"]) == ("due", "range")
    assert not any("filesort" in str(r["extra"]) for r in found.values())


@pytest.mark.parametrize(
    ("procedure", "start", "values"),
    [
        ("start_task", "UPDATE", {"in_task_id": "17", "in_attempt": "1", "v_now": NOW}),
        ("receive_task", "UPDATE", {"in_task_id": "17", "in_attempt": "1", "v_now": NOW}),
        ("finish_task", "UPDATE", {"in_task_id": "17", "in_attempt": "1", "v_now": NOW}),
        ("finish_task_once", "UPDATE", {"in_task_id": "17", "in_attempt": "1", "v_now": NOW}),
        ("cancel_task", "UPDATE", {"in_task_id": "17", "v_now": NOW}),
        (
            "end_attempt",
            "UPDATE",
            {
                "in_task_id": "17",
                "in_attempt": "1",
                "v_now": NOW,
                "in_delay": "1",
                "in_error": "''",
                "in_outcome": "'fail'",
            },
        ),
        (
            "extend_task",
            "UPDATE",
            {"in_task_id": "17", "in_attempt": "1", "v_now": NOW, "in_seconds": "1"},
        ),
        ("retry_task", "UPDATE", {"in_task_id": "17", "v_now": NOW, "in_deadline": "1"}),
    ],
)
def test_one_task_is_found_by_its_id(
    filled: Connection, procedure: str, start: str, values: dict[str, str]
) -> None:
    (found,) = plan(filled, statement(procedure, start, values)).values()
    assert found["key"] == "PRIMARY"
    assert int(found["rows"]) == 1


@pytest.mark.parametrize(
    "procedure", ["start_tasks", "receive_tasks", "finish_tasks", "return_tasks", "end_attempts"]
)
def test_many_tasks_are_found_by_their_ids(filled: Connection, procedure: str) -> None:
    text = ids(filled, "lane <> 0").replace("[", '[{"task_id": ').replace(", ", '}, {"task_id": ')
    given = "'" + text.replace("]", "}]") + "'"
    values = {"v_tasks": given, "v_ends": given, "v_now": NOW, "v_batch_id": "-1"}
    found = plan(filled, statement(procedure, "UPDATE (", values))["task"]
    assert (found["key"], found["type"]) == ("PRIMARY", "eq_ref")


@pytest.mark.parametrize("start", ["SELECT COUNT(*)", "SELECT JSON_ARRAYAGG(given.place)"])
def test_received_tasks_are_found_by_their_ids(filled: Connection, start: str) -> None:
    text = ids(filled, "lane <> 0").strip("[]").split(", ")
    given = json.dumps([{"task_id": int(task_id), "queue": "Q"} for task_id in text])
    outs = {"v_found, v_bytes": "x", "out_wrong": "x", "out_tasks": f"'{given}'"}
    found = plan(filled, statement("keep_received", start, outs).replace("INTO x", ""))
    for table in ("task", "queue"):
        assert (found[table]["key"], found[table]["type"]) == ("PRIMARY", "eq_ref")


def test_purged_tasks_are_found_by_their_ids(filled: Connection) -> None:
    piece = ids(filled, "lane = 0").strip("[]")
    text = statement("delete_ended", "DELETE task", {"v_piece": f"'{piece}'"})
    found = plan(filled, text)["task"]
    assert (found["key"], found["type"]) == ("PRIMARY", "eq_ref")


@pytest.mark.parametrize(
    ("procedure", "start", "names"),
    [
        ("fail_expired", "UPDATE JSON_TABLE", ("in_ids", "in_now")),
        ("redrive_tasks", "UPDATE JSON_TABLE", ("v_ids", "v_now")),
    ],
)
def test_listed_tasks_are_found_by_their_ids(
    filled: Connection, procedure: str, start: str, names: tuple[str, str]
) -> None:
    values = dict(zip(names, (f"'{ids(filled, 'lane <> 0')}'", NOW), strict=True))
    found = plan(filled, statement(procedure, start, values))["task"]
    assert (found["key"], found["type"]) == ("PRIMARY", "eq_ref")


def test_a_duplicate_is_found_in_the_unique_key(filled: Connection) -> None:
    queue_id = query(filled, f"SELECT queue_id FROM {filled.prefix}task WHERE order_no = 'n7'")[0][
        0
    ]
    values = {"in_order_no": "'n7'", "in_name": "'job'", "in_queue_id": str(queue_id)}
    text = statement("find_active_task", "SELECT task_id", {**values, "out_task_id": "x"})
    found = plan(filled, text.replace("INTO x", ""))["task"]
    assert found["key"] == "active_order"
    assert int(found["rows"]) == 1
