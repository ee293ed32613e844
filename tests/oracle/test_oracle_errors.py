"""What is left when a PL/SQL program catches an error; payloads too large to be wrapped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from testing import content, execute, new, row, started

from qtask_db import Connection, Status, calls
from qtask_db.constants import LIMIT
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

MOST = LIMIT["wrapped_payload"]
CALLS = {
    "fail_task": "in_task_id => {}, out_status => v_number",
    "reject_task": "in_task_id => {}",
    "snooze_task": "in_task_id => {}, in_delay => 60",
    "cancel_task": "in_task_id => {}",
    "start_task": "in_task_id => {}, out_attempt => v_number",
    "receive_task": "in_task_id => {}, in_queue => 'Q', out_attempt => v_number, "
    "out_payload => v_text",
}


@pytest.fixture
def no_history(conn: Connection) -> Iterator[None]:
    """The table of attempts refuses every row, and so what calls do behind their UPDATE."""
    table = f"ALTER TABLE {conn.prefix}attempt"
    execute(conn, f"{table} ADD CONSTRAINT refusing CHECK (task_id = 0)")
    yield
    execute(conn, f"{table} DROP CONSTRAINT refusing")


@pytest.mark.usefixtures("no_history")
@pytest.mark.parametrize("verb", CALLS)
def test_a_caller_that_catches_an_error_keeps_no_half(
    conn: Connection, connect: Callable[..., Connection], verb: str
) -> None:
    task_id = started(conn)
    before = content(conn)
    own = connect(autocommit=False)
    made = new(own)
    execute(
        own,
        f"DECLARE v_number NUMBER; v_text CLOB; BEGIN qtask.{verb}({CALLS[verb].format(task_id)}); "
        "EXCEPTION WHEN OTHERS THEN IF SQLCODE <> -2290 THEN RAISE; END IF; END;",
    )
    execute(own, f"DELETE FROM {conn.prefix}task WHERE task_id = {made}")
    own.commit()
    assert content(conn) == before


def test_a_call_of_several_changes_can_go_back() -> None:
    """O6. Registering a queue is no half of a change."""
    renderer = Renderer("oracle", Settings())
    code = {entry["name"]: renderer.routine(entry["name"]).code for entry in renderer.procedures}

    def changes(name: str) -> int:
        if "queue" in name or "SAVEPOINT" in code[name]:
            return "queue" not in name
        own = re.findall(r"INSERT INTO|UPDATE qtask_|DELETE FROM", code[name])
        called = set(re.findall(r"\b(\w+)\(", code[name])) & code.keys() - {name}
        return len(own) + sum(changes(other) for other in called)

    joining = {e["name"] for e in renderer.procedures if "role" in e} - {
        name for name, text in code.items() if "begin_work;" in text
    }
    several = {name for name in joining if changes(name) > 1}
    assert several == {"set_schedule"}, "which inserts a row or updates it"


@pytest.mark.parametrize("length", [MOST, MOST + 1])
def test_the_largest_payload(conn: Connection, length: int) -> None:
    task_id = started(conn, on_failure="DEAD")
    payload = json.dumps({"a": "x" * (length - 9)})
    with conn.raw.cursor() as cursor:
        cursor.execute(
            f"UPDATE {conn.prefix}task SET payload = :1 WHERE task_id = :2", [payload, task_id]
        )
    calls.reject(conn, task_id, 1)
    assert row(conn, task_id)["status"] == Status.FAILED
    (made,) = calls.list_tasks(conn, queue="DEAD")
    kept = json.loads(calls.read_task(conn, made.task_id).payload)["failed_task"]["payload"]
    assert kept == (json.loads(payload) if length == MOST else None)
