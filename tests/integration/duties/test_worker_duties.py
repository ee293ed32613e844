"""Each duty of a worker fails alone, is told once, and is backed off."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis as redis_py
from testing import row, until
from troubles import REFUSED, Break, told

from qtask_db import Connection, NewTask, Status, calls
from qtask_db.service import upkeep
from qtask_db.transport.pushing import push_tasks
from qtask_db.worker import Job, Worker, bad, results, watchdog


def create(conn: Connection, redis: Any, number: int = 1, **settings: Any) -> list[int]:
    """Tasks that are on their queue; finished ones stay for an hour."""
    settings = {"interval": 3600, "delete_deadline": 3600, **settings}
    tasks = calls.create_many(
        conn, [NewTask("test", {"n": n}, queue="A", **settings) for n in range(number)]
    )
    assert push_tasks(redis, tasks) == number
    return [task.task_id for task in tasks]


def test_one_result_that_the_database_refuses_hinders_no_other(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    breaks: Break,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(results, "REFUSALS", 3)
    ids = create(conn, redis, 100)
    bad = ids[17]
    breaks("finish_many", REFUSED, lambda _, pairs: bad in [task_id for task_id, _ in pairs])
    one = make_worker()
    one.start()
    until(lambda: one.counters.finished == 99)
    more = create(conn, redis, 20)
    until(lambda: one.counters.finished == 119)
    until(lambda: one.counters.lost == 1)
    assert told(caplog, f"task {bad}, attempt 1: the result is dropped: DatabaseError")
    assert row(conn, bad)["status"] == Status.PROCESSING, "it comes again after its interval"
    assert row(conn, more[-1])["status"] == Status.FINISHED


def test_one_task_that_cannot_be_started_hinders_no_other(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = create(conn, redis, 30)
    bad = ids[11]
    breaks("receive_many", REFUSED, lambda _, pairs: bad in [task_id for task_id, *_ in pairs])
    one = make_worker()
    one.start()
    until(lambda: one.counters.finished == 29)
    assert told(caplog, f"task {bad} comes again after its interval: Cannot delete or update")
    assert row(conn, bad)["status"] == Status.WAITING
    breaks("receive_many", REFUSED, lambda _, pairs: bool(list(pairs)))
    create(conn, redis, 5)
    until(lambda: told(caplog, "starting tasks: DatabaseError"))
    assert redis.llen("A") <= 5


def test_one_failure_that_the_database_refuses_hinders_no_other(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    breaks: Break,
) -> None:
    def fails(_: Job) -> None:
        raise ValueError

    ids = create(conn, redis, 10)
    breaks("end_many", REFUSED, lambda _, __, ends: ids[0] in [end.task_id for end in ends])
    one = make_worker(fails)
    one.start()
    until(lambda: one.counters.failed >= 9)


def test_results_that_are_refused_do_not_stop_the_heartbeats(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_ = threading.Event()
    quick = create(conn, redis, 1)
    (slow,) = create(conn, redis, 1, interval=3)

    def handle(job: Job) -> None:
        if job.task_id == slow:
            open_.wait(30)

    broken = [True]
    breaks("finish_many", REFUSED, lambda _, pairs: broken[0] and bool(list(pairs)))
    one = make_worker(handle)
    one.start()
    until(lambda: told(caplog, "ending tasks: DatabaseError"))
    first = row(conn, slow)["due_at"]
    until(lambda: row(conn, slow)["due_at"] > first)
    assert row(conn, quick[0])["status"] == Status.PROCESSING
    broken[0] = False
    open_.set()
    until(lambda: one.counters.finished == 2)
    assert len(told(caplog, "ending tasks: DatabaseError")) == 1


def test_one_heartbeat_that_is_refused_stops_no_other(
    conn: Connection, redis: redis_py.Redis, make_worker: Callable[..., Worker], breaks: Break
) -> None:
    open_ = threading.Event()
    ids = create(conn, redis, 3, interval=3)
    breaks("extend", REFUSED, lambda _, task_id, *__: task_id == ids[0])
    one = make_worker(lambda _: open_.wait(30))
    one.start()
    until(lambda: row(conn, ids[2])["attempts"])
    first = row(conn, ids[2])["due_at"]
    until(lambda: row(conn, ids[2])["due_at"] > first)
    open_.set()
    until(lambda: one.counters.finished == 3)


def test_a_bad_message_that_cannot_be_kept_hinders_no_other_queue(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str
) -> None:
    assert conn.alive()
    redis.set("A:bad", "a key of another type")
    redis.rpush("A", "bad")
    redis.rpush("B", "bad")
    one = Worker(database_url, redis_url)
    one.handler("A", "B")(lambda _: None)
    with one:
        until(lambda: redis.llen("B:bad") == 1, 60)
    redis.delete("A:bad")


def test_a_flood_of_bad_messages_that_cannot_be_kept_stays_in_redis(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert conn.alive()
    monkeypatch.setattr(bad, "MOST", 30)
    redis.set("A:bad", "a key of another type")
    redis.rpush("A", *["bad" * 10_000] * 500)
    one = make_worker(lambda _: None)
    one.start()
    until(lambda: one.counters.bad == 30)
    time.sleep(1)
    assert (one.counters.bad, redis.llen("A")) == (30, 470)
    redis.delete("A:bad")
    until(lambda: redis.llen("A:bad") == 500)


@pytest.mark.parametrize("purged", [False, True])
def test_a_task_that_the_handler_has_finished_itself_is_done(
    conn: Connection,
    connect: Callable[..., Connection],
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    purged: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (task_id,) = create(conn, redis, interval=3, delete_deadline=0 if purged else 3600)

    def handle(job: Job) -> None:
        with connect() as mine:
            calls.finish(mine, job.task_id, job.attempt)
            if purged:
                calls.purge(mine)
        until(lambda: told(caplog, f"task {task_id} is lost"))  # a heartbeat has met it

    one = make_worker(handle)
    one.start()
    until(lambda: one.counters.finished == 1)
    assert one.counters.lost == 0
    assert not told(caplog, "dropped")


def test_a_handler_that_hangs_is_told_with_its_place(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(watchdog, "HANGS_AFTER", 0.5)
    open_ = threading.Event()

    def wait_for_ever(_: Job) -> None:
        open_.wait(30)

    create(conn, redis)
    one = make_worker(wait_for_ever)
    one.start()
    until(lambda: told(caplog, "has run for"))
    time.sleep(2.5)
    (text,) = told(caplog, "has run for")
    assert "in wait_for_ever\n    open_.wait(30)" in text
    open_.set()
    until(lambda: one.counters.finished == 1)


def test_a_message_with_its_number_as_text(
    conn: Connection, redis: redis_py.Redis, make_worker: Callable[..., Worker]
) -> None:
    (task_id,) = create(conn, redis)
    redis.delete("A")
    redis.rpush("A", json.dumps({"task_id": str(task_id), "task_attempt": "1"}))
    one = make_worker()
    one.start()
    until(lambda: one.counters.finished == 1)
    assert one.counters.bad == 0


def test_a_purge_that_the_database_refuses_hinders_no_task(
    conn: Connection,
    make_worker: Callable[..., Worker],
    breaks: Break,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(upkeep, "INTERVAL", 0.1)
    monkeypatch.setattr(upkeep, "DENIED_INTERVAL", 0.2)
    calls.set_delivery(conn, "A", "direct")
    mended = threading.Event()
    breaks("purge", REFUSED, lambda *_: not mended.is_set())
    one = make_worker()
    one.start()
    until(lambda: one.counters.errors >= 3)
    calls.create_many(conn, [NewTask("test", {}, 60, "A") for _ in range(5)])
    until(lambda: one.counters.finished == 5)
    assert len(told(caplog, "database, purging: DatabaseError")) == 1
    mended.set()
    until(lambda: one.counters.purged == 5)
