"""A worker with Redis, some or all of whose queues are direct; and a delivery that changes."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import redis as redis_py
import servers
from testing import age, until
from working import Gate, MakeWorker, create, statuses, store

from qtask_db import Client, Connection, Database, Relay, Status, calls
from qtask_db.install import install, uninstall
from qtask_db.worker import Job


def test_queues_of_both_kinds(
    direct: Connection, redis: redis_py.Redis, make_worker: MakeWorker, stream: bool
) -> None:
    worker = make_worker(stream=stream)
    done: list[Job] = []
    worker.handler("A", "B")(done.append)
    ids = store(direct, 200) + create(direct, redis, 200, "B", stream=stream)
    worker.start()
    until(lambda: worker.counters.finished == 400)
    assert sorted(job.task_id for job in done) == sorted(ids), "each of them once"
    assert (worker.counters.taken, worker.counters.refused) == (200, 0)
    assert statuses(direct, ids) == {Status.FINISHED}
    # Neither waits for the other.
    for queue, make in (("A", store), ("B", create)):
        began = time.monotonic()
        if make is store:
            store(direct, queue=queue)
        else:
            create(direct, redis, queue=queue, stream=stream)
        before = worker.counters.finished
        until(lambda before=before: worker.counters.finished > before)
        assert time.monotonic() - began < 1


def test_all_queues_are_direct(
    direct: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Messages of before stay valid."""
    caplog.set_level(logging.INFO, "qtask_db")
    calls.set_delivery(direct, "A", "redis")
    left = create(direct, redis, 5)
    calls.set_delivery(direct, "A", "direct")
    ids = store(direct, 5)
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    with worker:
        until(lambda: worker.counters.finished == 10)
        assert worker.counters.taken == 5
        assert worker.counters.lost == 0
    assert statuses(direct, left + ids) == {Status.FINISHED}
    assert "through Redis: no queue" in caplog.text


def test_messages_come_at_once_if_there_were_none_at_the_start(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    """The worker learns from the database that it has to listen to Redis, and then does."""
    calls.set_delivery(conn, "A", "redis")
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    with worker:
        time.sleep(0.5)
        began = time.monotonic()
        create(conn, redis)
        until(lambda: worker.counters.finished == 1)
    assert time.monotonic() - began < 2


def test_no_queue_is_direct(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It asks the database each 5 s, and purges nothing: that is a relay's."""
    caplog.set_level(logging.INFO, "qtask_db")
    looks: list[float] = []
    take = calls.take

    def counted(*given: object) -> object:
        looks.append(time.monotonic())
        return take(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(calls, "take", counted)
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    with worker:
        for _ in range(4):
            create(conn, redis, delete_deadline=0)
            time.sleep(0.7)
        until(lambda: worker.counters.finished == 4)
        assert len(looks) <= 1 + (time.monotonic() - looks[0]) / 5
        assert worker.counters.purged == 0
    assert "through Redis" not in caplog.text


def test_redis_goes_while_the_database_stays(
    direct: Connection, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "qtask_db")
    with servers.start("redis") as server:
        worker = make_worker(server.url)
        worker.handler("A", "B")(lambda _job: None)
        with worker, redis_py.Redis.from_url(server.url) as client:
            create(direct, client, queue="B")
            until(lambda: worker.counters.finished == 1)
            server.kill()
            for number in range(2, 12):
                began = time.monotonic()
                store(direct)
                until(lambda number=number: worker.counters.finished == number)
                assert time.monotonic() - began < 2
            assert caplog.text.count("redis: QueueUnavailable") <= 2
            assert "works again" not in caplog.text
            server.restart()
            create(direct, client, queue="B")
            until(lambda: worker.counters.finished == 12)


def test_the_database_goes_and_comes(
    mortal_server: servers.Server,
    direct: Connection,
    connect: Callable[..., Connection],
    redis: redis_py.Redis,
    make_worker: MakeWorker,
) -> None:
    worker, gate = make_worker(), Gate()
    worker.handler("A", "B")(gate)
    with worker:
        ids = store(direct, 2) + create(direct, redis, 2, "B")
        until(lambda: len(gate.jobs) == 4)
        mortal_server.kill()
        gate.open()
        time.sleep(1)
        mortal_server.restart()
        again = connect()
        until(lambda: worker.counters.finished == 4)
        ids += store(again) + create(again, redis, 1, "B")
        until(lambda: worker.counters.finished == 6)
        assert worker.counters.lost == 0
    assert statuses(again, ids) == {Status.FINISHED}


def test_busy_handlers(direct: Connection, redis: redis_py.Redis, make_worker: MakeWorker) -> None:
    worker, gate = make_worker(threads=2, prefetch=0), Gate()
    worker.handler("A", "B")(gate)
    store(direct, 5)
    create(direct, redis, 5, "B")
    with worker:
        until(lambda: len(gate.jobs) == 2)
        time.sleep(1)
        assert worker.counters.started == 2
        gate.open()
        until(lambda: worker.counters.finished == 10)


def test_a_queue_that_is_registered_later(
    direct: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    worker.handler("A", "LATER", "LAST")(lambda _job: None)
    with worker:
        store(direct)
        until(lambda: worker.counters.finished == 1)
        create(direct, redis, queue="LATER")
        until(lambda: worker.counters.finished == 2)
        calls.set_delivery(direct, "LAST", "direct")
        store(direct, queue="LAST")
        until(lambda: worker.counters.finished == 3)


@pytest.fixture
def direct_schema(database_url: str) -> Iterator[Database]:
    """Another schema, in which new queues are direct."""
    install(database_url, {"prefix": "dq_", "delivery": "direct"}, report=lambda _: None)
    yield Database(database_url, prefix="dq_")
    uninstall(database_url, "dq_", lambda _: None)


def test_a_new_queue_is_direct_by_default(
    direct_schema: Database, make_worker: MakeWorker, make_direct: MakeWorker
) -> None:
    without, mixed = make_direct(database=direct_schema), make_worker(database=direct_schema)
    for worker in (without, mixed):
        worker.handler("A")(lambda _job: None)
    with without, mixed, direct_schema.connect() as conn:
        time.sleep(1.2)
        ids = store(conn, 20)
        until(lambda: statuses(conn, ids) == {Status.FINISHED})
    assert without.counters.finished + mixed.counters.finished == 20


def test_a_change_of_delivery_under_traffic(
    conn: Connection,
    database_url: str,
    redis_url: str,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    make_direct: MakeWorker,
    stream: bool,
) -> None:
    """Nothing is lost, and nothing is done twice, whichever way it comes."""
    calls.set_delivery(conn, "A", "direct")
    done: list[tuple[int, int]] = []
    workers = [make_worker(stream=stream), make_worker(stream=stream), make_direct()]
    for worker in workers:
        worker.handler("A")(lambda job: done.append((job.task_id, job.attempt)))
        worker.start()
    ids: list[int] = []
    stop = threading.Event()

    def produce() -> None:
        with Client(database_url, redis_url, stream=stream) as client:
            while not stop.is_set():
                ids.append(client.create("n", {}, 3600, "A", delete_deadline=3600).task_id)
                ids.append(client.delay("n", {}, 1, 3600, "A", delete_deadline=3600).task_id)
                time.sleep(0.002)

    producer = threading.Thread(target=produce)
    with Relay(database_url, redis_url, stream=stream):
        producer.start()
        for number in range(8):
            time.sleep(0.9)
            calls.set_delivery(conn, "A", "direct" if number % 2 else "redis")
        stop.set()
        producer.join()
        until(lambda: len(done) >= len(ids), 60)
    for worker in workers:
        worker.stop()
    assert Counter(done) == Counter((task_id, 1) for task_id in ids)
    assert statuses(conn, ids[::7]) == {Status.FINISHED}
    assert sum(worker.counters.finished for worker in workers) == len(ids)
    assert not sum(worker.counters.lost + worker.counters.failed for worker in workers)
    taken = sum(worker.counters.taken for worker in workers)
    assert 0 < taken < len(ids), "some came by each way"
    assert (redis.xlen("A") if stream else redis.llen("A")) == 0


def test_lost_messages_of_a_queue_that_is_direct_now(
    direct: Connection, redis: redis_py.Redis, make_direct: MakeWorker
) -> None:
    """No message comes any more: a redrive makes them due, and the worker takes them."""
    calls.set_delivery(direct, "A", "redis")
    ids = store(direct, 3)
    age(direct, 10)
    batch = calls.scan(direct, "relay")
    calls.confirm(direct, batch.batch_id or 0, "relay")
    calls.set_delivery(direct, "A", "direct")
    redis.flushall()
    worker = make_direct()
    worker.handler("A")(lambda _job: None)
    with worker:
        time.sleep(0.5)
        assert statuses(direct, ids) == {Status.WAITING}
        assert calls.redrive(direct, "A") == 3
        until(lambda: worker.counters.finished == 3)


def test_a_message_that_was_taken_directly_is_a_copy(
    direct: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = store(direct, 3)
    for task_id in ids:
        redis.rpush("A", json.dumps({"task_id": task_id, "task_attempt": 1, "n": 0}))
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    with worker:
        until(lambda: worker.counters.taken == 3)
        until(lambda: worker.counters.finished == 3)
        assert worker.counters.lost == 0
