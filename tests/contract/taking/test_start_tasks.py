"""start_tasks: many attempts begin at once; those that cannot are left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testing import age, call, content, ended, lasting, new, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument
from qtask_db.models import Started

# Arguments that neither start_tasks nor finish_tasks can read.
NO_TASKS = [
    None,
    "",
    "{}",
    "1",
    "null",
    "[",
    '[{"task_id": 1}',
    "[1]",
    "[null]",
    '["x"]',
    "[[]]",
    "[{}]",
    '[{"task_id": null}]',
    '[{"task_id": "x"}]',
    '[{"task_id": {}}]',
    '[{"Task_id": 1}]',
    '[{"attempt": 1}]',
    '[{"task_id": 1}, {"task_id": 1, "attempt": "x"}]',
    '[{"task_id": 1, "attempt": []}]',
    '[{"task_id": 1, "attempt": null}]',
    '[{"task_id": 9223372036854775808}]',
    '[{"task_id": "9223372036854775808"}]',
    '[{"task_id": 1.5}]',
    '[{"task_id": " 1"}]',
    '[{"task_id": ""}]',
    '[{"task_id": "1.5"}]',
    '[{"task_id": true}]',
    "[" * 300 + "]" * 300,
]


def test_they_start(conn: Connection) -> None:
    tasks = [new(conn, interval=50 + n, deadline=52) for n in range(4)]
    begun = calls.processing_many(
        conn, [(tasks[3], 1), (tasks[0], None), (tasks[2], 1), (tasks[1], 1)]
    )
    assert sorted(begun, key=lambda s: s.task_id) == [
        Started(t, 1, 50 + n) for n, t in enumerate(tasks)
    ]
    for n, task_id in enumerate(tasks):
        found = row(conn, task_id)
        assert (found["status"], found["attempts"]) == (Status.PROCESSING, 1)
        assert lasting(found, "started_at", "due_at") <= min(50 + n, 52)
        assert found["due_at"] <= found["deadline_at"]


@pytest.mark.parametrize("form", ['"{}"', "{}.0", "{}"])
def test_ids_and_attempts_may_be_written_as_texts(conn: Connection, form: str) -> None:
    """Languages whose numbers have no 64 bits carry them so."""

    def elements(*pairs: tuple[int, int]) -> str:
        return f"[{', '.join(_element(form, *pair) for pair in pairs)}]"

    one, two, three = (new(conn) for _ in range(3))
    begun = call(conn, "start_tasks", elements((one, 1), (two, 1), (three, 1), (three + 9, 1)))
    assert sorted(r[:2] for r in begun) == [(one, 1), (two, 1), (three, 1)]
    assert call(conn, "finish_tasks", elements((one, 1))) == []
    assert call(conn, "return_tasks", elements((two, 1), (three, 2))) == (1,)
    statuses = [row(conn, t)["status"] for t in (one, two, three)]
    assert statuses == [Status.FINISHED, Status.WAITING, Status.PROCESSING]


def _element(form: str, task_id: int, attempt: int) -> str:
    return f'{{"task_id": {form.format(task_id)}, "attempt": {form.format(attempt)}}}'


def test_one_that_cannot_start_does_not_hinder_the_others(conn: Connection) -> None:
    good = new(conn)
    exhausted = started(conn, max_count=1)
    late = new(conn, deadline=60)
    age(conn, 60, late)
    taken = started(conn)
    over = [ended(conn, s) for s in (Status.FINISHED, Status.CANCELLED, Status.FAILED)]
    before = {t: row(conn, t) for t in (exhausted, late, taken, *over)}
    begun = calls.processing_many(
        conn,
        [(t, None) for t in (exhausted, late, *over)]
        + [(taken, 1), (good, 1), (10**17, None), (-1, 1)],
    )
    assert begun == [Started(good, 1, 3600)]
    assert {t: row(conn, t) for t in before} == before


def test_one_message_in_two_copies_starts_once(conn: Connection) -> None:
    task_id = new(conn)
    assert calls.processing_many(conn, [(task_id, 1), (task_id, 1)]) == [Started(task_id, 1, 3600)]
    assert row(conn, task_id)["attempts"] == 1
    assert calls.processing_many(conn, [(task_id, 1)]) == []


def test_nothing_to_start(conn: Connection) -> None:
    assert calls.processing_many(conn, []) == []


@pytest.mark.parametrize("verb", ["start_tasks", "finish_tasks"])
@pytest.mark.parametrize("tasks", NO_TASKS)
def test_what_cannot_be_read_is_refused(conn: Connection, verb: str, tasks: str | None) -> None:
    started(conn)
    with refused(conn, InvalidArgument, "in_tasks"):
        call(conn, verb, tasks)


@pytest.mark.parametrize("verb", ["start_tasks", "finish_tasks"])
def test_the_largest_call(conn: Connection, verb: str) -> None:
    task_id = started(conn)
    array: list[dict[str, Any]] = [{"task_id": task_id, "attempt": 7}] * LIMIT["rows"]
    before = content(conn)
    refusals = call(conn, verb, json.dumps(array))
    assert len(refusals) == (0 if verb == "start_tasks" else 1)
    assert content(conn) == before
    with refused(conn, InvalidArgument, "in_tasks", f"at most {LIMIT['rows']}"):
        call(conn, verb, json.dumps([*array, array[0]]))


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn, interval=77)
    given = json.dumps([{"task_id": task_id, "attempt": 1, "payload": {"ignored": 1}}])
    assert call(conn, "start_tasks", given) == [(task_id, 1, 77)]
