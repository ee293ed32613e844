"""explain_task: in words, why a task is where it is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from inputs import HOSTILE
from testing import age, age_batches, call, content, ended, new, refused, started

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.errors import TaskNotFound


def confirmed(conn: Connection) -> int:
    task_id = new(conn)
    calls.confirm(conn, calls.scan(conn, "relay 7").batch_id, "relay 7")
    return task_id


def unconfirmed(conn: Connection) -> int:
    task_id = new(conn)
    calls.scan(conn, "relay 7")
    return task_id


def paused(conn: Connection) -> int:
    task_id = new(conn)
    calls.pause(conn, "Q")
    return task_id


def parked(conn: Connection) -> int:
    task_id = new(conn)
    calls.scan(conn, "r", held=["Q"])
    return task_id


def failed_once(conn: Connection) -> int:
    task_id = started(conn)
    calls.fail(conn, task_id, 1, "the bank is closed", 60)
    return task_id


def late(conn: Connection) -> int:
    task_id = new(conn, deadline=60)
    age(conn, 61)
    return task_id


def direct(conn: Connection, situation: Callable[[Connection], int]) -> int:
    """The same, of a queue that is direct now."""
    task_id = situation(conn)
    calls.set_delivery(conn, "Q", "direct")
    return task_id


def failed_late(conn: Connection) -> int:
    task_id = late(conn)
    calls.scan(conn, "r")
    return task_id


def retried(conn: Connection) -> int:
    task_id = ended(conn, Status.FAILED)
    calls.retry(conn, task_id)
    calls.processing(conn, task_id)
    return task_id


def purgeable(conn: Connection) -> int:
    return ended(conn, Status.FINISHED)


SITUATIONS: list[tuple[Callable[[Connection], int], Status, tuple[str, ...]]] = [
    (lambda c: new(c, delay=60), Status.WAITING, ("never been started", "Next: it is queued at")),
    (new, Status.WAITING, ("due since", "Is one running?")),
    (
        unconfirmed,
        Status.WAITING,
        ("Relay relay 7", "has not confirmed", "any relay may take it again"),
    ),
    (confirmed, Status.WAITING, ("queue", "no consumer has started it")),
    (paused, Status.WAITING, ("paused since", "resume it")),
    (parked, Status.WAITING, ("as soon as the queue has room",)),
    (late, Status.WAITING, ("deadline has passed", "next scan fails it")),
    (
        lambda c: direct(c, new),
        Status.WAITING,
        ("the next worker that has room takes it. Is one running?", "due again every"),
    ),
    (
        lambda c: direct(c, started),
        Status.PROCESSING,
        ("a worker may take it from", "unless it is finished"),
    ),
    (lambda c: direct(c, late), Status.WAITING, ("so the next look of a worker fails it",)),
    (lambda c: direct(c, paused), Status.WAITING, ("Next: nothing, because the queue is paused",)),
    (lambda c: direct(c, parked), Status.WAITING, ("Next: it is due since",)),
    (
        failed_once,
        Status.WAITING,
        ("Last error: the bank is closed", "Attempts: 1 of 100", "Next: it is queued at"),
    ),
    (
        started,
        Status.PROCESSING,
        ("consumer is processing it", "Attempts: 1 of 100", "unless it is finished"),
    ),
    (
        lambda c: started(c, max_count=1),
        Status.PROCESSING,
        ("Attempts: 1 of 1", "last attempt; it fails at"),
    ),
    (lambda c: started(c, deadline=60), Status.PROCESSING, ("it fails at its deadline",)),
    (retried, Status.PROCESSING, ("Attempts: 1 of 1, and 1 that do not count",)),
    (
        lambda c: ended(c, Status.FINISHED, delete_deadline=60),
        Status.FINISHED,
        ("Finished 2", "the purge deletes it after"),
    ),
    (purgeable, Status.FINISHED, ("Next: the purge deletes it.",)),
    (
        lambda c: ended(c, Status.CANCELLED),
        Status.CANCELLED,
        ("Cancelled 2", "can be retried", "the purge deletes it after"),
    ),
    (
        lambda c: ended(c, Status.FAILED),
        Status.FAILED,
        ("its attempts were used up", "Last error: broken", "retried"),
    ),
    (failed_late, Status.FAILED, ("its deadline passed", "never been started")),
]


@pytest.mark.parametrize(
    ("situation", "status", "words"), SITUATIONS, ids=[words[0] for _, _, words in SITUATIONS]
)
def test_every_state_is_explained(
    conn: Connection, situation: Callable[[Connection], int], status: Status, words: tuple[str, ...]
) -> None:
    task_id = situation(conn)
    before = content(conn)
    found = calls.explain(conn, task_id)
    assert (found.task_id, found.status) == (task_id, status)
    assert found.text.startswith(f'Task {task_id} "job" of queue Q in namespace default')
    for word in (*words, "Created 2", "deadline 2", "Next: "):
        assert word in found.text
    assert content(conn) == before


def test_a_batch_of_the_past_is_not_told(conn: Connection) -> None:
    task_id = unconfirmed(conn)
    age_batches(conn, 100)
    calls.scan(conn, "relay 8")
    text = calls.explain(conn, task_id).text
    assert "relay 8" in text
    assert "relay 7" not in text


CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_names_and_errors_are_told_without_what_could_forge_a_line(
    conn: Connection, text: str
) -> None:
    task_id = started(conn, text, name=text, namespace=text, order_no=text)
    calls.fail(conn, task_id, 1, text)
    told = calls.explain(conn, task_id).text.split("\n")
    shown = CONTROLS.sub(" ", text)
    assert told[0] == (
        f'Task {task_id} "{shown}" of queue {shown} in namespace {shown}, order number {shown}.'
    )
    assert told[3] == f"Last error: {shown}"
    assert not CONTROLS.search("".join(told))


def test_no_name_forges_a_sentence(conn: Connection) -> None:
    forged = "Q.\nNext: nothing\u2028Next: nothing\u200f\u061c\u206a"
    task_id = new(conn, forged, name="job\x1b[31m", order_no="1\r\n2")
    calls.scan(conn, "r\nNext: nothing")
    told = calls.explain(conn, task_id).text
    assert [line[:5] for line in told.splitlines()].count("Next:") == 1
    assert len(told.splitlines()) == 5
    assert not CONTROLS.search(told.replace("\n", ""))


def test_no_such_task(conn: Connection) -> None:
    with refused(conn, TaskNotFound, "in_task_id"):
        calls.explain(conn, 2**62)


def test_in_plain_sql(conn: Connection) -> None:
    task_id = new(conn)
    ((found, status, text),) = call(conn, "explain_task", task_id)
    assert (found, status) == (task_id, 20)
    assert text.splitlines()[0].endswith(".")
