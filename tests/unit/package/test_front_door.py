"""A type checker, and so an editor, knows what the calls of a producer take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

RIGHT = """
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import qtask_db
from qtask_db import Client, Connection, Fail, Job, NewTask, Snooze, Task, Worker

client = Client("mysql://app@db/shop", "redis://cache")
worker = Worker("mysql://app@db/shop", "redis://cache")


@dataclass
class Order:
    number: str


@client.middleware
def stamp(tasks: list[NewTask], call_next: Callable[[list[NewTask]], list[Task]]) -> list[Task]:
    return call_next(tasks)


def produce(conn: Connection) -> list[Task]:
    client.create("bind", Order("17"), 3600, "BIND")
    with client.transaction() as tx:
        tx.create("bind", {"id": 17}, 3600, "BIND", order_no="17", namespace=None)
        tx.delay("close", '{"id": 17}', 900, 3600, "CLOSE", deadline=86400, max_count=3)
        tx.create_many([NewTask("bind", {"id": 17}, 3600, "BIND", delay=60)])
    client.create(name="bind", payload={}, interval=60, queue="BIND", delete_deadline=0)
    client.delay("close", {}, delay=900, interval=3600, queue="CLOSE")
    task = client.run(lambda tx: tx.create("bind", {}, 3600, "BIND"))
    task.push("redis://cache")
    qtask_db.push("redis://cache", [task])
    return [task, *client.create_many([])]


@worker.handler("BIND")
def bind(job: Job) -> None:
    job.extend(60)


@worker.handler("ORDERS", timeout=5, retries=3, backoff=lambda n: n / 2, model=Order)
def order(job: Job) -> None:
    with client.transaction() as tx:
        job.finish(tx.conn)
    raise Fail("no") if job.count > 3 else Snooze(60)


@worker.middleware
def around(job: Job, call_next: Callable[[Job], Any]) -> Any:
    return call_next(job)
"""

WRONG = {
    'client.create("bind", {}, "3600", "BIND")': "arg-type",
    'client.create("bind", {}, 3600)': "call-arg",
    'client.create("bind", {}, 3600, "BIND", ordre_no="17")': "call-arg",
    'client.create("bind", {}, 3600, "BIND", delay=60)': "call-arg",
    'client.create("bind", 17, 3600, "BIND")': "arg-type",
    'client.delay("close", {}, 3600, queue="CLOSE")': "call-arg",
    'client.delay("close", {}, 900, 3600, "CLOSE", max_count="3")': "arg-type",
    'client.create_many(["bind"])': "list-item",
    'client.run(lambda tx: tx.create("bind", {}, 3600, "BIND", deadline="1d"))': "arg-type",
    'client.run(lambda tx: tx.delay("bind", {}, 3600, queue="BIND"))': "call-arg",
    'qtask_db.create(conn, "bind", {}, 3600, "BIND", order_nr="17")': "call-arg",
    'qtask_db.push("redis://cache", ["bind"])': "list-item",
    'worker.handler("A", timeout="5")': "arg-type",
    'worker.handler("A", tries=5)': "call-arg",
    'worker.handler("A", fatal=5)': "arg-type",
    "worker.on_startup(5)": "type-var",
}


def test_wrong_arguments_are_errors_and_right_ones_are_not(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is missing: QTASK_EXTRAS=lint scripts/env")
    wrong = "".join(f"    {call}\n" for call in WRONG)
    path = tmp_path / "program.py"
    path.write_text(f"{RIGHT}\n\ndef wrong(conn: Connection) -> None:\n{wrong}")
    first = RIGHT.count("\n") + 4
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    found = re.findall(r"^\S+program\.py:(\d+): error: .*\[([a-z-]+)\]$", done.stdout, re.MULTILINE)
    assert {int(line): code for line, code in found} == dict(enumerate(WRONG.values(), first)), (
        done.stdout + done.stderr
    )
