"""relay and worker: they run, they stop, they say what is wrong."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest
from command_line import PAYLOAD, Qtask, Result, create, status, stop, wait_for
from redis import Redis
from testing import age

from qtask_db.constants import Status
from qtask_db.database import Connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_though_nobody_reads_what_it_says(qtask: Qtask, redis: Redis, number: int) -> None:
    qtask("delay", "bind", PAYLOAD, 0, 60, "Q")
    process = qtask.start("relay")
    wait_for(lambda: redis.llen("Q"))
    assert process.stderr is not None
    process.stderr.close()
    process.send_signal(number)
    assert process.wait(25) in (0, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_relay_moves_tasks_and_stops_cleanly(qtask: Qtask, redis: Redis, number: int) -> None:
    task_id = int(qtask("delay", "bind", PAYLOAD, 0, 60, "Q").out)
    process = qtask.start("relay", "--name", "tester")
    wait_for(lambda: redis.llen("Q"))
    assert json.loads(redis.lindex("Q", 0))["task_id"] == task_id
    code, err, took = stop(process, number)
    qtask.checked(Result(code, "", err))
    assert code == 0, err
    assert took < 25
    lines = err.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO ", lines[0])
    assert "relay tester started" in err
    assert "pushed=1" in err


def test_a_quiet_relay_says_only_that_it_stops(qtask: Qtask, redis: Redis) -> None:
    qtask("delay", "bind", PAYLOAD, 0, 60, "Q")
    process = qtask.start("relay", "--log-level", "warning")
    wait_for(lambda: redis.llen("Q"))
    code, err, _ = stop(process)
    assert code == 0
    assert all(line.startswith("qtask: ") for line in err.splitlines())


def test_a_second_signal_ends_it_at_once(qtask: Qtask, tmp_path: Path) -> None:
    """The first one waits for the handler, which takes longer than anybody wants to."""
    (tmp_path / "slow.py").write_text(
        WORKER.format(body="print('runs', flush=True); time.sleep(60)")
    )
    process = qtask.start("worker", "slow:worker")
    create(qtask)
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None
    code, err, took = stop(process)
    assert code == 128 + signal.SIGTERM
    assert took < 25
    assert "ended at once" in err


def test_one_wish_may_come_as_two_signals(qtask: Qtask, tmp_path: Path) -> None:
    """`timeout` signals its child, and then the group that the child is in."""
    (tmp_path / "slow.py").write_text(
        WORKER.format(body="print('runs', flush=True); time.sleep(2)")
    )
    process = qtask.start("worker", "slow:worker")
    create(qtask)
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.05)
    code, err, _ = stop(process)
    assert code == 0
    assert err.count("stopping") == 1
    assert "finished=1" in err


WORKER = """
import os, time
from qtask_db.worker import Worker

worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"])

@worker.handler("Q")
def handle(job):
    {body}
"""


def test_worker_runs_handlers_and_stops_cleanly(
    qtask: Qtask, conn: Connection, tmp_path: Path, database_url: str, redis_url: str
) -> None:
    (tmp_path / "orders.py").write_text(
        WORKER.format(body="print(job.payload['order_no'], flush=True)")
    )
    env = {"QTASK_DATABASE_URL": None, "QTASK_REDIS_URL": None}
    process = qtask.start("worker", "orders:worker", "-d", database_url, "-r", redis_url, **env)
    task_id = create(qtask, "--delete-deadline", "1h")
    assert process.stdout is not None
    assert process.stdout.readline() == "8973\n"

    def finished() -> bool:
        return status(conn, task_id) is Status.FINISHED

    wait_for(finished)
    code, err, took = stop(process)
    assert code == 0, err
    assert took < 25
    assert "worker: orders:worker" in err


@pytest.mark.parametrize(
    ("source", "code", "text"),
    [
        ("import no_such_thing", 2, "cannot be imported: No module named 'no_such_thing'"),
        ("1 / 0", 2, "ZeroDivisionError: division by zero (--debug shows where)"),
        ("x = 1", 2, "has no 'worker'; it has no Worker at all"),
        ("worker = 1", 2, "is not a qtask_db.Worker but of the type int"),
        (
            "from qtask_db.worker import Worker\nworker = Worker('foo://u:s3cret@h', 'redis://h')",
            3,
            "must begin with mysql://",
        ),
    ],
)
def test_a_module_that_is_wrong(
    qtask: Qtask, tmp_path: Path, source: str, code: int, text: str
) -> None:
    (tmp_path / "orders.py").write_text(source)
    assert text in qtask.fails(code, "worker", "orders:worker", "--log-level", "warning")


def test_relay_and_worker_have_it_from_the_environment(
    qtask: Qtask, conn: Connection, redis: Redis
) -> None:
    task_id = create(qtask)
    redis.flushall()
    age(conn, 10)
    relay = qtask.start("relay", QTASK_QUEUE_PREFIX="mall:")
    wait_for(lambda: redis.exists("mall:Q"))
    assert stop(relay)[0] == 0
    assert redis.dbsize() == 1
    (qtask.folder / "orders.py").write_text(WORKER.format(body="print(job.task_id, flush=True)"))
    worker = qtask.start("worker", "orders:worker", "--queue-prefix", "mall:")
    assert worker.stdout is not None
    assert worker.stdout.readline() == f"{task_id}\n"
    assert stop(worker)[0] == 0
