"""stats, pause, resume, expire, purge, remove-queue."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal

from command_line import PAYLOAD, Qtask, create, wait_for
from redis import Redis
from testing import age, kept_queues, kill_others, rest_queues

from qtask_db import calls
from qtask_db.database import Connection


def test_stats(qtask: Qtask, conn: Connection, redis: Redis) -> None:
    assert "no tasks yet" in qtask("stats").out
    create(qtask, queue="A")
    done = create(qtask, queue="B")
    attempt = calls.processing(conn, done, 1)
    calls.finish(conn, done, attempt)
    qtask("pause", "B")
    result = qtask("stats", "--json").json
    rows = {row["queue"]: row for row in result["queues"]}
    assert (rows["A"]["waiting"], rows["A"]["in_redis"], rows["A"]["paused"]) == (1, 1, False)
    assert (rows["B"]["finished"], rows["B"]["paused"]) == (1, True)
    assert result["total"]["waiting"] == 1
    assert result["total"]["in_redis"] == 2
    assert result["at"].endswith("Z")
    lines = qtask("stats").out.splitlines()
    assert lines[0].split() == [
        "Queue", "Waiting", "Processing", "Due", "Lag", "Finished", "Cancelled", "Failed",
        "In", "Redis",
    ]  # fmt: skip
    assert re.match(r"A +1 +0 +\d +\S+.* +0 +0 +0 +1$", lines[1])
    assert lines[2].startswith("B  paused ")
    assert redis.llen("A") == 1


def test_stats_of_what_is_active(qtask: Qtask, conn: Connection) -> None:
    calls.cancel(conn, create(qtask, queue="A"))
    create(qtask, queue="B")
    a, b = qtask("stats", "--active", "--json").json["queues"]
    assert (a["waiting"], b["waiting"], "finished" in a) == (0, 1, False)
    lines = qtask("stats", "--active").out.splitlines()
    assert lines[0].split() == ["Queue", "Waiting", "Processing", "Due", "Lag", "In", "Redis"]
    assert lines[1].split()[0] == "A"


def test_stats_without_redis_says_nothing_of_it(qtask: Qtask) -> None:
    create(qtask)
    assert "Redis" not in qtask("stats", QTASK_REDIS_URL=None).out
    assert qtask("stats", "--json", QTASK_REDIS_URL=None).json["total"]["in_redis"] is None


def test_watch_into_a_pipe_is_a_line_each(qtask: Qtask) -> None:
    create(qtask)
    process = qtask.start("stats", "--watch", "0.1", "--json")
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert all(line["total"]["waiting"] == 1 for line in lines)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "qtask: interrupted"
    assert "Traceback" not in out + err


def test_a_reader_that_leaves_is_no_error(qtask: Qtask) -> None:
    create(qtask)
    process = qtask.start("stats", "--watch", "0.1")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_pause_and_resume(qtask: Qtask, conn: Connection, redis: Redis) -> None:
    create(qtask)
    assert qtask("pause", "Q").out == "queue Q of namespace default is paused\n"
    second = qtask("create", "bind", PAYLOAD, 60, "Q")
    assert "its queue is paused" in second.err
    assert redis.llen("Q") == 1
    assert calls.stats(conn)[0].paused
    opened = qtask("resume", "Q")
    assert (opened.code, opened.err) == (0, "")
    assert not calls.stats(conn)[0].paused
    assert "is the name right?" in qtask("resume", "TYPO").err


def test_expire(qtask: Qtask, conn: Connection) -> None:
    calls.create_many(conn, [calls.NewTask("t", {}, 60, "Q", deadline=5) for _ in range(25)])
    age(conn, 5)
    first = qtask("expire", "--chunk", 10)
    assert first.out.startswith("expired 10 tasks in ")
    assert "--all goes on" in first.err
    assert qtask("expire", "--chunk", 10, "--all", "--json").json == {"expired": 15, "more": False}
    assert calls.stats(conn)[0].failed == 25


def test_purge(qtask: Qtask, conn: Connection) -> None:
    tasks = calls.create_many(conn, [calls.NewTask("t", {}, 60, "Q") for _ in range(25)])
    started = calls.processing_many(conn, [(task.task_id, 1) for task in tasks])
    calls.finish_many(conn, [(one.task_id, one.attempt) for one in started])
    first = qtask("purge", "--chunk", 10)
    assert first.out.startswith("purged 10 tasks in ")
    assert "--all goes on" in first.err
    assert qtask("purge", "--chunk", 10, "--all", "--json").json == {"purged": 15, "more": False}
    assert qtask("purge", "--all").out.startswith("purged 0 tasks")


def test_watch_on_a_terminal_survives_a_lost_connection(qtask: Qtask, conn: Connection) -> None:
    """The screen shows the trouble, then the tasks again; Ctrl-C leaves the last state behind."""
    create(qtask, queue="GCR:ORDER:BIND")
    main, side = pty.openpty()
    process = qtask.start("stats", "--watch", "0.3", terminal=side, TERM="xterm", COLUMNS="100")
    os.close(side)
    seen = ""

    def shows(text: str) -> bool:
        nonlocal seen
        with contextlib.suppress(OSError):  # Linux' way to say that the other side is closed
            while select.select([main], [], [], 0)[0]:
                seen += os.read(main, 65536).decode()
        return text in seen

    wait_for(lambda: shows("every 0.3 s, Ctrl-C leaves"))
    assert "GCR:ORDER:BIND" in seen
    kill_others(conn)
    wait_for(lambda: shows("trying again"))
    seen = ""
    wait_for(lambda: shows("Ctrl-C leaves"))
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert shows("interrupted")
    assert "Traceback" not in seen
    os.close(main)


def test_pausing_a_queue_that_was_never_used_asks_for_its_name(qtask: Qtask) -> None:
    create(qtask)
    assert "is the name right?" in qtask("pause", "QQ").err
    assert qtask("pause", "Q").err == ""


def test_remove_queue(qtask: Qtask, conn: Connection, redis: Redis) -> None:
    assert "`qtask remove-queue`" in qtask("pause", "TYPO").err
    assert "pass --yes" in qtask("remove-queue", "TYPO").err
    redis.rpush("TYPO", "left")
    first = qtask("remove-queue", "TYPO", "--yes")
    assert first.out == "queue TYPO of namespace default is removed; its next use brings it back\n"
    assert "a day later" in first.err
    assert "its key in Redis still has 1 message" in first.err
    redis.delete("TYPO")
    rest_queues(conn)
    second = qtask("remove-queue", "TYPO", "-y")
    assert (second.out, second.err) == ("queue TYPO of namespace default is gone for good\n", "")
    assert "no queue of this in_queue" in qtask.fails(1, "remove-queue", "TYPO", "-y")
    create(qtask)
    assert "active tasks" in qtask.fails(1, "remove-queue", "Q", "-y")


def test_remove_idle_queues(qtask: Qtask, conn: Connection) -> None:
    create(qtask)
    for n in range(3):
        calls.resume(conn, f"Q{n}", "n")
    calls.pause(conn, "PAUSED")
    removed = qtask("remove-queue", "--idle", 1, "--yes")
    assert (removed.code, removed.out) == (0, "removed 3 queues, deleted 0 for good\n")
    rest_queues(conn)
    assert "deleted 0 " in qtask("remove-queue", "--idle", 2, "--yes").out
    assert "deleted 3 " in qtask("remove-queue", "--idle", 1, "--yes").out
    assert kept_queues(conn) == [("PAUSED", True), ("Q", True)]
    for wrong in ([], ["Q", "--idle", 1], ["--idle", 1, "-n", "n"], ["--idle", 0]):
        assert qtask("remove-queue", "--yes", *wrong).code == 2
