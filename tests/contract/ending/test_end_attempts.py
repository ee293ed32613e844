"""end_attempts: many at once, each as fail_task, reject_task or snooze_task ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from inputs import HOSTILE, SECONDS, SMILE
from testing import call, content, ended, lasting, new, refused, row, stale, started

from qtask_db import AttemptEnd, Connection, Ended, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument, ProcedureError

GOOD = {"task_id": 17, "attempt": 1, "outcome": "fail"}


def test_each_ends_in_its_way(conn: Connection) -> None:
    failed, last, rejected, snoozed = (started(conn, max_count=n) for n in (2, 1, 9, 1))
    told = calls.end_many(
        conn,
        "worker-1",
        [
            AttemptEnd(snoozed, 1, "snooze", "no answer yet", 60),
            AttemptEnd(failed, 1, "fail", "broken", 30),
            AttemptEnd(rejected, 1, "reject", "declined"),
            AttemptEnd(last, 1, "fail", "broken"),
        ],
    )
    assert sorted(told, key=lambda one: one.task_id) == [
        Ended(last, 1, None, Status.FAILED),
        Ended(rejected, 1, None, Status.FAILED),
    ]
    found = [row(conn, task_id) for task_id in (failed, last, rejected, snoozed)]
    assert [one["status"] for one in found] == [
        Status.WAITING, Status.FAILED, Status.FAILED, Status.WAITING,
    ]  # fmt: skip
    assert [one["attempts_before"] for one in found] == [0, 0, 0, 1]
    assert [one["last_error"] for one in found] == ["broken", "broken", "declined", "no answer yet"]
    assert 30 <= lasting(found[0], "started_at", "due_at") < 60
    assert 60 <= lasting(found[3], "started_at", "due_at") < 90
    assert [one.worker for one in calls.read_task(conn, failed).attempts] == ["worker-1"]


def test_without_a_delay_it_is_the_interval(conn: Connection) -> None:
    task_id = started(conn, interval=3600)
    assert calls.end_many(conn, "w", [AttemptEnd(task_id, 1, "fail")]) == []
    assert 3600 <= lasting(row(conn, task_id), "started_at", "due_at") < 3630


def waiting(conn: Connection) -> int:
    task_id = started(conn)
    calls.fail(conn, task_id, 1)
    return task_id


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    "situation",
    [
        stale,
        waiting,
        new,
        lambda conn: ended(conn, Status.FINISHED),
        lambda conn: ended(conn, Status.FAILED),
        lambda _: 10**17,
        lambda _: -1,
    ],
)
def test_one_is_refused_as_fail_task_refuses_it(
    conn: Connection,
    connect: Callable[..., Connection],
    situation: Callable[[Connection], int],
    *,
    own: bool,
) -> None:
    task_id, good = situation(conn), started(conn)
    before = [r for r in content(conn)[0] if r[0] != good]
    with pytest.raises(ProcedureError) as caught:
        calls.fail(conn, task_id, 1)
    ends = [AttemptEnd(task_id, 1, "fail"), AttemptEnd(good, 1, "reject", "no")]
    used = connect(autocommit=False) if own else conn
    told = calls.end_many(used, "w", ends)
    if own:
        used.commit()
    assert sorted(told, key=lambda one: one.task_id == good) == [
        Ended(task_id, 1, caught.value.number, None),
        Ended(good, 1, None, Status.FAILED),
    ]
    assert [r for r in content(conn)[0] if r[0] != good] == before
    assert row(conn, good)["status"] == Status.FAILED
    assert calls.read_task(conn, good).attempts[0].error == "no"


def test_two_attempts_of_one_task(conn: Connection) -> None:
    task_id = stale(conn)
    ends = [AttemptEnd(task_id, 2, "fail", "second"), AttemptEnd(task_id, 1, "reject", "first")]
    assert calls.end_many(conn, "w", ends) == [Ended(task_id, 1, 20109, None)]
    assert row(conn, task_id)["last_error"] == "second"


def test_nothing_to_end(conn: Connection) -> None:
    assert calls.end_many(conn, "w", []) == []


@pytest.mark.parametrize("text", [*HOSTILE, SMILE * 30], ids=lambda e: ascii(e)[:20])
def test_any_text_is_kept(conn: Connection, text: str) -> None:
    task_id = started(conn)
    calls.end_many(conn, SMILE * 64, [AttemptEnd(task_id, 1, "fail", text, traceback=text)])
    (kept,) = calls.read_task(conn, task_id).attempts
    assert (kept.worker, kept.error, kept.traceback) == (SMILE * 64, text, text)


def test_an_error_keeps_its_beginning_and_a_traceback_its_end(conn: Connection) -> None:
    task_id = started(conn)
    most = LIMIT["traceback"]
    end = AttemptEnd(task_id, 1, "fail", f"begin{'x' * most}", traceback=f"{'x' * most}end")
    calls.end_many(conn, "w", [end])
    (kept,) = calls.read_task(conn, task_id).attempts
    assert (kept.error or "")[:6] == "beginx"
    assert (kept.traceback or "")[-4:] == "xend"
    assert len(kept.error or "") == len(kept.traceback or "") == most
    assert row(conn, task_id)["last_error"] == (kept.error or "")[: LIMIT["error"]]


def test_null_is_as_if_it_were_not_there(conn: Connection) -> None:
    task_id = started(conn)
    given = {**GOOD, "task_id": task_id, "error": None, "traceback": None, "delay": None}
    assert call(conn, "end_attempts", "w", json.dumps([given])) == []
    (kept,) = calls.read_task(conn, task_id).attempts
    assert (kept.error, kept.traceback) == (None, None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "JSON array"),
        ("", "JSON array"),
        ("[", "JSON array"),
        ("{}", "JSON array"),
        ([1], "task_id and attempt"),
        ([GOOD] * (LIMIT["rows"] + 1), "at most 10000"),
        ([{**GOOD, "task_id": "x"}], "task_id and attempt"),
        ([{"task_id": 17, "outcome": "fail"}], "task_id and attempt"),
        ([GOOD, GOOD], "each attempt once"),
        ([{**GOOD, "outcome": "finish"}], "fail, reject or snooze"),
        ([{**GOOD, "outcome": None}], "fail, reject or snooze"),
        ([{"task_id": 17, "attempt": 1}], "fail, reject or snooze"),
        ([{**GOOD, "error": 5}], "must be texts"),
        ([{**GOOD, "traceback": {}}], "must be texts"),
        ([{**GOOD, "delay": -1}], "delay must be"),
        ([{**GOOD, "delay": 1.5}], "delay must be"),
        ([{**GOOD, "delay": "1"}], "delay must be"),
        ([{**GOOD, "delay": SECONDS + 1}], "delay must be"),
        ([{**GOOD, "outcome": "snooze"}], "delay must be"),
        ([{**GOOD, "outcome": "snooze", "delay": 0}], "delay must be"),
        ([{**GOOD, "outcome": "reject", "delay": 1}], "delay must be"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_what_cannot_be_read_is_refused(conn: Connection, given: Any, words: str) -> None:
    good = started(conn)
    if isinstance(given, list):
        given = json.dumps([*given, {**GOOD, "task_id": good}])
    with refused(conn, InvalidArgument, "in_ends", words):
        call(conn, "end_attempts", "w", given)


@pytest.mark.parametrize("worker", [None, "", " ", "w ", " w", "w" * 65])
def test_a_bad_name_is_refused(conn: Connection, worker: Any) -> None:
    task_id = started(conn)
    with refused(conn, InvalidArgument, "in_worker", "1 to 64"):
        calls.end_many(conn, worker, [AttemptEnd(task_id, 1, "fail")])
