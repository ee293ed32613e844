"""Somebody who may push to one queue, and do nothing else, forges messages: some name tasks of
other queues, some say something else than their tasks.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis as redis_py
from testing import PASSWORD, as_account, content, new, row, started, until

from qtask_db import Connection, Job, Worker, calls
from qtask_db.errors import ProcedureError, WrongQueue
from qtask_db.transport import message
from qtask_db.transport.kinds import FIELD
from qtask_db.transport.pushing import push_tasks
from qtask_db.worker import messages

SECRET = "4929 1234 5678 9012"
FORGED = "to the account of Mallory"
Push = Callable[[str], None]


@pytest.fixture(params=[False, True], ids=["list", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def admin(redis_url: str) -> Iterator[redis_py.Redis]:
    with redis_py.Redis.from_url(redis_url, decode_responses=True) as admin:
        yield admin


@pytest.fixture
def push(admin: redis_py.Redis, redis_url: str, stream: bool) -> Iterator[Push]:
    """The attacker's way to push a text on one queue and on no other."""
    admin.acl_setuser(
        "mallory", enabled=True, reset=True, passwords=[f"+{PASSWORD}"], keys=["MAIL"],
        commands=["+rpush", "+xadd"],
    )  # fmt: skip
    with redis_py.Redis.from_url(as_account(redis_url, "mallory")) as mallory:
        with pytest.raises(redis_py.exceptions.NoPermissionError):
            mallory.rpush("PAY", "{}")
        yield (
            lambda text: (
                mallory.xadd("MAIL", {FIELD: text}) if stream else mallory.rpush("MAIL", text)
            )
        )
    admin.acl_deluser("mallory")


@pytest.fixture
def make_worker(database_url: str, redis_url: str, stream: bool) -> Iterator[Callable[[], Worker]]:
    made: list[Worker] = []

    def make() -> Worker:
        made.append(Worker(database_url, redis_url, stream=stream))
        return made[-1]

    yield make
    for worker in made:
        assert worker.stop(25), "the worker did not stop"


@pytest.fixture
def pay(conn: Connection) -> list[int]:
    """Tasks of somebody else: waiting, processing, and in another namespace."""
    secret = {"card": SECRET}
    return [
        new(conn, "PAY", payload=secret),
        started(conn, "PAY", payload=secret),
        new(conn, "PAY", payload=secret, namespace="eu"),
    ]


def forgeries(task_id: int) -> list[str]:
    """Messages that name a task by each form of its id and of an attempt."""
    ids: list[Any] = [task_id, str(task_id), float(task_id), -task_id, f"{task_id}.0", [task_id]]
    attempts: list[Any] = [None, 1, 2, "1", 2**31 - 1, 2**31, 0, -1, 10**400, "x"]
    texts = [
        json.dumps({"task_id": one, "task_attempt": attempt, "to": FORGED})
        for one in ids
        for attempt in attempts
    ]
    return [*texts, f'{{"task_id": 1, "\\u0074ask_id": {task_id}}}', f'{{"task_id": {task_id}}}']


@pytest.mark.parametrize("attempt", [None, 1, 2, 2**31 - 1])
def test_a_consumer_gets_nothing_of_another_queue(
    conn: Connection, attacker: Connection, pay: list[int], attempt: int | None
) -> None:
    mail = new(conn, "MAIL", payload={"to": "Alice"})
    before = content(conn)
    for task_id in pay:
        with pytest.raises(WrongQueue) as refusal:
            calls.receive(attacker, task_id, attempt, "MAIL")
        assert "PAY" not in str(refusal.value)
    for task_id in (10**18 - 1, -1, 0):
        with pytest.raises(ProcedureError):
            calls.receive(attacker, task_id, attempt, "MAIL")
    named = [(task_id, attempt, "MAIL") for task_id in (*pay, 10**18 - 1, -1)]
    assert calls.receive_many(attacker, named).started == []
    assert content(conn) == before
    assert calls.receive(attacker, mail, 1, "MAIL").payload == '{"to": "Alice"}'


def test_a_worker_starts_nothing_of_another_queue(
    conn: Connection,
    admin: redis_py.Redis,
    push: Push,
    make_worker: Callable[[], Worker],
    pay: list[int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    mail = new(conn, "MAIL", payload={"to": "Alice"})
    before = {task_id: row(conn, task_id) for task_id in pay}
    texts = [text for task_id in pay for text in forgeries(task_id)]
    texts.append(json.dumps({"task_id": mail, "task_attempt": 1, "to": "Alice"}))
    for text in texts:
        push(text)
    jobs: list[Job] = []
    worker = make_worker()
    worker.handler("MAIL")(jobs.append)
    with caplog.at_level(logging.DEBUG):
        worker.start()
        until(lambda: worker.counters.taken == len(texts) and worker.counters.finished == 1)
        assert worker.stop(25)
    assert [(job.task_id, job.payload) for job in jobs] == [(mail, {"to": "Alice"})]
    assert {task_id: row(conn, task_id) for task_id in pay} == before
    counters = worker.counters
    assert (counters.started, counters.differing) == (1, 0)
    assert counters.bad + counters.refused == len(texts) - 1
    kept = admin.lrange("MAIL:bad", 0, -1)
    assert len(kept) == counters.bad
    assert sum("is of another queue" in one for one in kept) >= 3 * len(pay)
    for told in (SECRET, "PAY"):
        assert not any(told in one for one in (*kept, *(r.getMessage() for r in caplog.records)))
    assert not admin.exists("PAY", "PAY:bad")


def test_a_worker_of_both_queues_keeps_them_apart(
    conn: Connection,
    admin: redis_py.Redis,
    push: Push,
    make_worker: Callable[[], Worker],
    stream: bool,
) -> None:
    task = calls.create(conn, "pay", {"card": SECRET}, 3600, "PAY")
    for attempt in (1, 2, 7):
        push(json.dumps({"task_id": task.task_id, "task_attempt": attempt, "to": FORGED}))
    push_tasks(admin, [task], stream=stream)
    jobs: list[Job] = []
    worker = make_worker()
    worker.handler("MAIL")(lambda job: pytest.fail(f"ran {job.task_id}"))
    worker.handler("PAY")(jobs.append)
    worker.start()
    until(lambda: worker.counters.taken == 4 and worker.counters.finished == 1)
    assert worker.stop(25)
    assert [(job.queue, job.payload) for job in jobs] == [("PAY", {"card": SECRET})]
    assert (worker.counters.bad, worker.counters.failed) == (3, 0)


def test_a_forged_payload_is_not_run(
    conn: Connection,
    push: Push,
    make_worker: Callable[[], Worker],
    caplog: pytest.LogCaptureFixture,
) -> None:
    mails = [new(conn, "MAIL", payload={"to": "Alice", "n": n}) for n in range(3)]
    push(json.dumps({"task_id": mails[0], "task_attempt": 1, "to": FORGED}))
    push(
        json.dumps({"task_id": mails[1], "task_attempt": 1, "to": "Alice", "n": 1, "more": FORGED})
    )
    push(json.dumps({"task_id": mails[2], "to": FORGED}))
    jobs: list[Job] = []
    worker = make_worker()
    worker.handler("MAIL")(jobs.append)
    worker.start()
    until(lambda: worker.counters.finished == 3)
    assert worker.stop(25)
    for job in jobs:
        own = {"to": "Alice", "n": mails.index(job.task_id)}
        assert job.payload == own
        assert json.loads(job.text) == {"task_id": job.task_id, "task_attempt": 1, **own}
    assert (worker.counters.differing, worker.counters.bad) == (3, 0)
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert any(f"task {mails[0]} on MAIL" in text for text in warnings)
    assert not any(told in text for text in warnings for told in (FORGED, "Alice"))


def test_another_way_of_writing_is_no_forgery(
    conn: Connection, push: Push, make_worker: Callable[[], Worker]
) -> None:
    """As programs in other languages write, and those that push no payload at all."""
    mails = [new(conn, "MAIL", payload={"to": "Älice", "n": 1.5}) for _ in range(3)]
    push(f'{{"n":1.50,"task_attempt":"1","to":"\\u00c4lice","task_id":"{mails[0]}"}}')
    push(f'{{"task_id": {mails[1]}}}')
    push(f' {{"task_id": {mails[2]}, "task_attempt": 1, "to": "Älice", "n": 15e-1 }} ')
    jobs: list[Job] = []
    worker = make_worker()
    worker.handler("MAIL")(jobs.append)
    worker.start()
    until(lambda: worker.counters.finished == 3)
    assert worker.stop(25)
    assert [job.payload for job in jobs] == [{"to": "Älice", "n": 1.5}] * 3
    assert (worker.counters.differing, worker.counters.bad) == (0, 0)


def test_a_payload_that_cannot_be_read_stops_no_other(
    conn: Connection,
    push: Push,
    make_worker: Callable[[], Worker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a number of 5,000 digits, which Python refuses and some databases store."""

    def decode(raw: bytes | str) -> message.Received:
        if "odd" in str(raw):
            raise message.BadMessage("the message is not JSON")
        return message.decode(raw)

    monkeypatch.setattr(messages, "decode", decode)
    odd, mail = new(conn, "MAIL", payload={"odd": 1}), new(conn, "MAIL")
    push(json.dumps({"task_id": odd, "task_attempt": 1}))
    push(json.dumps({"task_id": mail, "task_attempt": 1}))
    worker = make_worker()
    worker.handler("MAIL")(lambda _job: None)
    worker.start()
    until(lambda: worker.counters.finished == 1)
    assert worker.stop(25)
    assert (worker.counters.bad, worker.counters.refused) == (1, 0)
