"""What the commands say of direct queues."""

from __future__ import annotations

import re

from command_line import PAYLOAD, Qtask, create, stop, wait_for
from redis import Redis
from testing import age

from qtask_db import calls
from qtask_db.database import Connection


def test_the_delivery_is_chosen_and_seen(qtask: Qtask, conn: Connection) -> None:
    first = qtask("delivery", "Q", "direct")
    assert first.out == "queue Q of namespace default is delivered directly\n"
    assert "is the name right?" in first.err
    again = qtask("delivery", "Q", "redis", "-n", "n")
    assert again.out == "queue Q of namespace n is delivered through Redis\n"
    assert qtask("delivery", "Q", "direct", "--json").json == {
        "namespace": "default", "queue": "Q", "delivery": "direct", "new": False
    }  # fmt: skip
    assert {row.namespace: row.delivery for row in calls.depth(conn)} == {
        "default": "direct", "n": "redis"
    }  # fmt: skip
    assert qtask("delivery", "Q", "both").code == 2


def test_stats_have_a_column_if_one_is_direct(qtask: Qtask) -> None:
    create(qtask, queue="A")
    assert "Delivery" not in qtask("stats").out
    assert [row["delivery"] for row in qtask("stats", "--json").json["queues"]] == ["redis"]
    qtask("delivery", "B", "direct")
    create(qtask, queue="B")
    for options in ([], ["--active"]):
        lines = [line.split() for line in qtask("stats", *options).out.splitlines()]
        assert lines[0][:6] == ["Queue", "Delivery", "Waiting", "Processing", "Due", "Lag"]
        assert [line[:4] for line in lines[1:]] == [
            ["A", "redis", "1", "0"], ["B", "direct", "1", "0"]
        ]  # fmt: skip


def test_creating_tells_who_takes_it(qtask: Qtask, redis: Redis) -> None:
    qtask("delivery", "Q", "direct")
    said = qtask("create", "bind", PAYLOAD, 60, "Q", "--order-no", "1")
    assert "its queue is direct: a worker takes it\n" in said.err
    assert "nothing was created" in qtask("create", "bind", PAYLOAD, 60, "Q", "-o", "1").err
    assert qtask("create", "bind", PAYLOAD, 60, "Q", "--json").json["pushed"] is False
    assert "a worker may take it in 10m 00s" in qtask("delay", "bind", PAYLOAD, 600, 60, "Q").err
    assert "a relay puts it on R in" in qtask("delay", "bind", PAYLOAD, 600, 60, "R").err
    qtask("pause", "Q")
    assert "after `qtask resume`" in qtask("create", "bind", PAYLOAD, 60, "Q").err
    assert redis.keys() == []


def test_audit_misses_no_message_of_a_direct_queue(
    qtask: Qtask, conn: Connection, redis: Redis
) -> None:
    for queue in ("A", "B"):
        for _ in range(3):
            calls.delay(conn, "bind", {}, 0, 3600, queue)
    batch = calls.scan(conn, "r")
    calls.confirm(conn, batch.batch_id, "r")
    assert qtask("audit", "--json").json["missing"] == 6
    redis.rpush("A", '{"task_id": 1}')
    qtask("delivery", "A", "direct")
    calls.create(conn, "bind", {}, 60, "A")
    result = qtask("audit")
    assert result.code == 1
    assert "Direct: no message is needed. Tasks: 1 due, for a worker to take." in result.out
    assert "1 message left in Redis from before" in result.out
    assert "3 tasks queued in Redis before and not started" in result.out
    assert qtask("audit", "--json").json["missing"] == 3
    qtask("delivery", "B", "direct")
    for url in ({}, {"QTASK_REDIS_URL": None}):
        result = qtask("audit", **url)
        assert (result.code, "no message is missing" in result.out) == (0, True)
    found = qtask("doctor", QTASK_REDIS_URL=None)
    assert re.search(r"^ok    Redis +not needed", found.out, re.MULTILINE), found.out
    assert "messages  " not in found.out
    result = qtask("redrive", "B", "--yes", "--json")
    assert result.json == {"redriven": 3}
    assert len(calls.take(conn, "w", ["B"], 10).started) == 3


def test_doctor_knows_direct_queues(qtask: Qtask, conn: Connection) -> None:
    assert "direct queues" not in qtask("doctor").out
    for number in range(7):
        qtask("delivery", f"Q{number}", "direct")
    calls.create(conn, "bind", {}, 60, "Q3")
    found = qtask("doctor")
    assert found.code == 0
    told = r"^ok    direct queues +Q0, Q1, Q2, Q3, Q4 and 2 more: 1 due tasks"
    assert re.search(told, found.out, re.MULTILINE), found.out
    age(conn, 3600)
    found = qtask("doctor")
    assert re.search(r"^ok    relays +0 due tasks", found.out, re.MULTILINE)
    told = r"^warn  direct queues +1 due tasks wait for a worker, the oldest for 3,6\d\d s: Q3$"
    assert re.search(told, found.out, re.MULTILINE), found.out
    assert "start `qtask worker`" in found.out


def test_explain_speaks_of_workers(qtask: Qtask, conn: Connection) -> None:
    qtask("delivery", "Q", "direct")
    task_id = create(qtask)
    assert (
        "the next worker that has room takes it. Is one running?" in qtask("explain", task_id).out
    )
    calls.take(conn, "w", ["Q"])
    assert "a worker may take it from" in qtask("explain", task_id).out


def test_a_worker_without_redis(qtask: Qtask) -> None:
    (qtask.folder / "shop.py").write_text(
        "import os, qtask_db\n"
        "worker = qtask_db.Worker(os.environ['QTASK_DATABASE_URL'])\n"
        "worker.handler('Q')(lambda job: worker.stop())\n"
    )
    assert "qtask delivery QUEUE direct" in qtask.fails(
        1, "worker", "shop:worker", "--log-level", "error", QTASK_REDIS_URL=None
    )
    qtask("delivery", "Q", "direct")
    create(qtask)
    done = qtask("worker", "shop:worker", QTASK_REDIS_URL=None)
    assert done.code == 0, done
    assert "finished=1" in done.err


def test_sigterm_while_a_worker_waits_in_the_server(qtask: Qtask, conn: Connection) -> None:
    (qtask.folder / "shop.py").write_text(
        "import os, qtask_db\n"
        "worker = qtask_db.Worker(os.environ['QTASK_DATABASE_URL'])\n"
        "worker.handler('Q')(lambda job: print('done', flush=True))\n"
    )
    qtask("delivery", "Q", "direct")
    create(qtask)
    process = qtask.start("worker", "shop:worker", QTASK_REDIS_URL=None)
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    wait_for(lambda: [row for row in calls.depth(conn) if not row.processing])
    code, err, took = stop(process)
    assert (code, "stopped: WorkerCounters(taken=0, started=1" in err) == (0, True), err
    assert took < 2


def test_an_installation_whose_new_queues_are_direct(qtask: Qtask) -> None:
    assert qtask("render", "--delivery", "both").code == 2
    assert qtask("install", "--prefix", "dq_", "--delivery", "direct").code == 0
    try:
        said = qtask("create", "bind", PAYLOAD, 60, "Q", "--prefix", "dq_").err
        assert "its queue is direct" in said
        assert qtask("install", "--prefix", "dq_").code == 0
        rows = qtask("stats", "--json", "--prefix", "dq_").json["queues"]
        assert [row["delivery"] for row in rows] == ["direct"]
        assert "is direct" in qtask("create", "bind", PAYLOAD, 60, "R", "--prefix", "dq_").err
    finally:
        assert qtask("uninstall", "--prefix", "dq_", "--yes").code == 0
