"""Handlers beyond their timeout: the attempt ends, the slot is free, the thread goes on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from testing import row, until
from working import Gate, MakeWorker, statuses, store

from qtask_db import Connection, Status, calls
from qtask_db.errors import ProcedureError
from qtask_db.worker import Job


def test_a_handler_that_hangs_loses_its_attempt_and_no_other(
    direct: Connection, make_direct: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    (stuck,) = store(direct, interval=3)
    worker, gate = make_direct(threads=1), Gate()

    @worker.handler("A", timeout=0.5, backoff=lambda _: 3_000)
    def handle(job: Job) -> None:
        if job.task_id == stuck:
            gate(job)

    with worker:
        until(lambda: worker.counters.timed_out == 1)
        (job,) = gate.jobs
        assert job.lost
        found = row(direct, stuck)
        assert (found["status"], found["last_error"]) == (Status.WAITING, "timed out after 0.5 s")
        others = store(direct, 20)
        until(lambda: worker.counters.finished == 20)
        assert statuses(direct, others) == {Status.FINISHED}
        gate.open()
        until(lambda: threads() == 1)
        store(direct, 20)
        until(lambda: worker.counters.finished == 40)
        assert threads() == 1
    assert row(direct, stuck)["status"] == Status.WAITING, "its late return changes nothing"
    assert (worker.counters.failed, worker.counters.lost) == (1, 0)
    assert "has timed out after 0.5 s" in caplog.text
    assert "assert self._open.wait(60)" in caplog.text, "it is told where it hangs"


def threads() -> int:
    """Those that run handlers."""
    return sum(thread.name.startswith("qtask-worker-") for thread in threading.enumerate())


def test_the_late_end_of_a_handler_is_refused_by_the_fence(
    direct: Connection, connect: Callable[..., Connection], make_direct: MakeWorker
) -> None:
    (task_id,) = store(direct)
    worker, gate = make_direct(), Gate()
    refused: list[ProcedureError] = []

    @worker.handler("A", timeout=0.3, backoff=lambda _: 0)
    def handle(job: Job) -> None:
        if job.attempt > 1:
            return
        gate(job)
        with connect(autocommit=False) as mine:
            for act in (lambda: job.finish(mine), job.extend):
                try:
                    act()
                except ProcedureError as error:
                    refused.append(error)
        raise ValueError("too late")

    with worker:
        until(lambda: worker.counters.finished == 1)
        gate.open()
        until(lambda: len(refused) == 2)
    found = row(direct, task_id)
    assert (found["status"], found["attempts"]) == (Status.FINISHED, 2)
    assert (worker.counters.failed, worker.counters.timed_out, worker.counters.lost) == (1, 1, 0)


def test_so_many_threads_are_replaced_and_no_more(
    direct: Connection, make_direct: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    """Two threads and their two substitutes hang: then the worker takes nothing, and says so."""
    calls.set_delivery(direct, "B", "direct")
    worker, gate = make_direct(threads=2, prefetch=5, drain_timeout=1), Gate()
    worker.handler("A", timeout=0.3, retries=0)(gate)
    worker.handler("B")(lambda _: None)
    with worker:
        hanging = store(direct, 4)
        until(lambda: worker.counters.timed_out == 4)
        until(lambda: "restart this worker" in caplog.text)
        assert statuses(direct, hanging) == {Status.FAILED}
        time.sleep(1.2)  # a take may be under way
        left = store(direct, 3, "B")
        time.sleep(1.2)
        assert statuses(direct, left) == {Status.WAITING}
        gate.open()
        until(lambda: worker.counters.finished == 3)
    assert "0 of 2 are left" in caplog.text


def test_waiting_tasks_go_back_if_all_threads_hang(
    direct: Connection, make_direct: MakeWorker
) -> None:
    calls.set_delivery(direct, "B", "direct")
    worker, gate = make_direct(threads=1, prefetch=50, drain_timeout=1), Gate()
    worker.handler("A", timeout=0.5, retries=0)(gate)
    worker.handler("B")(lambda _: None)
    store(direct, 2)
    left = store(direct, 5, "B")
    with worker:
        until(lambda: worker.counters.timed_out == 2)
        until(lambda: statuses(direct, left) <= {Status.WAITING, Status.FINISHED})
        gate.open()
        until(lambda: statuses(direct, left) == {Status.FINISHED})


def test_a_stop_does_not_wait_for_what_has_timed_out(
    direct: Connection, make_direct: MakeWorker
) -> None:
    (task_id,) = store(direct)
    worker, gate = make_direct(drain_timeout=30), Gate()
    worker.handler("A", timeout=0.3)(gate)
    worker.start()
    until(lambda: worker.counters.timed_out == 1)
    assert worker.stop(5)
    gate.open()
    assert row(direct, task_id)["status"] == Status.WAITING


def test_a_handler_times_out_while_the_worker_stops(
    direct: Connection, make_direct: MakeWorker
) -> None:
    (task_id,) = store(direct)
    worker, gate = make_direct(drain_timeout=30), Gate()
    worker.handler("A", timeout=2)(gate)
    worker.start()
    until(lambda: gate.jobs)
    assert worker.stop(10)
    gate.open()
    assert row(direct, task_id)["last_error"] == "timed out after 2 s"


def test_an_open_transaction_of_the_handlers_is_waited_for(
    direct: Connection, connect: Callable[..., Connection], make_direct: MakeWorker
) -> None:
    """The task is locked by it: nobody could end the attempt."""
    (task_id,) = store(direct)
    worker, gate = make_direct(), Gate()

    @worker.handler("A", timeout=0.3)
    def handle(job: Job) -> None:
        with connect(autocommit=False) as mine:
            job.finish(mine)
            gate(job)
            mine.commit()

    with worker:
        until(lambda: gate.jobs)
        time.sleep(1.5)
        assert not gate.jobs[0].lost
        gate.open()
        until(lambda: worker.counters.finished == 1)
    assert row(direct, task_id)["status"] == Status.FINISHED
    assert worker.counters.timed_out == 0


def test_a_quick_handler_knows_no_timeout(
    direct: Connection, make_direct: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "qtask_db")
    worker = make_direct()
    done: list[Any] = []
    worker.handler("A", timeout=5)(done.append)
    store(direct, 200)
    with worker:
        until(lambda: worker.counters.finished == 200)
    assert len(done) == 200
    assert not caplog.records
