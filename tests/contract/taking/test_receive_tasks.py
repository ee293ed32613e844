"""receive_tasks: as start_tasks, for the consumer of the tasks' queues, and with their payloads."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from test_start_tasks import NO_TASKS
from testing import age, call, content, ended, lasting, new, refused, row, started

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument
from qtask_db.models import ReceivedTask, Reception

SMILE = "\N{GRINNING FACE}"


def test_they_start_and_tell_their_payloads(conn: Connection) -> None:
    queues = ["Q", "MAIL", SMILE, 'a "b" \\c']
    tasks = [new(conn, q, interval=50 + n, payload={"n": n}) for n, q in enumerate(queues)]
    messages = [
        (task_id, None if n == 1 else 1, q)
        for n, (task_id, q) in enumerate(zip(tasks, queues, strict=True))
    ]
    random.shuffle(messages)
    reception = calls.receive_many(conn, messages)
    assert reception.wrong == []
    assert sorted(reception.started, key=lambda one: one.task_id) == [
        ReceivedTask(task_id, 1, q, f'{{"n": {n}}}', 50 + n)
        for n, (task_id, q) in enumerate(zip(tasks, queues, strict=True))
    ]
    for n, task_id in enumerate(tasks):
        found = row(conn, task_id)
        assert (found["status"], found["attempts"]) == (Status.PROCESSING, 1)
        assert lasting(found, "started_at", "due_at") == 50 + n


def test_one_of_another_queue_is_left_alone_and_told(conn: Connection) -> None:
    mail, pay, many = new(conn, "MAIL"), new(conn, "PAY"), new(conn, "PAY", namespace="eu")
    over = ended(conn, Status.CANCELLED, queue="PAY")
    before = {t: row(conn, t) for t in (pay, many, over)}
    forged = [(pay, 1, "MAIL"), (pay, 2, "mail"), (many, None, "MAIL"), (over, 1, SMILE)]
    reception = calls.receive_many(conn, [*forged, (mail, 1, "MAIL"), (10**18 - 1, 1, "MAIL")])
    assert [one.task_id for one in reception.started] == [mail]
    assert sorted(reception.wrong, key=str) == sorted(forged, key=str)
    assert {t: row(conn, t) for t in before} == before


def test_a_forged_message_beside_the_true_one_does_no_harm(conn: Connection) -> None:
    pay = new(conn, "PAY")
    messages = [(pay, 1, "MAIL"), (pay, 7, "PAY"), (pay, 1, "PAY"), (pay, 2, "PAY")]
    reception = calls.receive_many(conn, messages)
    assert reception == Reception([ReceivedTask(pay, 1, "PAY", "{}", 3600)], [(pay, 1, "MAIL")])
    assert row(conn, pay)["attempts"] == 1


def test_a_namespace_is_no_part_of_the_queue(conn: Connection) -> None:
    tasks = [new(conn, "MAIL", namespace=space) for space in ("eu", "us")]
    reception = calls.receive_many(conn, [(task_id, 1, "MAIL") for task_id in tasks])
    assert sorted(one.task_id for one in reception.started) == tasks


def test_one_that_cannot_start_does_not_hinder_the_others(conn: Connection) -> None:
    good, gone = new(conn), ended(conn, Status.FINISHED)
    calls.purge(conn)
    exhausted = started(conn, max_count=1)
    late = new(conn, deadline=60)
    age(conn, 60, late)
    taken = started(conn)
    before = {t: row(conn, t) for t in (exhausted, late, taken)}
    refusals = [(t, None, "Q") for t in (exhausted, late, gone, 10**17, -1)]
    reception = calls.receive_many(conn, [*refusals, (taken, 1, "Q"), (good, 1, "Q")])
    assert reception == Reception([ReceivedTask(good, 1, "Q", "{}", 3600)], [])
    assert {t: row(conn, t) for t in before} == before


def test_one_message_in_two_copies_starts_once(conn: Connection) -> None:
    task_id = new(conn)
    copies = [(task_id, 1, "Q")] * 2
    assert len(calls.receive_many(conn, copies).started) == 1
    assert row(conn, task_id)["attempts"] == 1
    assert calls.receive_many(conn, copies) == Reception([], [])


def test_nothing_to_start(conn: Connection) -> None:
    assert calls.receive_many(conn, []) == Reception([], [])


def test_the_answer_is_bounded(conn: Connection) -> None:
    """The largest payloads that a usual schema takes."""
    size = 65_000
    text = json.dumps({"text": "x" * size})
    most = LIMIT["receive_bytes"] // len(text)
    given = [NewTask("job", text, 3600, "Q") for _ in range(most + 5)]
    ids = [
        task.task_id
        for n in range(0, len(given), 100)
        for task in calls.create_many(conn, given[n : n + 100])
    ]
    reception = calls.receive_many(conn, [(task_id, 1, "Q") for task_id in ids])
    assert sorted(one.task_id for one in reception.started) == ids[:most]
    assert reception.wrong == []
    rest = calls.receive_many(conn, [(task_id, 1, "Q") for task_id in ids])
    assert sorted(one.task_id for one in rest.started) == ids[most:]


@pytest.mark.parametrize("tasks", NO_TASKS)
def test_what_cannot_be_read_is_refused(conn: Connection, tasks: str | None) -> None:
    started(conn)
    with refused(conn, InvalidArgument, "in_tasks"):
        call(conn, "receive_tasks", tasks)


@pytest.mark.parametrize("queue", ["", ', "queue": null', ', "queue": ["Q"]', ', "queue": {}'])
def test_each_names_its_queue(conn: Connection, queue: str) -> None:
    task_id = new(conn)
    given = f'[{{"task_id": {task_id}, "attempt": 1{queue}}}]'
    with refused(conn, InvalidArgument, "in_tasks", "queue", str(LIMIT["queue"])):
        call(conn, "receive_tasks", given)


@pytest.mark.parametrize("queue", [17, None, b"Q"])
def test_a_queue_that_is_no_text(conn: Connection, queue: Any) -> None:
    task_id = new(conn)
    with refused(conn, InvalidArgument, "queue"):
        calls.receive_many(conn, [(task_id, 1, queue)])


def test_the_largest_call(conn: Connection) -> None:
    task_id = started(conn)
    array = [{"task_id": task_id, "attempt": 7, "queue": f"Q{n}"} for n in range(LIMIT["rows"])]
    before = content(conn)
    (wrong,), rows = call(conn, "receive_tasks", json.dumps(array))
    assert (len(json.loads(wrong)), rows) == (LIMIT["rows"], [])
    assert content(conn) == before
    with refused(conn, InvalidArgument, "in_tasks", f"at most {LIMIT['rows']}"):
        call(conn, "receive_tasks", json.dumps([*array, array[0]]))


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn, interval=77, payload='{"a": 1}')
    given = json.dumps(
        [
            {"task_id": task_id, "attempt": 1, "queue": "MAIL", "payload": {"ignored": 1}},
            {"task_id": str(task_id), "attempt": "1", "queue": "Q"},
        ]
    )
    outs, rows = call(conn, "receive_tasks", given)
    assert (outs, rows) == (("[1]",), [(task_id, 1, 77, "Q", '{"a": 1}', 0, 0)])


def test_attempts_that_do_not_count_are_told(conn: Connection) -> None:
    task_id = new(conn)
    for attempt, before in ((1, 0), (2, 1), (3, 1)):
        (one,) = calls.receive_many(conn, [(task_id, attempt, "Q")]).started
        assert (one.attempt, one.attempts_before) == (attempt, before)
        if attempt == 1:
            calls.return_many(conn, [(task_id, attempt)])
