"""The worker against real servers: each task is done, whoever dies; nothing is lost in silence."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis as redis_py
import servers
from testing import age, count, environment, kill_others, now, others, query, row, until

from qtask_db import Connection, Database, NewTask, Status, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import (
    ConfigurationError,
    DatabaseUnavailable,
    InvalidArgument,
    NotInstalled,
    QueueUnavailable,
    StaleAttempt,
    TaskNotActive,
)
from qtask_db.transport.queues import push_tasks
from qtask_db.worker import Counters, Job, Retry, Worker, fetcher
from qtask_db.worker.completer import Completer
from qtask_db.worker.pool import Run

NOWHERE_REDIS = "redis://:s3cret@127.0.0.1:1/0"
NOWHERE_DATABASE = "mysql://root:s3cret@127.0.0.1:1/qtask"

MakeWorker = Callable[..., Worker]


@pytest.fixture(params=[False, True], ids=["list", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def make_worker(database_url: str, redis_url: str) -> Iterator[MakeWorker]:
    made: list[Worker] = []

    def make(redis: Any = redis_url, **settings: Any) -> Worker:
        made.append(Worker(settings.pop("database", database_url), redis, **settings))
        return made[-1]

    yield make
    for worker in made:
        assert worker.stop(25), "the worker did not stop"


class Gate:
    """A handler that notes its jobs and stays until it is opened."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._open = threading.Event()

    def __call__(self, job: Job) -> None:
        self.jobs.append(job)
        assert self._open.wait(60)

    def open(self) -> None:
        self._open.set()


def create(
    conn: Connection, redis: Any, number: int = 1, queue: str = "A", **settings: Any
) -> list[int]:
    """Tasks that are on their queue; finished ones stay for an hour."""
    stream = settings.pop("stream", False)
    settings = {"interval": 3600, "delete_deadline": 3600, **settings}
    new = [NewTask("test", {"n": n}, queue=queue, **settings) for n in range(number)]
    tasks = calls.create_many(conn, new)
    assert push_tasks(redis, tasks, stream=stream) == number
    return [task.task_id for task in tasks]


def statuses(conn: Connection, ids: list[int]) -> set[Status]:
    return {Status(row(conn, task_id)["status"]) for task_id in ids}


def seconds_until_due(conn: Connection, task_id: int) -> float:
    ((due_at, at),) = query(
        conn, f"SELECT due_at, {now(conn)} FROM {conn.prefix}task WHERE task_id = {task_id}"
    )
    return float((due_at - at).total_seconds())


# -- what becomes of a task ------------------------------------------------------------------------


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
        (SystemExit(3), "SystemExit: 3"),
        (KeyError("k"), "KeyError: 'k'"),
        (Unreadable(), "Unreadable, whose text cannot be read"),
    ],
    ids=["long", "surrogate", "exit", "key", "unreadable"],
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


# -- long runs -------------------------------------------------------------------------------------


def test_a_long_run_is_kept_alive(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id,) = create(conn, redis, interval=3)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs)
    first = row(conn, task_id)["due_at"]
    until(lambda: (row(conn, task_id)["due_at"] - first).total_seconds() > 3)
    assert seconds_until_due(conn, task_id) > 0, "it never came to be due"
    gate.open()
    until(lambda: worker.counters.finished == 1)


def test_a_waiting_task_is_kept_alive(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = create(conn, redis, 2, interval=3)
    worker = make_worker(threads=1, prefetch=1)
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs and statuses(conn, ids) == {Status.PROCESSING})
    assert len(gate.jobs) == 1
    first = row(conn, ids[1])["due_at"]
    until(lambda: (row(conn, ids[1])["due_at"] - first).total_seconds() > 1)
    gate.open()
    until(lambda: worker.counters.finished == 2)


def test_heartbeats_are_few(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beats: list[int] = []
    extend = calls.extend

    def counted(conn: Any, task_id: int, *rest: Any) -> None:
        beats.append(task_id)
        extend(conn, task_id, *rest)

    monkeypatch.setattr(calls, "extend", counted)
    (short,) = create(conn, redis, 1, interval=3)
    create(conn, redis, 1, "B", interval=600)
    worker = make_worker()
    gate = Gate()
    worker.handler("A", "B")(gate)
    began = time.monotonic()
    worker.start()
    beats.clear()  # the check asks for a task that never was
    until(lambda: len(beats) >= 2)
    gate.open()
    until(lambda: worker.counters.finished == 2)
    assert set(beats) == {short}
    assert len(beats) <= time.monotonic() - began, "one a second at most"


def test_a_cancelled_job_is_lost(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (task_id,) = create(conn, redis, interval=1)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs)
    assert not gate.jobs[0].lost
    calls.cancel(conn, task_id)
    until(lambda: gate.jobs[0].lost)
    gate.open()
    until(lambda: worker.counters.lost == 1)
    assert worker.counters.finished == 0
    assert row(conn, task_id)["status"] == Status.CANCELLED
    assert "result is dropped" in caplog.text


def test_a_stale_result_is_dropped(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = create(conn, redis, 2)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: len(gate.jobs) == 2)
    assert calls.processing(conn, ids[0], 2) == 2
    gate.open()
    until(lambda: worker.counters.lost == 1)
    until(lambda: worker.counters.finished == 1)
    assert row(conn, ids[0])["status"] == Status.PROCESSING
    calls.finish(conn, ids[0], 2)


def test_a_handler_extends(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    (task_id, other) = create(conn, redis, 2, interval=60)
    worker = make_worker()
    seen: dict[int, Any] = {}
    gate = threading.Event()

    @worker.handler("A")
    def extend(job: Job) -> None:
        if job.task_id == other:
            assert gate.wait(25)
        try:
            job.extend(5000)
        except TaskNotActive as error:
            seen[job.task_id] = error, job.lost
            raise
        seen[job.task_id] = seconds_until_due(worker._session.database.connect(), job.task_id)

    worker.start()
    until(lambda: task_id in seen)
    assert 4990 < seen[task_id] <= 5000
    calls.cancel(conn, other)
    gate.set()
    until(lambda: worker.counters.lost == 1)
    assert seen[other][1] is True


def test_a_job_for_a_unit_test() -> None:
    job = Job(1, 1, "A", {"n": 1})
    job.extend(5)
    assert not job.lost


# -- fairness --------------------------------------------------------------------------------------


def test_slow_handlers_leave_the_rest_to_others(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    ids = create(conn, redis, 20)
    busy, gate = make_worker(threads=4), Gate()
    busy.handler("A")(gate)
    busy.start()
    until(lambda: len(gate.jobs) == 4)
    time.sleep(0.5)
    assert redis.llen("A") == 16, "no more than the threads can run"
    idle = make_worker(threads=4)
    idle.handler("A")(lambda _job: None)
    idle.start()
    until(lambda: idle.counters.finished == 16)
    gate.open()
    until(lambda: busy.counters.finished == 4)
    assert statuses(conn, ids) == {Status.FINISHED}


def test_after_quick_tasks_a_slow_one_stops_the_intake(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker(threads=4)
    worker.handler("A")(lambda _job: None)
    gate = Gate()
    worker.handler("SLOW")(gate)
    create(conn, redis, 200)
    worker.start()
    until(lambda: worker.counters.finished == 200)
    create(conn, redis, 1, "SLOW")
    until(lambda: gate.jobs)
    time.sleep(0.5)
    create(conn, redis, 20, "SLOW")
    time.sleep(0.5)
    assert worker.counters.started <= 204
    gate.open()
    until(lambda: worker.counters.finished == 221)


# -- stopping --------------------------------------------------------------------------------------


def test_a_stop_drains(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker, stream: bool
) -> None:
    ids = create(conn, redis, 10, stream=stream)
    worker = make_worker(threads=2, prefetch=2, stream=stream)
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: worker.counters.started >= 4)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    until(lambda: worker.counters.returned == worker.counters.started - 2)
    time.sleep(0.5)
    assert stopping.is_alive(), "it waits for the handlers"
    gate.open()
    stopping.join(25)
    assert not stopping.is_alive()
    assert len(gate.jobs) == 2, "nothing begins late in a drain"
    started = worker.counters.started
    assert worker.counters.finished == 2
    assert worker.counters.failed == 0
    ended = [row(conn, task_id) for task_id in ids]
    assert sum(found["status"] == Status.FINISHED for found in ended) == 2
    given_back = [found for found in ended if found["attempts_before"] == 1]
    assert [found["status"] for found in given_back] == [Status.WAITING] * (started - 2)
    assert all(found["attempts"] == 1 for found in given_back), "the attempt does not count"
    waiting = redis.xlen("A") if stream else redis.llen("A")
    assert waiting == 10 - started, "what was not started is still on the queue"
    assert not [found for found in ended if found["status"] == Status.PROCESSING]


def test_what_waits_for_a_moment_is_done_in_a_drain(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    create(conn, redis, 20)
    worker = make_worker(threads=1, prefetch=19)
    worker.handler("A")(lambda _job: time.sleep(0.01))
    worker.start()
    until(lambda: worker.counters.started >= 15)
    worker.stop()
    assert worker.counters.finished == worker.counters.started
    assert worker.counters.failed == 0


def test_a_handler_that_outlives_the_drain(
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (task_id,) = create(conn, redis)
    worker = make_worker(drain_timeout=0.3)
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: gate.jobs)
    assert worker.stop(10)
    assert row(conn, task_id)["status"] == Status.PROCESSING, "its interval brings it back"
    assert f"task {task_id} still runs" in caplog.text
    gate.open()


PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from qtask_db.worker import Worker
worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"], threads=4)
@worker.handler("A")
def handle(job):
    with open(sys.argv[1], "a") as file:
        file.write(f"{job.task_id} {job.attempt}\\n")
    time.sleep(float(sys.argv[2]))
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run()
"""


def launch(database_url: str, redis_url: str, log: Path, seconds: float) -> subprocess.Popen[bytes]:
    log.touch()
    command = [sys.executable, "-c", PROGRAM, str(log), str(seconds)]
    return subprocess.Popen(command, env=environment(database_url, redis_url))


def test_sigterm(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    ids = create(conn, redis, 8)
    process = launch(database_url, redis_url, tmp_path / "log", 1.0)
    until(lambda: len((tmp_path / "log").read_text().splitlines()) >= 4)
    process.send_signal(signal.SIGTERM)
    assert process.wait(25) == 0
    assert Status.PROCESSING not in statuses(conn, ids)
    done = sum(row(conn, task_id)["status"] == Status.FINISHED for task_id in ids)
    assert done >= 4
    assert redis.llen("A") + done == 8


def test_kill_9(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The tasks of the dead worker come again after their interval, with the next attempt."""
    ids = create(conn, redis, 6, interval=600)
    process = launch(database_url, redis_url, tmp_path / "log", 60.0)
    until(lambda: len((tmp_path / "log").read_text().splitlines()) == 4)
    process.kill()
    process.wait()
    begun = [task_id for task_id in ids if row(conn, task_id)["status"] == Status.PROCESSING]
    assert len(begun) == 4
    assert redis.llen("A") == 2
    age(conn, 601, *begun)
    batch = calls.scan(conn, "test")
    assert {(m.task_id, m.attempt) for m in batch.messages} == {(task_id, 2) for task_id in begun}
    redis.rpush(
        "A", *(json.dumps({"task_id": m.task_id, "task_attempt": 2}) for m in batch.messages)
    )
    process = launch(database_url, redis_url, tmp_path / "log", 0.0)
    until(lambda: statuses(conn, ids) == {Status.FINISHED})
    process.terminate()
    assert process.wait(25) == 0
    with pytest.raises((StaleAttempt, TaskNotActive)):
        calls.finish(conn, begun[0], 1)


# -- servers that go away --------------------------------------------------------------------------


def test_results_are_kept_while_the_database_is_away(
    mortal_server: servers.Server,
    conn: Connection,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "qtask_db")
    create(conn, redis, 3)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: len(gate.jobs) == 3)
    mortal_server.kill()
    redis.rpush("A", json.dumps({"task_id": 1 << 40, "task_attempt": 1}))
    gate.open()
    until(lambda: "ending tasks: DatabaseUnavailable" in caplog.text)
    until(lambda: "starting tasks: DatabaseUnavailable" in caplog.text)
    assert worker.counters.finished == 0
    mortal_server.restart()
    until(lambda: worker.counters.finished == 3)
    until(lambda: worker.counters.refused == 1)
    assert worker.counters.lost == 0
    assert "s3cret" not in caplog.text


def test_a_drain_waits_for_the_database(
    mortal_server: servers.Server,
    conn: Connection,
    connect: Callable[..., Connection],
    redis: redis_py.Redis,
    make_worker: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetcher, "LAST_WRITES", 30.0)
    ids = create(conn, redis, 3)
    worker = make_worker()
    gate = Gate()
    worker.handler("A")(gate)
    worker.start()
    until(lambda: len(gate.jobs) == 3)
    mortal_server.kill()
    gate.open()
    stopping = threading.Thread(target=worker.stop, args=(60,))
    stopping.start()
    time.sleep(2)
    assert stopping.is_alive()
    mortal_server.restart()
    stopping.join(25)
    assert not stopping.is_alive()
    assert worker.counters.finished == 3
    assert statuses(connect(), ids) == {Status.FINISHED}


def test_what_cannot_be_started_goes_back(
    mortal_server: servers.Server,
    redis: redis_py.Redis,
    make_worker: MakeWorker,
) -> None:
    worker = make_worker()
    done: list[Job] = []
    worker.handler("A")(done.append)
    worker.start()
    mortal_server.kill()
    texts = [json.dumps({"task_id": n, "task_attempt": 1}) for n in range(1, 4)]
    redis.rpush("A", *texts)
    until(lambda: worker.counters.taken >= 3)
    worker.stop()
    assert redis.lrange("A", 0, -1) == texts
    mortal_server.restart()
    assert done == []


def test_lost_connections_are_replaced(
    conn: Connection, redis: redis_py.Redis, make_worker: MakeWorker
) -> None:
    worker = make_worker()
    worker.handler("A")(lambda _job: None)
    worker.start()
    for number in (1, 2, 3):
        kill_others(conn)
        redis.client_kill_filter(_type="normal", skipme=True)
        create(conn, redis, 2)
        until(lambda wanted=2 * number: worker.counters.finished == wanted)


def test_redis_goes_and_comes(conn: Connection, make_worker: MakeWorker) -> None:
    with servers.start("redis") as server:
        worker = make_worker(server.url)
        worker.handler("A")(lambda _job: None)
        worker.start()
        with redis_py.Redis.from_url(server.url) as client:
            create(conn, client)
            until(lambda: worker.counters.finished == 1)
            server.kill()
            time.sleep(0.5)
            server.restart()
            create(conn, client)
        until(lambda: worker.counters.finished == 2)
        worker.stop()


# -- what is wrong at the start --------------------------------------------------------------------


def test_trouble_at_the_start_is_raised(
    make_worker: MakeWorker, database_url: str, redis: redis_py.Redis
) -> None:
    nothing = make_worker()
    with pytest.raises(ConfigurationError, match="no handlers"):
        nothing.run()
    for worker, error in (
        (make_worker(database=NOWHERE_DATABASE), DatabaseUnavailable),
        (make_worker(NOWHERE_REDIS), QueueUnavailable),
        (make_worker(database=Database(database_url, prefix="absent_")), NotInstalled),
    ):
        worker.handler("A")(lambda _job: None)
        for begin in (worker.check, worker.run, worker.start):
            with pytest.raises(error) as caught:
                begin()
            assert "s3cret" not in str(caught.value)
    assert redis.ping()


@pytest.mark.parametrize(
    "settings",
    [{"threads": 0}, {"prefetch": -1}, {"quick_retries": -1}, {"retry_delay": -1}],
    ids=str,
)
def test_wrong_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        Worker(NOWHERE_DATABASE, NOWHERE_REDIS, **settings)


def test_handlers_are_bound_once() -> None:
    worker = Worker(NOWHERE_DATABASE, NOWHERE_REDIS)

    @worker.handler("A")
    def handle(_job: Job) -> None: ...

    assert handle.__name__ == "handle", "the decorator returns the function"
    with pytest.raises(ConfigurationError, match="queue A has a handler"):
        worker.handler("A")(handle)
    for wrong in ((), ("",), (handle,)):
        with pytest.raises(ConfigurationError, match="name the queues"):
            worker.handler(*wrong)


def test_memory(
    conn: Connection, redis: redis_py.Redis, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    for _ in range(5):
        create(conn, redis, 1_000)
    process = launch(database_url, redis_url, tmp_path / "log", 0.0)
    try:
        highest = 0
        while len((tmp_path / "log").read_bytes().splitlines()) < 5_000:
            assert process.poll() is None
            highest = max(highest, psutil.Process(process.pid).memory_info().rss)
            time.sleep(0.02)
    finally:
        process.terminate()
        process.wait()
    assert highest < 100_000_000
    table = f"{conn.prefix}task"
    assert query(conn, f"SELECT COUNT(*) FROM {table} WHERE status <> 0")[0][0] == 0
    assert count(conn) == 5_000


# -- what handlers do wrong ------------------------------------------------------------------------


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
    completer = Completer(database, Counters(), completed.extend, quick_retries=5, retry_delay=1)
    assert (calls.processing(conn, task_id), calls.processing(conn, task_id)) == (1, 2)
    for attempt in (2, 1):
        completer.done(Run(Job(task_id, attempt, "A", {}), lambda _: None, 0.0))
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
