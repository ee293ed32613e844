"""What runs around handlers and creations: middleware, functions of the start and the end; and the
shares of queues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis as redis_py
from testing import row, until
from working import MakeWorker, create, store

from qtask_db import Client, Connection, Fail, NewTask, Status, Task, calls
from qtask_db.errors import ConfigurationError, InvalidPayload
from qtask_db.worker import Job, Worker

Next = Callable[[Job], Any]


def test_middleware_runs_around_each_handler(direct: Connection, make_direct: MakeWorker) -> None:
    ids = store(direct, 4)
    worker = make_direct(threads=1)
    seen: list[str] = []

    @worker.middleware
    def outer(job: Job, call_next: Next) -> Any:
        seen.append(f"outer {job.payload['n']}")
        try:
            return call_next(job)
        except KeyError as error:
            raise Fail("as the outer one wants") from error
        finally:
            seen.append("outer ends")

    @worker.middleware
    def inner(job: Job, call_next: Next) -> Any:
        if job.payload["n"] == 2:
            return None
        seen.append("inner")
        return call_next(job)

    @worker.handler("A", backoff=1_000)
    def handle(job: Job) -> Any:
        seen.append("handler")
        if job.payload["n"] == 1:
            raise KeyError
        return (n for n in ()) if job.payload["n"] == 3 else "a value"

    with worker:
        until(lambda: worker.counters.finished + worker.counters.failed == 4)
    assert seen[:4] == ["outer 0", "inner", "handler", "outer ends"]
    assert seen.count("handler") == 3
    found = [row(direct, task_id) for task_id in ids]
    assert [one["status"] for one in found] == [
        Status.FINISHED, Status.FAILED, Status.FINISHED, Status.WAITING,
    ]  # fmt: skip
    assert found[1]["last_error"] == "as the outer one wants"
    assert "returned a generator" in found[3]["last_error"]


def test_middleware_that_loses_a_coroutine_does_not_hide_it(
    direct: Connection, make_direct: MakeWorker
) -> None:
    async def work(_: Job) -> None: ...

    (task_id,) = store(direct)
    worker = make_direct()
    worker.middleware(lambda job, call_next: bool(call_next(job)))
    worker.handler("A")(lambda job: work(job))
    with worker:
        until(lambda: worker.counters.failed == 1)
    assert "returned a coroutine" in row(direct, task_id)["last_error"]


def test_functions_of_the_start_and_the_end(direct: Connection, make_direct: MakeWorker) -> None:
    store(direct)
    worker = make_direct()
    seen: list[str] = []
    worker.on_startup(lambda: seen.append("first"))
    worker.on_startup(lambda: seen.append("second"))
    worker.on_shutdown(lambda: seen.append("last"))

    @worker.on_shutdown
    def fails() -> None:
        seen.append("fails")
        raise ValueError("at the end")

    worker.handler("A")(lambda _: seen.append("handler"))
    for _ in range(2):
        with worker:
            until(lambda: worker.counters.finished == 1)
    ends = ["fails", "last"]
    assert seen == ["first", "second", "handler", *ends, "first", "second", *ends]
    assert worker.failure is None


def test_an_error_at_the_start_ends_it(
    direct: Connection, make_direct: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    (task_id,) = store(direct)
    worker = make_direct()
    ended: list[int] = []

    @worker.on_startup
    def fails() -> None:
        raise ValueError("no connection to the bank")

    worker.on_shutdown(lambda: ended.append(1))
    worker.handler("A")(lambda _: None)
    for start in (worker.start, worker.run, lambda: worker.run(patient=True)):
        with pytest.raises(ValueError, match="no connection to the bank"):
            start()
    worker.start(patient=True)
    until(lambda: not worker.running)
    assert isinstance(worker.failure, ValueError)
    assert "no connection to the bank" in caplog.text
    assert not ended
    assert row(direct, task_id)["attempts"] == 0


def test_what_is_no_plain_function_is_refused(make_direct: MakeWorker) -> None:
    async def coroutine(*_: object) -> None: ...

    def generator(*_: object) -> Iterator[None]:
        yield

    worker = make_direct()
    for add in (worker.middleware, worker.on_startup, worker.on_shutdown):
        for wrong in (coroutine, generator, 5):
            with pytest.raises(ConfigurationError, match="must be a plain function"):
                add(wrong)  # type: ignore[type-var]


# -- creations -------------------------------------------------------------------------------------


def test_middleware_runs_around_each_creation(conn: Connection, database_url: str) -> None:
    client = Client(database_url)
    seen: list[list[str]] = []

    @client.middleware
    def stamp(tasks: list[NewTask], call_next: Callable[[list[NewTask]], list[Task]]) -> list[Task]:
        for task in tasks:
            assert isinstance(task.payload, dict)
            task.payload = {**task.payload, "by": "shop"}
            task.namespace = "stamped"
        made = call_next(tasks)
        seen.append([task.payload for task in made])
        return made

    @client.middleware
    def inner(tasks: list[NewTask], call_next: Callable[[list[NewTask]], list[Task]]) -> list[Task]:
        assert all(task.namespace == "stamped" for task in tasks)
        return call_next(tasks)

    with client:
        one = client.create("test", {"n": 1}, 60, "A", order_no="1", max_count=7)
        later = client.delay("test", {"n": 2}, 900, 60, "A", deadline=86_400)
        many = client.create_many([NewTask("test", {"n": n}, 60, "A") for n in (3, 4)])
        with client.transaction() as tx:
            two = tx.create("test", {"n": 5}, 60, "A")
            assert tx.tasks == [two]
    assert [len(made) for made in seen] == [1, 1, 2, 1]
    assert one.payload == '{"n": 1, "by": "shop"}'
    assert not later.pushable
    found = row(conn, one.task_id)
    assert (found["order_no"], found["max_count"]) == ("1", 7)
    assert {task.namespace for task in calls.list_tasks(conn)} == {"stamped"}
    assert len(calls.list_tasks(conn)) == 3 + len(many)


def test_middleware_may_refuse_a_creation(conn: Connection, database_url: str) -> None:
    client = Client(database_url)

    @client.middleware
    def refuse(_: list[NewTask], __: object) -> list[Task]:
        raise InvalidPayload("not today")

    with client, pytest.raises(InvalidPayload, match="not today"):
        client.create("test", {}, 60, "A")
    assert not calls.list_tasks(conn)


def test_middleware_returns_what_was_made(database_url: str) -> None:
    client = Client(database_url)
    client.middleware(lambda tasks, call_next: call_next(tasks) and [])
    with client, pytest.raises(ConfigurationError, match="must return what call_next"):
        client.create("test", {}, 60, "A")
    with pytest.raises(ConfigurationError, match="must be a plain function"):
        client.middleware(5)  # type: ignore[type-var]


# -- shares ----------------------------------------------------------------------------------------


def serve(worker: Worker, full: int, calm: int) -> list[str]:
    """The queues of the tasks in the order in which they ran."""
    order: list[str] = []
    worker.handler("A", weight=1)(lambda job: order.append(job.queue))
    worker.handler("B", weight=3)(lambda job: order.append(job.queue))
    with worker:
        until(lambda: len(order) == full + calm)
    return order


def test_a_full_direct_queue_starves_no_other(direct: Connection, make_direct: MakeWorker) -> None:
    calls.set_delivery(direct, "B", "direct")
    store(direct, 300)
    store(direct, 30, "B")
    order = serve(make_direct(threads=1, prefetch=0), 300, 30)
    assert max(place for place, queue in enumerate(order) if queue == "B") < 60
    assert order[:40].count("A") in (9, 10, 11)


def test_a_full_queue_in_redis_starves_no_other(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker, stream: bool
) -> None:
    create(conn, redis, 300, stream=stream)
    create(conn, redis, 30, "B", stream=stream)
    order = serve(make_worker(threads=1, prefetch=0, stream=stream), 300, 30)
    assert max(place for place, queue in enumerate(order) if queue == "B") < 60
