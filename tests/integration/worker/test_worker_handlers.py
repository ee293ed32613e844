"""Mistakes of handlers: none is taken for success, none hinders another task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_py
from testing import row, until
from working import MakeWorker, create, statuses

from qtask_db import Connection, Status, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import ConfigurationError, InvalidArgument
from qtask_db.worker import Counters, Job, Retry
from qtask_db.worker.completer import Completer
from qtask_db.worker.policy import Policy
from qtask_db.worker.pool import Run


@pytest.mark.parametrize("delay", ["5", [5], object(), float("inf"), float("nan")])
def test_a_delay_that_is_no_number_of_seconds(delay: Any) -> None:
    with pytest.raises(TypeError, match="number of seconds"):
        Retry("later", delay=delay)


@pytest.mark.parametrize(
    ("delay", "seconds"), [(None, None), (-3, 0), (0.2, 1), (10**12, LIMIT["seconds"])]
)
def test_delays_are_whole_seconds_in_range(delay: Any, seconds: int | None) -> None:
    assert Retry("later", delay=delay).delay == seconds


def test_a_result_that_cannot_be_written_hinders_no_other(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    class Evil(Exception):
        def __str__(self) -> str:
            raise SystemExit

    def handle(job: Job) -> None:
        if job.payload["n"] == 0:
            later = Retry("later")
            later.delay = "soon"  # type: ignore[assignment]
            raise later
        if job.payload["n"] == 1:
            raise Evil
        if job.payload["n"] == 2:
            raise Retry(Evil())  # type: ignore[arg-type]

    ids = create(conn, redis, 4)
    worker = make_worker()
    worker.handler("A")(handle)
    worker.start()
    until(lambda: worker.counters.failed == 3 and worker.counters.finished == 1)
    assert statuses(conn, ids[:3]) == {Status.WAITING}
    assert "whose text cannot be read" in row(conn, ids[1])["last_error"]


def test_a_handler_that_would_never_run_is_refused(make_worker: MakeWorker) -> None:
    async def coroutine(_: Job) -> None: ...

    def generator(_: Job) -> Iterator[None]:
        yield

    for wrong in (coroutine, generator, 5):
        with pytest.raises(ConfigurationError, match="must be a plain function"):
            make_worker().handler("A")(wrong)


def test_what_a_handler_left_undone_is_no_success(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    async def coroutine(_: Job) -> None: ...

    (task_id,) = create(conn, redis)
    worker = make_worker()
    worker.handler("A")(lambda job: coroutine(job))
    worker.start()
    until(lambda: worker.counters.failed == 1)
    assert "returned a coroutine" in row(conn, task_id)["last_error"]


def test_an_extension_that_is_refused_loses_nothing(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id,) = create(conn, redis)
    worker = make_worker()

    @worker.handler("A")
    def handle(job: Job) -> None:
        with pytest.raises(InvalidArgument):
            job.extend(0)
        assert not job.lost

    worker.start()
    until(lambda: worker.counters.finished == 1)
    assert row(conn, task_id)["status"] == Status.FINISHED


def test_two_attempts_of_one_task_end_in_two_calls(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id,) = create(conn, redis)
    completed: list[Job] = []
    database = make_worker()._session.database
    completer = Completer("test", database, Counters(), completed.extend)
    assert (calls.processing(conn, task_id), calls.processing(conn, task_id)) == (1, 2)
    for attempt in (2, 1):
        completer.done(Run(Job(task_id, attempt, "A", {}), Policy(lambda _: None), 0.0))
    completer.start()
    until(lambda: len(completed) == 2)
    assert completer.close(5) == 0
    assert row(conn, task_id)["status"] == Status.FINISHED


def test_a_worker_is_started_once(make_worker: MakeWorker) -> None:
    worker = make_worker()
    worker.handler("A")(lambda _: None)
    worker.start()
    with pytest.raises(ConfigurationError, match="runs already"):
        worker.start()


def test_bad_messages_of_a_full_redis_stop_nothing(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    redis.set("A:bad", "a key of another type")
    redis.rpush("A", "no message")
    worker = make_worker()
    worker.handler("A")(lambda _: None)
    worker.start()
    until(lambda: redis.llen("A") == 0)
    create(conn, redis, 20)
    until(lambda: worker.counters.finished == 20)
    redis.delete("A:bad")
    until(lambda: redis.llen("A:bad") == 1)
