"""scan_tasks: due tasks are claimed by one relay, or fail because their time is over."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from inputs import SECONDS, SMILE
from scans import ids, many
from testing import age, age_batches, call, count, lasting, new, query, refused, row, started

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import InvalidArgument
from qtask_db.models import Message


def test_due_tasks_are_claimed_once(conn: Connection) -> None:
    task_id = new(conn, payload={"a": 1}, interval=50)
    batch = calls.scan(conn, "r")
    assert batch.messages == [Message(task_id, 1, "Q", '{"a": 1}')]
    found = row(conn, task_id)
    assert found["batch_id"] == batch.batch_id
    assert (found["status"], found["attempts"]) == (Status.WAITING, 0)
    assert 50 <= lasting(found, "created_at", "due_at") < 80
    again = calls.scan(conn, "other")
    assert (again.batch_id, again.messages) == (None, [])
    assert count(conn, "batch") == 1


def test_the_batch_is_journalled(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(3)]
    batch = calls.scan(conn, "relay " + SMILE, lease=77)
    ((batch_id, relay, claimed_at, lapses_at, task_ids),) = query(
        conn, f"SELECT batch_id, relay, claimed_at, lapses_at, task_ids FROM {conn.prefix}batch"
    )
    assert (batch_id, relay) == (batch.batch_id, "relay " + SMILE)
    assert (lapses_at - claimed_at).total_seconds() == 77
    assert json.loads(task_ids) == tasks


@pytest.mark.parametrize("held", [[], ["HELD"]])
def test_what_fails_is_not_in_the_journal(conn: Connection, held: list[str]) -> None:
    tasks = [new(conn, queue, deadline=d) for d in (1, 500) for queue in ("A", "HELD")]
    age(conn, 100)
    batch = calls.scan(conn, "r", held=held)
    assert sorted(ids(batch)) == (tasks[2:3] if held else tasks[2:])
    assert [row(conn, task_id)["status"] for task_id in tasks[:2]] == [Status.FAILED] * 2
    ((task_ids,),) = query(conn, f"SELECT task_ids FROM {conn.prefix}batch")
    assert sorted(json.loads(task_ids)) == sorted(ids(batch))


def test_it_is_due_again_at_its_deadline_where_that_comes_first(conn: Connection) -> None:
    task_id = new(conn, interval=3600, deadline=50)
    calls.scan(conn, "r")
    found = row(conn, task_id)
    assert found["due_at"] == found["deadline_at"]


def test_nothing_is_due(conn: Connection) -> None:
    assert calls.scan(conn, "r") == calls.Batch(None, [], None)
    new(conn, delay=100)
    batch = calls.scan(conn, "r")
    assert (batch.batch_id, batch.messages) == (None, [])
    assert 70 < batch.wait <= 100
    assert count(conn, "batch") == 0


def test_each_queue_comes_in_due_order(conn: Connection) -> None:
    tasks = [new(conn, f"Q{n % 2}") for n in range(10)]
    for place, task_id in enumerate(reversed(tasks)):
        age(conn, 10 * (10 - place), task_id)
    batch = calls.scan(conn, "r")
    for parity in (0, 1):
        mine = [m.task_id for m in batch.messages if m.queue == f"Q{parity}"]
        assert mine == [t for n, t in reversed(list(enumerate(tasks))) if n % 2 == parity]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 30])
def test_the_limit_is_kept_and_shared_evenly(conn: Connection, limit: int) -> None:
    many(conn, {"A": 20, "B": 20, "C": 20})
    batch = calls.scan(conn, "r", limit=limit)
    assert len(batch.messages) <= limit
    shares = Counter(m.queue for m in batch.messages)
    assert max(shares.values()) - min(shares.values()) == 0 or limit < 3
    assert len(batch.messages) > limit - 3
    assert batch.wait == 0


def test_repeated_scans_reach_every_queue(conn: Connection) -> None:
    many(conn, {"A": 3, "B": 3, "C": 3})
    seen = Counter()  # type: Counter[str]
    for _ in range(30):
        batch = calls.scan(conn, "r", limit=1)
        assert len(batch.messages) <= 1
        seen.update(m.queue for m in batch.messages)
    assert seen == {"A": 3, "B": 3, "C": 3}


def test_one_busy_queue_does_not_hold_up_another(conn: Connection) -> None:
    many(conn, {"BUSY": 100})
    age(conn, 1000)
    task_id = new(conn, "QUIET")
    assert task_id in ids(calls.scan(conn, "r", limit=10))


def test_namespaces(conn: Connection) -> None:
    mine, other = new(conn, namespace="mine"), new(conn, namespace="other")
    assert calls.scan(conn, "r", namespace="none").messages == []
    assert ids(calls.scan(conn, "r", namespace="mine")) == [mine]
    assert calls.scan(conn, "r", namespace="MINE").messages == []
    assert ids(calls.scan(conn, "r")) == [other]


@pytest.mark.parametrize("make", [new, started])
def test_past_its_deadline_a_task_fails(conn: Connection, make: Any) -> None:
    task_id = make(conn, deadline=100)
    age(conn, 99)
    calls.scan(conn, "r")
    assert row(conn, task_id)["status"] != Status.FAILED
    age(conn, 1)
    batch = calls.scan(conn, "r")
    assert (batch.batch_id, batch.messages) == (None, [])
    found = row(conn, task_id)
    assert found["status"] == Status.FAILED
    assert lasting(found, "ended_at", "due_at") == DEFAULT["keep_unfinished"]


def test_after_the_last_interval_a_task_fails(conn: Connection) -> None:
    task_id = started(conn, interval=100, max_count=1, delete_deadline=9)
    calls.scan(conn, "r")
    assert row(conn, task_id)["status"] == Status.PROCESSING
    age(conn, 100)
    assert calls.scan(conn, "r").messages == []
    found = row(conn, task_id)
    assert found["status"] == Status.FAILED
    assert lasting(found, "ended_at", "due_at") == 9


def test_those_that_fail_are_not_in_the_way_of_those_that_are_claimed(conn: Connection) -> None:
    late = [new(conn, deadline=10) for _ in range(3)]
    age(conn, 10)
    good = [new(conn) for _ in range(3)]
    assert ids(calls.scan(conn, "r")) == good
    assert {row(conn, t)["status"] for t in late} == {Status.FAILED}
    calls.confirm(conn, query(conn, f"SELECT batch_id FROM {conn.prefix}batch")[0][0], "r")


def test_a_lapsed_batch_is_given_back_and_claimed_again(conn: Connection) -> None:
    tasks = [new(conn) for _ in range(3)]
    first = calls.scan(conn, "dead", lease=30)
    age_batches(conn, 29)
    assert calls.scan(conn, "r").messages == []
    age_batches(conn, 1)
    second = calls.scan(conn, "r")
    assert ids(second) == tasks
    assert [m.attempt for m in second.messages] == [1, 1, 1]
    assert second.batch_id != first.batch_id
    assert query(conn, f"SELECT relay FROM {conn.prefix}batch") == [("r",)]


def test_what_was_touched_meanwhile_is_not_given_back(conn: Connection) -> None:
    tasks = [new(conn, max_count=1) for _ in range(5)]
    calls.scan(conn, "dead")
    calls.processing(conn, tasks[0])
    calls.processing_many(conn, [(tasks[1], 1)])
    calls.cancel(conn, tasks[2])
    calls.processing(conn, tasks[3])
    calls.finish(conn, tasks[3])
    age_batches(conn, 100)
    assert ids(calls.scan(conn, "r")) == [tasks[4]]


def test_several_lapsed_batches_are_given_back_one_after_the_other(conn: Connection) -> None:
    many(conn, {"Q": 6})
    for _ in range(3):
        assert len(calls.scan(conn, "dead", limit=2).messages) == 2
    age_batches(conn, 100)
    seen: list[int] = []
    for _ in range(3):
        batch = calls.scan(conn, "r")
        seen += ids(batch)
    assert len(seen) == len(set(seen)) == 6


def test_a_task_whose_batch_lapsed_after_its_deadline_fails(conn: Connection) -> None:
    task_id = new(conn, deadline=50)
    calls.scan(conn, "dead")
    age_batches(conn, 100)
    age(conn, 50)
    assert calls.scan(conn, "r").messages == []
    assert row(conn, task_id)["status"] == Status.FAILED


class TestWait:
    def test_nothing_is_active(self, conn: Connection) -> None:
        assert calls.scan(conn, "r").wait is None
        calls.cancel(conn, new(conn))
        assert calls.scan(conn, "r").wait is None

    def test_more_is_due(self, conn: Connection) -> None:
        many(conn, {"Q": 3})
        assert calls.scan(conn, "r", limit=2).wait == 0
        assert calls.scan(conn, "r", limit=2).wait > 0

    def test_the_next_task(self, conn: Connection) -> None:
        new(conn, delay=500)
        new(conn, "Q2", delay=300)
        assert 270 < calls.scan(conn, "r").wait <= 300

    def test_the_claimed_ones_are_due_after_their_interval(self, conn: Connection) -> None:
        new(conn, interval=100)
        calls.confirm(conn, calls.scan(conn, "r").batch_id, "r")
        assert 70 < calls.scan(conn, "r").wait <= 100

    def test_the_lease_of_a_batch(self, conn: Connection) -> None:
        new(conn)
        assert 3570 < calls.scan(conn, "r", lease=5000).wait <= 3600
        calls.release(conn, query(conn, f"SELECT batch_id FROM {conn.prefix}batch")[0][0], "r")
        assert 0 < calls.scan(conn, "r", lease=40).wait <= 40

    def test_of_one_namespace(self, conn: Connection) -> None:
        new(conn, delay=300, namespace="a")
        new(conn, delay=500, namespace="b")
        assert 470 < calls.scan(conn, "r", namespace="b").wait <= 500


@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [
        *(
            ("relay", v, f"1 to {LIMIT['relay']}")
            for v in (None, "", " r", "r ", "x" * 65, SMILE * 65)
        ),
        *(("limit", v, f"1 to {LIMIT['rows']}") for v in (None, 0, -1, LIMIT["rows"] + 1)),
        *(("limit", v, "") for v in (2**63, "many", "")),
        *(("lease", v, f"1 to {SECONDS}") for v in (None, 0, -1, SECONDS + 1)),
        *(("lease", v, "") for v in (2**70, "long")),
        *(("held", v, "JSON array of queue names") for v in ("", "{}", "1", "null", '"Q"', "[")),
    ],
)
def test_bad_input_is_refused(conn: Connection, argument: str, value: Any, allowed: str) -> None:
    new(conn)
    given = {
        "relay": "r",
        "limit": 10,
        "lease": 30,
        "namespace": None,
        "held": None,
        argument: value,
    }
    with refused(conn, InvalidArgument, f"in_{argument}", allowed):
        call(conn, "scan_tasks", *given.values())


def test_largest_values(conn: Connection) -> None:
    task_id = new(conn)
    batch = calls.scan(conn, SMILE * LIMIT["relay"], limit=LIMIT["rows"], lease=SECONDS)
    assert ids(batch) == [task_id]


def test_in_plain_sql(conn: Connection) -> None:
    assert call(conn, "scan_tasks", "r", 10, 30, None, None) == ((None, None), [])
    task_id = new(conn, payload='{"n": 1.10}')
    (batch_id, wait_ms), rows = call(conn, "scan_tasks", "r", 10, 30, "default", "[]")
    assert rows == [(task_id, 1, "Q", '{"n": 1.10}')]
    assert 0 < wait_ms <= 30_000
    assert call(conn, "confirm_batch", batch_id, "r") == []
