"""Messages that come before their tasks, as those of the Go library do while it is imported."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis as redis_py
from testing import execute, until
from working import MakeWorker, store

from qtask_db import Connection
from qtask_db.transport.kinds import FIELD
from qtask_db.worker import Job, messages


@contextmanager
def away(conn: Connection, task_id: int) -> Iterator[None]:
    """There is no such task yet."""
    other = task_id + 1_000_000
    execute(conn, f"UPDATE {conn.prefix}task SET task_id = {other} WHERE task_id = {task_id}")
    yield
    execute(conn, f"UPDATE {conn.prefix}task SET task_id = {task_id} WHERE task_id = {other}")


def push(redis: redis_py.Redis, text: str, *, stream: bool) -> None:
    if stream:
        redis.xadd("A", {FIELD: text})
    else:
        redis.rpush("A", text)


def length(redis: redis_py.Redis, *, stream: bool) -> int:
    return int(redis.xlen("A") if stream else redis.llen("A"))


@pytest.mark.parametrize("form", ["plain", "wrapped"])
def test_such_a_message_starts_its_task_when_that_is_there(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker, stream: bool, form: str
) -> None:
    (task_id,) = store(conn)
    text = f'{{"n": 0, "task_id": {task_id}}}'
    if form == "wrapped":
        text = f'{{"__data__": "{base64.b64encode(text.encode()).decode()}", "__header__": {{}}}}'
    push(redis, text, stream=stream)
    worker = make_worker(stream=stream)
    done: list[Job] = []
    worker.handler("A")(done.append)
    with away(conn, task_id):
        worker.start()
        until(lambda: worker.counters.taken == 1)
    until(lambda: worker.counters.finished == 1)
    assert [(job.task_id, job.payload) for job in done] == [(task_id, {"n": 0})]
    counters = worker.counters
    assert (counters.taken, counters.refused, counters.differing, counters.bad) == (1, 0, 0, 0)
    assert length(redis, stream=stream) == 0


def test_a_worker_that_stops_gives_it_back(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker, stream: bool
) -> None:
    (task_id,) = store(conn)
    with away(conn, task_id):
        push(redis, f'{{"task_id": {task_id}}}', stream=stream)
        worker = make_worker(stream=stream)
        worker.handler("A")(lambda _job: None)
        worker.start()
        until(lambda: worker.counters.taken == 1 and length(redis, stream=stream) == 0)
        assert worker.stop(25)
        assert length(redis, stream=stream) == 1


def test_few_are_kept_and_none_that_is_long_or_tells_an_attempt(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    stream: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "EARLY_MOST", 1)
    long = "x" * messages.EARLY_SIZE
    for n, more in enumerate(('"task_attempt": 1', f'"x": "{long}"', '"x": 1', '"x": 2'), 1):
        push(redis, f'{{"task_id": {n}, {more}}}', stream=stream)
    (other,) = store(conn, queue="B")
    push(redis, f'{{"task_id": {other}}}', stream=stream)
    worker = make_worker(stream=stream)
    worker.handler("A")(lambda _job: None)
    worker.start()
    until(lambda: worker.counters.refused == 3)
    assert (worker.counters.taken, worker.counters.bad) == (5, 1), "one is of another queue"
    assert worker.stop(25)
    assert length(redis, stream=stream) == 1


def test_none_is_kept_for_ever(
    redis: redis_py.Redis, make_worker: MakeWorker, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "EARLY_KEPT", 0.5)
    push(redis, '{"task_id": 1}', stream=stream)
    worker = make_worker(stream=stream)
    worker.handler("A")(lambda _job: None)
    worker.start()
    until(lambda: worker.counters.refused == 1)
    assert worker.stop(25)
    assert length(redis, stream=stream) == 0
