"""Handlers that finish their tasks in their own transactions: exactly once, or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from testing import environment, kill_others, others, row, until
from working import Gate, MakeWorker, seconds_until_due, store

from qtask_db import Connection, Retry, Status, calls
from qtask_db.errors import Conflict, StaleAttempt
from qtask_db.worker import Job, Worker


@pytest.fixture
def finishing(
    direct: Connection, connect: Callable[..., Connection], make_direct: MakeWorker
) -> Callable[[Callable[[Connection], None]], tuple[Worker, int]]:
    """A worker whose handler calls job.finish and then what it is given."""

    def make(then: Callable[[Connection], None]) -> tuple[Worker, int]:
        (task_id,) = store(direct, interval=600)
        worker = make_direct()

        @worker.handler("A")
        def handle(job: Job) -> None:
            mine = connect(autocommit=False)
            job.finish(mine)
            then(mine)

        return worker, task_id

    return make


def test_a_handler_finishes_in_its_own_transaction(
    direct: Connection,
    finishing: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The worker neither writes again nor counts it lost."""
    worker, task_id = finishing(lambda mine: mine.commit())
    written: list[object] = []
    finish_many = calls.finish_many
    monkeypatch.setattr(
        calls, "finish_many", lambda conn, pairs: finish_many(conn, written.extend(pairs) or pairs)
    )
    with worker:
        until(lambda: worker.counters.finished == 1)
    assert not written
    assert row(direct, task_id)["status"] == Status.FINISHED
    assert (worker.counters.failed, worker.counters.lost) == (0, 0)
    assert "dropped" not in caplog.text


@pytest.mark.parametrize("end", ["rollback", "close"])
def test_a_finish_that_is_not_committed_is_a_failure(
    end: str, direct: Connection, finishing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The task comes again after its interval."""
    worker, task_id = finishing(lambda mine: getattr(mine, end)())
    with worker:
        until(lambda: worker.counters.failed == 1)
    found = row(direct, task_id)
    assert found["status"] == Status.WAITING
    assert "job.finish" in found["last_error"]
    assert worker.counters.finished == 0
    assert "nothing was committed" in caplog.text


def test_an_error_behind_a_committed_finish_changes_nothing(
    direct: Connection, finishing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def commit_and_raise(mine: Connection) -> None:
        mine.commit()
        raise ValueError("behind it")

    worker, task_id = finishing(commit_and_raise)
    with worker:
        until(lambda: worker.counters.finished == 1)
    assert row(direct, task_id)["status"] == Status.FINISHED
    assert worker.counters.lost == 0
    assert "behind it" in caplog.text
    assert "dropped" not in caplog.text


def test_an_error_before_the_commit_fails_the_attempt(direct: Connection, finishing: Any) -> None:
    def roll_back_and_raise(mine: Connection) -> None:
        mine.rollback()
        raise Retry("the bank says no", delay=300)

    worker, task_id = finishing(roll_back_and_raise)
    with worker:
        until(lambda: worker.counters.failed == 1)
    assert row(direct, task_id)["last_error"] == "the bank says no"
    assert 290 < seconds_until_due(direct, task_id) <= 300


def test_a_killed_session_takes_the_finish_with_it(direct: Connection, finishing: Any) -> None:
    def die(mine: Connection) -> None:
        assert others(direct)
        kill_others(direct)
        with pytest.raises(Exception, match=r".*"):
            mine.commit()
        raise ConnectionError("lost")

    worker, task_id = finishing(die)
    with worker:
        until(lambda: worker.counters.failed == 1)
    assert row(direct, task_id)["status"] == Status.WAITING


def test_work_after_the_finish_is_not_disturbed_by_heartbeats(
    direct: Connection, connect: Callable[..., Connection], make_direct: MakeWorker
) -> None:
    """They would wait for its lock, and keep the results of all others waiting."""
    (slow,) = store(direct, interval=2)
    worker, gate = make_direct(), Gate()

    @worker.handler("A")
    def handle(job: Job) -> None:
        if job.task_id == slow:
            mine = connect(autocommit=False)
            job.finish(mine)
            gate(job)
            mine.commit()

    with worker:
        until(lambda: gate.jobs)
        until(lambda: seconds_until_due(direct, slow) < 0)
        store(direct, 5)
        until(lambda: worker.counters.finished == 5)
        gate.open()
        until(lambda: worker.counters.finished == 6)
    assert row(direct, slow)["attempts"] == 1


def test_a_refused_finish_may_be_repeated(
    direct: Connection,
    connect: Callable[..., Connection],
    make_direct: MakeWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (task_id,) = store(direct)
    worker = make_direct()
    finish_once, refusals = calls.finish_once, [Conflict("deadlock")]

    def refusing(*given: Any) -> None:
        if refusals:
            raise refusals.pop()
        finish_once(*given)

    monkeypatch.setattr(calls, "finish_once", refusing)

    @worker.handler("A")
    def handle(job: Job) -> None:
        with connect(autocommit=False) as mine:
            with pytest.raises(Conflict):
                job.finish(mine)
            assert not job._fate.finished
            job.finish(mine)
            mine.commit()

    with worker:
        until(lambda: worker.counters.finished == 1)
    assert row(direct, task_id)["status"] == Status.FINISHED


def test_a_lost_job_cannot_be_finished(
    direct: Connection, connect: Callable[..., Connection], make_direct: MakeWorker
) -> None:
    (task_id,) = store(direct)
    worker = make_direct()
    seen: list[BaseException] = []

    @worker.handler("A")
    def handle(job: Job) -> None:
        calls.processing(direct, task_id, job.attempt + 1)
        with connect(autocommit=False) as mine, pytest.raises(StaleAttempt) as refused:
            job.finish(mine)
        seen.append(refused.value)
        raise refused.value

    with worker:
        until(lambda: worker.counters.lost == 1)
    assert seen
    assert row(direct, task_id)["status"] == Status.PROCESSING


def test_a_transaction_that_was_left_open_keeps_no_other_waiting(
    direct: Connection, connect: Callable[..., Connection], make_direct: MakeWorker
) -> None:
    (forgotten,) = store(direct)
    worker = make_direct()
    left: list[Connection] = []

    @worker.handler("A")
    def handle(job: Job) -> None:
        mine = connect(autocommit=False)
        job.finish(mine)
        left.append(mine)
        if job.task_id != forgotten:
            mine.commit()

    with worker:
        until(lambda: left)
        store(direct, 5)
        until(lambda: len(left) == 6)
        left[0].rollback()
        until(lambda: worker.counters.finished == 5)
        until(lambda: worker.counters.failed == 1)
    assert "job.finish" in row(direct, forgotten)["last_error"]


def test_results_of_others_do_not_wait_for_an_open_transaction(
    direct: Connection, connect: Callable[..., Connection], make_direct: MakeWorker
) -> None:
    (forgotten,) = store(direct)
    worker = make_direct()
    left: list[Connection] = []

    @worker.handler("A")
    def handle(job: Job) -> None:
        if job.task_id == forgotten:
            left.append(connect(autocommit=False))
            job.finish(left[0])
        elif job.payload["n"] % 2:
            raise ValueError

    with worker:
        until(lambda: left)
        store(direct, 50)
        until(lambda: worker.counters.finished == worker.counters.failed == 25, 10)
        left[0].commit()
        until(lambda: worker.counters.finished == 26)
    assert row(direct, forgotten)["status"] == Status.FINISHED


PROGRAM = """
import os, signal, sys
from qtask_db import Client, Worker
url, before, behind = os.environ["QTASK_DATABASE_URL"], *map(int, sys.argv[1:])
client, worker = Client(url), Worker(url, threads=1)
def die():
    os.kill(os.getpid(), signal.SIGKILL)
@worker.handler("A")
def handle(job):
    with client.transaction() as tx:
        tx.create("work", {}, 3600, "WORK")
        job.finish(tx.conn)
        if job.attempt == before:
            die()
    if job.attempt == behind:
        die()
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run()
"""


@pytest.mark.parametrize(("before", "behind", "attempts"), [(1, 0, 2), (0, 1, 1)])
def test_a_death_beside_the_commit(
    before: int, behind: int, attempts: int, direct: Connection, database_url: str
) -> None:
    """Work and finish are one: both have happened, or both come again."""
    (task_id,) = store(direct, interval=1)
    command = [sys.executable, "-c", PROGRAM, str(before), str(behind)]
    with subprocess.Popen(command, env=environment(database_url, "")) as first:
        assert first.wait(30) == -signal.SIGKILL
    with subprocess.Popen(command, env=environment(database_url, "")) as second:
        until(lambda: row(direct, task_id)["status"] == Status.FINISHED)
        time.sleep(1.5)  # the task would come again
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
    assert row(direct, task_id)["attempts"] == attempts
    assert len(calls.list_tasks(direct, queue="WORK")) == 1
