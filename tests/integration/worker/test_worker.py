"""A task in a worker, against real servers: nothing is lost in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis as redis_py
from testing import others, row, until
from working import Gate, MakeWorker, create, seconds_until_due, statuses

from qtask_db import Connection, Status, calls
from qtask_db.errors import InvalidArgument
from qtask_db.worker import Job, Retry


def test_tasks_are_done(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker, stream: bool
) -> None:
    worker = make_worker(stream=stream)
    done: list[Job] = []
    worker.handler("A", "B")(done.append)
    ids = create(conn, redis, 300, stream=stream) + create(conn, redis, 5, "B", stream=stream)
    worker.start()
    until(lambda: worker.counters.finished == 305)
    assert sorted(job.task_id for job in done) == sorted(ids), "each of them once"
    assert {job.attempt for job in done} == {1}
    assert {job.queue for job in done} == {"A", "B"}
    job = next(job for job in done if job.task_id == ids[7])
    assert job.payload == {"n": 7}
    assert json.loads(job.text) == {"task_id": ids[7], "task_attempt": 1, "n": 7}
    assert job.interval == 3600
    assert statuses(conn, ids) == {Status.FINISHED}
    assert worker.stop(25)
    assert (redis.xlen("A") if stream else redis.llen("A")) == 0


def test_the_first_task_finds_both_threads_connected(
    conn: Connection, make_worker: MakeWorker
) -> None:
    before = set(others(conn))
    worker = make_worker()
    worker.handler("A")(Gate())
    worker.start()
    until(lambda: len(set(others(conn)) - before) == 2)


def test_a_copy_of_a_message_is_dropped(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id,) = create(conn, redis)
    redis.rpush("A", redis.lindex("A", 0), redis.lindex("A", 0))
    worker = make_worker()
    done: list[Job] = []
    worker.handler("A")(done.append)
    worker.start()
    until(lambda: worker.counters.taken == 3)
    until(lambda: worker.counters.finished == 1)
    redis.rpush("A", json.dumps({"task_id": task_id, "task_attempt": 1}))
    until(lambda: worker.counters.refused == 3)
    assert len(done) == 1
    assert worker.counters.started == 1


def test_the_largest_numbers_stop_nothing(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    redis.rpush("A", json.dumps({"task_id": 10**18 - 1, "task_attempt": 2**31 - 1}))
    create(conn, redis)
    worker.start()
    until(lambda: worker.counters.finished == 1)
    assert (worker.counters.refused, worker.counters.bad) == (1, 0)


def test_a_message_that_the_procedure_cannot_read_stops_nothing(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = calls.receive_many

    def strict(conn: Any, messages: Any) -> Any:
        if any(task_id == 10**17 for task_id, *_ in messages):
            raise InvalidArgument("no such number")
        return original(conn, messages)

    monkeypatch.setattr(calls, "receive_many", strict)
    ids = create(conn, redis, 3)
    redis.lpush("A", json.dumps({"task_id": 10**17}))
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    worker.start()
    until(lambda: worker.counters.finished == 3)
    until(lambda: redis.llen("A:bad") == 1)
    assert "no such number" in redis.lindex("A:bad", 0)
    assert (worker.counters.bad, worker.counters.refused) == (1, 0)
    assert statuses(conn, ids) == {Status.FINISHED}


def test_a_message_without_attempt(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id,) = create(conn, redis)
    redis.delete("A")
    redis.rpush("A", json.dumps({"task_id": task_id}))
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    worker.start()
    until(lambda: worker.counters.finished == 1)


def test_quick_retries_and_then_the_interval(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id,) = create(conn, redis)
    redis.delete("A")
    worker = make_worker(quick_retries=3, retry_delay=10)

    @worker.handler("A")
    def fail(job: Job) -> None:
        raise ValueError(f"no. {job.attempt}")

    worker.start()
    for attempt, (shortest, longest) in enumerate(
        [(7, 13), (15, 25), (31, 50), (3590, 3600), (3590, 3600)], 1
    ):
        redis.rpush("A", json.dumps({"task_id": task_id, "task_attempt": attempt}))
        until(lambda wanted=attempt: worker.counters.failed == wanted)
        found = row(conn, task_id)
        assert found["status"] == Status.WAITING
        assert found["last_error"] == f"ValueError: no. {attempt}"
        assert shortest <= seconds_until_due(conn, task_id) <= longest


def test_a_handler_asks_for_a_retry(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = create(conn, redis, 2)
    worker = make_worker()

    @worker.handler("A")
    def fail(job: Job) -> None:
        raise Retry("the bank is closed", delay=500 if job.payload["n"] else None)

    worker.start()
    until(lambda: worker.counters.failed == 2)
    assert {row(conn, task_id)["last_error"] for task_id in ids} == {"the bank is closed"}
    assert seconds_until_due(conn, ids[0]) < 3
    assert 490 < seconds_until_due(conn, ids[1]) <= 500


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("x" * 3000), "ValueError: " + "x" * 1988),
        (ValueError("lone \ud800 \U0001f600"), "ValueError: lone ? \U0001f600"),
        (ValueError("\0 \x1b \u2028 '"), "ValueError: \\x00 \x1b \u2028 '"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyError("k"), "KeyError: 'k'"),
        (Unreadable(), "Unreadable, whose text cannot be read"),
    ],
    ids=["long", "surrogate", "control", "exit", "key", "unreadable"],
)
def test_the_text_of_an_error(
    error: BaseException,
    text: str,
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
) -> None:
    (task_id,) = create(conn, redis)
    worker = make_worker(threads=1)

    @worker.handler("A")
    def fail(_job: Job) -> None:
        raise error

    worker.handler("B")(lambda _job: None)
    worker.start()
    until(lambda: worker.counters.failed == 1)
    assert row(conn, task_id)["last_error"] == text
    create(conn, redis, 1, "B")
    until(lambda: worker.counters.finished == 1)


def test_the_last_attempt(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (task_id,) = create(conn, redis, max_count=1)
    worker = make_worker()

    @worker.handler("A")
    def fail(_job: Job) -> None:
        raise ValueError

    worker.start()
    until(lambda: worker.counters.failed == 1)
    assert row(conn, task_id)["status"] == Status.FAILED
    assert "failed for good" in caplog.text


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\xff", "not UTF-8"),
        (b"hello", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"n": 1}', "no task_id"),
        (b'{"task_id": 99999999999999999999}', "task_id is not"),
    ],
)
def test_a_bad_message_is_set_aside(
    message: bytes,
    reason: str,
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    stream: bool,
) -> None:
    worker = make_worker(stream=stream)
    worker.handler("A")(lambda _job: None)
    if stream:
        redis.xadd("A", {"message": message})
    else:
        redis.rpush("A", message)
    create(conn, redis, 2, stream=stream)
    worker.start()
    until(lambda: worker.counters.finished == 2)
    until(lambda: redis.llen("A:bad") == 1)
    record = json.loads(redis.lindex("A:bad", 0))
    assert reason in record["reason"]
    assert record["message"] == message.decode("utf-8", "backslashreplace")
    assert worker.counters.bad == 1
    until(lambda: not (redis.xlen("A") if stream else redis.llen("A")))
