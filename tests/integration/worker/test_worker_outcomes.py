"""How a handler ends its attempt, and what the database has of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from testing import row, until
from working import MakeWorker, seconds_until_due, statuses, store

from qtask_db import Connection, Fail, NewTask, Retry, Snooze, Status, calls
from qtask_db.errors import AccessDenied, NotInstalled, StaleAttempt
from qtask_db.models import AttemptEnd, Ended
from qtask_db.worker import Job, Worker


class BadOrder(Exception): ...


def ends(worker: Worker, number: int) -> None:
    """Waits until so many attempts have ended."""
    counters = worker.counters
    until(lambda: counters.finished + counters.failed + counters.snoozed + counters.lost == number)


def test_the_words_of_a_handler(
    direct: Connection, make_direct: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    words: list[BaseException | None] = [
        None, Retry("closed", delay=500), Fail("no such account"), Snooze(300, "no answer yet"),
        BadOrder("a fatal one"), KeyError("another"),
    ]  # fmt: skip
    ids = store(direct, len(words))
    worker = make_direct()

    @worker.handler("A", fatal=BadOrder, backoff=lambda attempt: 1_000 * attempt)
    def handle(job: Job) -> None:
        if (word := words[job.payload["n"]]) is not None:
            raise word

    with worker:
        ends(worker, len(words))
    found = [row(direct, task_id) for task_id in ids]
    assert [Status(one["status"]) for one in found] == [
        Status.FINISHED, Status.WAITING, Status.FAILED, Status.WAITING, Status.FAILED,
        Status.WAITING,
    ]  # fmt: skip
    assert [one["last_error"] for one in found[1:3]] == ["closed", "no such account"]
    assert found[4]["last_error"] == "BadOrder: a fatal one"
    assert 490 < seconds_until_due(direct, ids[1]) <= 500
    assert 290 < seconds_until_due(direct, ids[3]) <= 300
    assert 990 < seconds_until_due(direct, ids[5]) <= 1_000
    assert found[3]["attempts"] - found[3]["attempts_before"] == 0, "a snooze does not count"
    counters = worker.counters
    assert (counters.finished, counters.failed, counters.rejected) == (1, 4, 2)
    assert (counters.snoozed, counters.lost, counters.timed_out) == (1, 0, 0)
    assert f"task {ids[2]} has failed for good" in caplog.text


def test_retries_bound_the_attempts_of_a_handler(
    direct: Connection, make_direct: MakeWorker
) -> None:
    once, thrice = store(direct, 1), store(direct, 1, "B")
    calls.set_delivery(direct, "B", "direct")
    worker = make_direct()
    seen: list[tuple[str, int]] = []

    @worker.handler("A", retries=0)
    def never(job: Job) -> None:
        seen.append((job.queue, job.attempt))
        raise ValueError

    @worker.handler("B", retries=2, backoff=lambda _: 0)
    def twice(job: Job) -> None:
        seen.append((job.queue, job.attempt))
        raise Retry(delay=0)

    with worker:
        until(lambda: worker.counters.rejected == 2)
    assert statuses(direct, once + thrice) == {Status.FAILED}
    assert sorted(seen) == [("A", 1), ("B", 1), ("B", 2), ("B", 3)]


def test_failures_are_written_in_bulk(
    direct: Connection, make_direct: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    end_many = calls.end_many

    def counted(conn: Any, worker: str, given: Any) -> list[Ended]:
        batches.append(len(given))
        return end_many(conn, worker, given)

    monkeypatch.setattr(calls, "end_many", counted)
    ids = store(direct, 300)
    worker = make_direct(prefetch=400)

    @worker.handler("A")
    def fail(job: Job) -> None:
        if job.payload["n"] % 3 == 1:
            raise Fail("é" * 3_000 + "\ud800")
        raise ValueError("no")

    with worker:
        until(lambda: worker.counters.failed == 300)
    assert worker.counters.rejected == 100
    assert len(batches) < 200
    assert statuses(direct, ids[1::3]) == {Status.FAILED}
    assert statuses(direct, ids[::3]) == {Status.WAITING}


@pytest.mark.parametrize("error", [NotInstalled("there is no end_attempts"), AccessDenied("no")])
def test_a_schema_without_end_attempts(
    error: Exception,
    direct: Connection,
    make_direct: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Attempts fail one by one, which is told once; a rejected one is tried again."""

    def missing(*_: object) -> list[Ended]:
        raise error

    monkeypatch.setattr(calls, "end_many", missing)
    ids = store(direct, 20, max_count=3)
    worker = make_direct()

    @worker.handler("A")
    def fail(job: Job) -> None:
        if job.payload["n"] == 0:
            raise Fail("for good")
        raise Snooze(700, "not yet") if job.payload["n"] == 1 else ValueError("no")

    with worker:
        ends(worker, 20)
    assert statuses(direct, ids) == {Status.WAITING}
    assert row(direct, ids[0])["last_error"] == "for good"
    assert 690 < seconds_until_due(direct, ids[1]) <= 700
    assert caplog.text.count("ends attempts one by one") == 1


# -- payloads of a class ---------------------------------------------------------------------------


@dataclass
class Order:
    number: str
    count: int = 1


def test_a_payload_of_a_class(direct: Connection, make_direct: MakeWorker) -> None:
    good = calls.create(direct, "order", Order("17", 2), 3600, "A", delete_deadline=60).task_id
    new = [NewTask("order", {"number": 17, "secret": "s3cret"}, 3600, "A")]
    bad = calls.create_many(direct, new)[0].task_id
    worker = make_direct()
    seen: list[Any] = []

    @worker.middleware
    def around(job: Job, call_next: Callable[[Job], Any]) -> Any:
        seen.append(job.payload["number"])
        return call_next(job)

    @worker.handler("A", model=Order)
    def handle(job: Job) -> None:
        seen.append(job.data)

    with worker:
        ends(worker, 2)
    assert Order("17", 2) in seen
    assert len(seen) == 3
    assert row(direct, good)["status"] == Status.FINISHED
    found = row(direct, bad)
    assert found["status"] == Status.FAILED
    assert found["last_error"].startswith("PayloadMismatch: the payload does not fit Order: ")
    assert "s3cret" not in found["last_error"]


def test_an_end_that_names_no_attempt_of_this_task_is_told(direct: Connection) -> None:
    (task_id,) = store(direct)
    assert calls.processing(direct, task_id) == 1
    given = [AttemptEnd(task_id, 2, "fail", "no")]
    assert [one.number for one in calls.end_many(direct, "test", given)] == [StaleAttempt.number]
