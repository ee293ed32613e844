"""Each duty of a relay and of a worker fails alone, is told once, and is backed off."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis as redis_py
from testing import count, execute, others, row, started, until

from qtask_db import Connection, NewTask, Status, calls
from qtask_db.errors import AccessDenied, DatabaseError, DatabaseUnavailable, QueueUnavailable
from qtask_db.process import retrying
from qtask_db.process.retrying import Duty
from qtask_db.relay import Relay, purging
from qtask_db.transport.queues import push_tasks
from qtask_db.worker import Job, Worker, bad, pool, results

Break = Callable[..., None]


@pytest.fixture
def make_relay(database_url: str, redis_url: str) -> Iterator[Callable[..., Relay]]:
    made: list[Relay] = []

    def make(**settings: Any) -> Relay:
        made.append(Relay(database_url, redis_url, **settings))
        return made[-1]

    yield make
    for one in made:
        assert one.stop(25)


@pytest.fixture
def make_worker(database_url: str, redis_url: str) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(handler: Callable[[Job], Any] = lambda _job: None, **settings: Any) -> Worker:
        made.append(Worker(database_url, redis_url, **settings))
        made[-1].handler("A")(handler)
        return made[-1]

    yield make
    for one in made:
        assert one.stop(25)


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Lets a call fail: `breaks("purge", error)`; `breaks("finish_many", error, when)`."""

    def breaks(name: str, error: Exception, when: Callable[..., bool] = lambda *_: True) -> None:
        original = getattr(calls, name)

        def broken(*args: Any, **more: Any) -> Any:
            if when(*args):
                raise error
            return original(*args, **more)

        monkeypatch.setattr(calls, name, broken)

    return breaks


def create(conn: Connection, redis: Any, number: int = 1, **settings: Any) -> list[int]:
    """Tasks that are on their queue; finished ones stay for an hour."""
    settings = {"interval": 3600, "delete_deadline": 3600, **settings}
    tasks = calls.create_many(
        conn, [NewTask("test", {"n": n}, queue="A", **settings) for n in range(number)]
    )
    assert push_tasks(redis, tasks) == number
    return [task.task_id for task in tasks]


def told(caplog: pytest.LogCaptureFixture, what: str) -> list[str]:
    return [text for text in caplog.messages if what in text]


REFUSED = DatabaseError("Cannot delete or update a parent row (1451)")


# -- the relay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [REFUSED, DatabaseUnavailable("too slow (3024)"), KeyError("a")])
def test_a_purge_that_cannot_be_done(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    monkeypatch.setattr(purging, "INTERVAL", 0.2)
    caplog.set_level(logging.INFO, "qtask_db")
    purges: list[float] = []
    breaks("purge", error, lambda *_: purges.append(time.monotonic()) or True)
    one = make_relay(scanners=1)
    connections = count_connections(one)
    one.start()
    for number in range(1, 13):
        calls.delay(conn, "test", {}, 0, 3600, "A")
        until(lambda wanted=number: redis.llen("A") >= wanted)
        time.sleep(0.25)
    until(lambda: len(purges) >= 4)
    assert len(told(caplog, "purging")) == 1
    assert not told(caplog, "works again")
    assert not told(caplog, "database:")
    assert len(connections) <= len(purges) + 1
    assert purges[-1] - purges[-2] > purges[1] - purges[0], "it rests longer each time"


def count_connections(one: Relay) -> list[float]:
    opened: list[float] = []
    connect = one._session.database.connect

    def counted(**settings: Any) -> Connection:
        opened.append(time.monotonic())
        return connect(**settings)

    one._session.database.connect = counted  # type: ignore[method-assign]
    return opened


def test_a_row_that_a_table_of_the_business_refers_to(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the procedure makes of it, tasks go on, and the log does not fill."""
    caplog.set_level(logging.INFO, "qtask_db")
    task_id = started(conn)
    execute(
        conn,
        "CREATE TABLE referring (task_id BIGINT, FOREIGN KEY (task_id) "
        f"REFERENCES {conn.prefix}task (task_id)) ENGINE = InnoDB",
    )
    try:
        execute(conn, f"INSERT INTO referring VALUES ({task_id})")
        calls.finish(conn, task_id, 1)
        one = make_relay()
        one.start()
        for number in range(1, 9):
            calls.delay(conn, "test", {}, 0, 3600, "A")
            until(lambda wanted=number: redis.llen("A") >= wanted)
            time.sleep(0.3)
        assert len(told(caplog, "purging")) <= 1
        assert not told(caplog, "works again")
        one.stop()
    finally:
        execute(conn, "DROP TABLE referring")


def test_a_look_at_what_comes_next_that_fails(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = make_relay(scan_interval=0.5)
    one.start()
    breaks("next_due", REFUSED)
    until(lambda: told(caplog, "looking for what comes next"))
    calls.delay(conn, "test", {}, 0, 3600, "A")
    until(lambda: redis.llen("A") == 1)
    assert len(told(caplog, "looking for what comes next")) == 1


def test_a_confirmation_that_is_refused_makes_no_flood(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Until the lease ends nothing more is claimed, then one batch: it may be a duplicate."""
    one = make_relay(lease=2, scanners=1)
    one.start()
    broken = [True]
    breaks("confirm", REFUSED, lambda *_: broken[0])
    calls.delay(conn, "test", {}, 0, 3600, "A")
    until(lambda: redis.llen("A") >= 2)
    assert len(told(caplog, "database:")) == 1
    broken[0] = False
    until(lambda: one.counters.confirmed >= 1)
    assert redis.llen("A") <= 4
    until(lambda: count(conn, "batch") == 0)


def test_a_full_redis_is_not_claimed_for(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "qtask_db")
    one = make_relay()
    one.start()
    redis.config_set("maxmemory", 1)
    try:
        calls.delay(conn, "test", {}, 0, 3600, "A")
        until(lambda: one.counters.errors >= 3)
        assert one.counters.claimed <= 4, "it asks Redis before it claims again"
        assert len(told(caplog, "redis:")) == 1
        with pytest.raises(QueueUnavailable, match="maxmemory"):
            make_relay().start()
    finally:
        redis.config_set("maxmemory", 0)
    until(lambda: redis.llen("A") == 1)
    until(lambda: told(caplog, "redis: works again"))


@pytest.mark.parametrize("name", ["scan", "confirm", "release", "next_due"])
def test_a_relay_that_would_be_none_does_not_start(
    conn: Connection, make_relay: Callable[..., Relay], breaks: Break, name: str
) -> None:
    assert conn.alive()
    breaks(name, DatabaseError("impossible to write to binary log (1665)"))
    for begin in (make_relay().start, make_relay().run):
        with pytest.raises(DatabaseError, match="binary log"):
            begin()


def test_what_it_does_at_the_start_is_of_real_kind(
    conn: Connection, redis: redis_py.Redis, make_relay: Callable[..., Relay]
) -> None:
    calls.delay(conn, "test", {}, 0, 3600, "A")
    one = make_relay()
    one.prepare()
    assert redis.llen("A") == 1
    assert one.counters.confirmed == 1
    assert count(conn, "batch") == 0
    assert redis.keys("qtask:*") == []


@pytest.mark.parametrize("name", ["receive_many", "finish_many", "return_many", "fail", "extend"])
def test_a_worker_that_would_be_none_does_not_start(
    conn: Connection, make_worker: Callable[..., Worker], breaks: Break, name: str
) -> None:
    assert conn.alive()
    breaks(name, AccessDenied("EXECUTE denied"))
    for begin in (make_worker().start, make_worker().run):
        with pytest.raises(AccessDenied, match="EXECUTE denied"):
            begin()


def test_a_dead_thread_is_noticed(
    make_relay: Callable[..., Relay],
    make_worker: Callable[..., Worker],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def die(*_: Any) -> None:
        raise MemoryError("no more")

    for one in (make_relay(), make_worker()):
        one.start()
        assert one.running
        assert one.failure is None
        monkeypatch.setattr(one._stop, "is_set", die)
        until(lambda one=one: not one.running)
        assert isinstance(one.failure, MemoryError)
        monkeypatch.undo()
        assert one.stop()
        one.start()
        assert one.running
        assert one.failure is None
    assert len(told(caplog, "nothing runs any more: MemoryError: no more")) == 2


def test_after_a_good_start_nothing_ends_the_thread(
    conn: Connection,
    redis: redis_py.Redis,
    make_relay: Callable[..., Relay],
    breaks: Break,
) -> None:
    broken = [False]
    breaks("scan", KeyError("a bug"), lambda *_: broken[0])
    one = make_relay()
    one.prepare()
    broken[0] = True
    thread = threading.Thread(target=one.run, kwargs={"patient": True})
    thread.start()
    until(lambda: one.counters.errors >= 2)
    broken[0] = False
    calls.delay(conn, "test", {}, 0, 3600, "A")
    until(lambda: redis.llen("A") == 1)
    one._stop.set()
    thread.join(25)
    assert not thread.is_alive()


# -- the worker ------------------------------------------------------------------------------------


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
    breaks("fail", REFUSED, lambda _, task_id, *__: task_id == ids[0])
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
    monkeypatch.setattr(pool, "HANGS_AFTER", 0.5)
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


# -- telling ---------------------------------------------------------------------------------------


def test_what_comes_and_goes_is_told_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    clock = [1000.0]
    monkeypatch.setattr(retrying.time, "monotonic", lambda: clock[0])
    duty = Duty(logging.getLogger("test"), "work", first=1.0, longest=8.0)
    pauses = []
    for _ in range(5):
        pauses.append(duty.failed(DatabaseUnavailable("gone")))
        assert duty.rest == pytest.approx(pauses[-1])
        clock[0] += pauses[-1]
        duty.works()
    assert caplog.messages == ["work: DatabaseUnavailable: gone", caplog.messages[1]]
    assert "works again" in caplog.messages[1]
    assert pauses[-1] >= 4.0, "it never worked for as long as it had rested"
    clock[0] += 61
    duty.works()
    assert duty.failed(DatabaseUnavailable("gone")) <= 1.0
    assert len(caplog.messages) == 3


def test_connections_stay_few_in_trouble(
    conn: Connection, make_relay: Callable[..., Relay], breaks: Break
) -> None:
    before = set(others(conn))
    one = make_relay(scanners=3)
    breaks("scan", REFUSED, lambda *_: one._worked)
    one.start()
    opened = count_connections(one)
    time.sleep(4)
    assert len(opened) <= 8
    assert len(set(others(conn)) - before) <= 3
