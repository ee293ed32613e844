"""The queue prefix of the commands that look into Redis."""

from __future__ import annotations

from command_line import PAYLOAD, Qtask, create, stop, wait_for
from redis import Redis
from testing import age

from qtask_db.database import Connection

WORKER = """
import os
from qtask_db.worker import Worker

worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"])

@worker.handler("A")
def handle(job):
    print("handled", job.task_id, flush=True)
"""
MALL = ("--queue-prefix", "mall:")


def test_the_commands_look_at_the_keys_with_the_prefix(
    qtask: Qtask, conn: Connection, redis: Redis
) -> None:
    qtask("create", "bind", PAYLOAD, 3600, "A", *MALL)
    redis.rpush("A", "of", "others")
    redis.rpush("mall:TYPO", "left")
    age(conn, 10)
    assert redis.llen("mall:A") == 1
    assert qtask("stats", "--json", *MALL).json["total"]["in_redis"] == 1
    (row,) = qtask("audit", "--json", *MALL).json["queues"]
    assert (row["queue"], row["messages"]) == ("A", 1)
    checks = {check["name"]: check for check in qtask("doctor", "--json", *MALL).json["checks"]}
    assert "A (1)" in checks["consumers"]["text"]
    qtask("pause", "TYPO")
    assert "still has 1 message" in qtask("remove-queue", "TYPO", "--yes", *MALL).err
    redis.delete("mall:A")
    # It would wait for room on the other key.
    assert "redriven" in qtask("redrive", "A", "--yes", "--queue-limit", 2, *MALL).out


def test_relay_and_worker_have_it_from_the_environment(
    qtask: Qtask, conn: Connection, redis: Redis
) -> None:
    task_id = create(qtask, queue="A")
    redis.flushall()
    age(conn, 10)
    relay = qtask.start("relay", QTASK_QUEUE_PREFIX="mall:")
    wait_for(lambda: redis.exists("mall:A"))
    assert stop(relay)[0] == 0
    assert redis.dbsize() == 1
    (qtask.folder / "orders.py").write_text(WORKER)
    worker = qtask.start("worker", "orders:worker", *MALL)
    assert worker.stdout is not None
    assert worker.stdout.readline() == f"handled {task_id}\n"
    assert stop(worker)[0] == 0


def test_a_wrong_prefix_stores_nothing(qtask: Qtask) -> None:
    text = qtask.fails(3, "create", "bind", PAYLOAD, 60, "A", "--queue-prefix", "mall :")
    assert "queue_prefix must be at most 64 printable characters" in text
    assert qtask("list", "--json").json == []
