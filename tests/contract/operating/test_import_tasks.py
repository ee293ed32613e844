"""import_tasks: tasks of another system come with their ids, states and attempts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from testing import age, call, count, lasting, new, row

from qtask_db import Connection, Imported, ImportTask, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument, TransactionOpen

ID = 7_000_000


def task(task_id: int = ID, status: Status = Status.WAITING, **others: Any) -> ImportTask:
    given = {
        "name": "job", "queue": "Q", "attempts": 2, "max_count": 9, "interval": 60,
        "payload": '{"n": 1.10}', "created": -100, "deadline": 1000, "due": 30,
    }  # fmt: skip
    return ImportTask(task_id, status=status, **given | others)


class Row(NamedTuple):
    task_id: int | None
    outcome: str
    reason: str | None


def imported(conn: Connection, elements: list[Any]) -> list[Row]:
    """As a program without this package calls it."""
    return [Row(*one) for one in call(conn, "import_tasks", json.dumps(elements))]


def outcomes(found: list[Imported]) -> list[str]:
    return [one.outcome for one in found]


def test_waiting_and_processing_tasks_come_as_they_are(conn: Connection) -> None:
    found = calls.import_tasks(
        conn,
        [
            task(ID, order_no="8973", delete_deadline=5, error="e"),
            task(ID + 1, Status.PROCESSING, started=-40),
        ],
    )
    assert found == [Imported(ID, "imported", None), Imported(ID + 1, "imported", None)]
    waiting, processing = row(conn, ID), row(conn, ID + 1)
    assert waiting["lane"] == waiting["queue_id"] > 0
    assert (waiting["status"], processing["status"]) == (Status.WAITING, Status.PROCESSING)
    assert (waiting["attempts"], waiting["attempts_before"], waiting["max_count"]) == (2, 0, 9)
    assert (waiting["interval_seconds"], waiting["delete_deadline"]) == (60, 5)
    assert (waiting["name"], waiting["order_no"], waiting["payload"]) == (
        "job",
        "8973",
        '{"n": 1.10}',
    )
    assert waiting["last_error"] == "e"
    assert lasting(waiting, "created_at", "due_at") == 130
    assert lasting(waiting, "created_at", "deadline_at") == 1100
    assert lasting(processing, "started_at", "due_at") == 70


def test_a_call_that_is_repeated_changes_nothing(conn: Connection) -> None:
    given = [task(ID, order_no="1"), task(ID + 1, Status.FAILED, ended=-5, delete_deadline=900)]
    assert outcomes(calls.import_tasks(conn, given)) == ["imported", "imported"]
    before = [row(conn, one.task_id) for one in given]
    assert outcomes(calls.import_tasks(conn, given)) == ["present", "present"]
    assert [row(conn, one.task_id) for one in given] == before


def test_an_imported_task_goes_on(conn: Connection) -> None:
    calls.import_tasks(conn, [task()])
    age(conn, 31)
    (message,) = calls.scan(conn, "r").messages
    assert (message.task_id, message.attempt) == (ID, 3)
    assert calls.processing(conn, ID) == 3
    calls.finish(conn, ID, 3)


def test_a_message_of_the_other_system_starts_it(conn: Connection) -> None:
    calls.import_tasks(conn, [task(attempts=0, started=None)])
    found = calls.receive_many(conn, [(ID, None, "Q")])
    assert [(one.task_id, one.attempt, one.payload) for one in found.started] == [
        (ID, 1, '{"n": 1.10}')
    ]


@pytest.mark.parametrize("left", [{"deadline": -1}, {"attempts": 9}])
def test_what_has_no_attempt_left_fails_as_any_other(
    conn: Connection, left: dict[str, int]
) -> None:
    calls.import_tasks(conn, [task(**left | {"due": -1})])
    assert calls.scan(conn, "r").messages == []
    assert row(conn, ID)["status"] == Status.FAILED


def test_terminal_tasks_are_kept_from_their_end(conn: Connection) -> None:
    calls.import_tasks(
        conn,
        [
            task(ID, Status.FINISHED, ended=-50, delete_deadline=60),
            task(ID + 1, Status.FAILED, ended=-50, error="why"),
            task(ID + 2, Status.CANCELLED),
        ],
    )
    finished, failed, cancelled = (row(conn, ID + n) for n in range(3))
    assert {one["lane"] for one in (finished, failed, cancelled)} == {0}
    assert lasting(finished, "ended_at", "due_at") == 60
    assert lasting(failed, "ended_at", "due_at") == DEFAULT["keep_unfinished"]
    assert lasting(cancelled, "created_at", "ended_at") == 100
    assert failed["last_error"] == "why"
    assert calls.purge(conn) == 0
    age(conn, 11)
    assert calls.purge(conn) == 1


def test_of_one_order_number_the_oldest_stays_active(conn: Connection) -> None:
    found = calls.import_tasks(
        conn,
        [
            task(ID + 2, order_no="1"),
            task(ID, order_no="1", attempts=1),
            task(ID + 1, order_no="1", queue="OTHER"),
            task(ID + 3, Status.FAILED, order_no="1"),
        ],
    )
    assert outcomes(found) == ["cancelled", "imported", "imported", "imported"]
    assert [row(conn, ID + n)["active"] == 1 for n in range(4)] == [True, True, False, False]
    one = row(conn, ID + 2)
    assert one["status"] == Status.CANCELLED
    assert "order number" in one["last_error"]
    assert lasting(one, "ended_at", "due_at") == DEFAULT["keep_unfinished"]


def test_an_order_number_that_is_active_here_stays(conn: Connection) -> None:
    there = new(conn, order_no="1", name="job")
    assert outcomes(calls.import_tasks(conn, [task(order_no="1")])) == ["cancelled"]
    assert row(conn, there)["status"] == Status.WAITING


@pytest.mark.parametrize("status", [Status.WAITING, Status.PROCESSING])
def test_a_task_that_has_finished_there_is_finished_here(conn: Connection, status: Status) -> None:
    calls.import_tasks(conn, [task(ID, status, order_no="1", delete_deadline=60)])
    end = ImportTask(ID, "job", "Q", Status.FINISHED)
    assert outcomes(calls.import_tasks(conn, [end])) == ["finished"]
    found = row(conn, ID)
    assert (found["status"], found["lane"]) == (Status.FINISHED, 0)
    assert lasting(found, "ended_at", "due_at") == 60
    assert outcomes(calls.import_tasks(conn, [end])) == ["present"]


def test_an_end_of_a_task_that_is_not_here_is_refused(conn: Connection) -> None:
    found = calls.import_tasks(conn, [ImportTask(ID, "job", "Q", Status.FINISHED)])
    assert outcomes(found) == ["refused"]
    assert count(conn) == 0


def test_a_task_that_has_ended_here_stays_ended(conn: Connection) -> None:
    calls.import_tasks(conn, [task()])
    calls.cancel(conn, ID)
    for status in (Status.WAITING, Status.FINISHED):
        assert outcomes(calls.import_tasks(conn, [task(status=status)])) == ["present"]
    assert row(conn, ID)["status"] == Status.CANCELLED


@pytest.mark.parametrize(
    "other",
    [{"name": "JOB"}, {"queue": "q"}, {"namespace": "n"}, {"payload": '{"n": 1.1}'}],
)
@pytest.mark.parametrize("status", [Status.WAITING, Status.FINISHED])
def test_the_id_of_another_task_is_refused(
    conn: Connection, other: dict[str, str], status: Status
) -> None:
    calls.import_tasks(conn, [task()])
    before = row(conn, ID)
    (found,) = calls.import_tasks(conn, [task(status=status, **other)])
    assert found == Imported(ID, "refused", "another task has this id")
    assert row(conn, ID) == before


WRONG: dict[str, tuple[Any, str]] = {
    "name": ("", "name"),
    "queue": (" Q", "queue"),
    "namespace": ("n" * (LIMIT["namespace"] + 1), "namespace"),
    "order_no": ("1 ", "order_no"),
    "status": (17, "status"),
    "attempts": (-1, "attempts"),
    "max_count": (0, "max_count"),
    "interval": (0, "interval"),
    "delete_deadline": (-1, "delete_deadline"),
    "created": (None, ""),
    "started": (LIMIT["seconds"] + 1, ""),
    "due": ("soon", ""),
    "deadline": (None, ""),
    "ended": (0.5, ""),
    "payload": ("[]", "payload must be a JSON object"),
    "task_id": (LIMIT["reserved"] + 1, "task_id"),
}


@pytest.mark.parametrize("key", WRONG)
def test_a_refused_task_does_not_hinder_the_others(conn: Connection, key: str) -> None:
    value, reason = WRONG[key]
    bad = task(ID).as_element() | {key: value}
    rows = imported(conn, [bad, task(ID + 1).as_element()])
    assert [one.outcome for one in rows] == ["refused", "imported"]
    assert reason in str(rows[0].reason)
    assert count(conn) == 1


@pytest.mark.parametrize(
    "payload", ["", "no JSON", "null", '{"task_id": 1}', '{"a": "' + "x" * 70_000 + '"}']
)
def test_a_payload_that_creations_refuse_is_refused(conn: Connection, payload: str) -> None:
    rows = imported(conn, [task().as_element() | {"payload": payload}])
    assert [one.outcome for one in rows] == ["refused"]
    assert "payload" in str(rows[0].reason)


def test_a_payload_may_be_an_object(conn: Connection) -> None:
    rows = imported(conn, [task().as_element() | {"payload": {"a": {"b": "ü"}}}])
    assert [one.outcome for one in rows] == ["imported"]
    assert json.loads(row(conn, ID)["payload"]) == {"a": {"b": "ü"}}


@pytest.mark.parametrize("element", [1, "x", None, [], {}])
def test_what_is_no_task_is_refused(conn: Connection, element: Any) -> None:
    assert imported(conn, [element])[0][:2] == (None, "refused")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "no",
        json.dumps([{}] * (LIMIT["imported"] + 1)),
        '[{"task_id": 1}, {"task_id": 1}]',
    ],
)
def test_invalid_argument(conn: Connection, text: str) -> None:
    with pytest.raises(InvalidArgument):
        call(conn, "import_tasks", text)


def test_transaction_open(conn: Connection, connect: Callable[..., Connection]) -> None:
    own = connect(autocommit=False)
    new(own)
    with pytest.raises(TransactionOpen):
        calls.import_tasks(own, [task()])
    own.rollback()
    assert count(conn) == 0
