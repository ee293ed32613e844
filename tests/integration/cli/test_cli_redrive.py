"""audit and redrive: Redis loses messages, one sees how many, and they come again."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import time
from collections import Counter

import pytest
from command_line import AWAY, Qtask, wait_for
from redis import Redis
from testing import age

from qtask_db import NewTask, calls
from qtask_db.cli.commands import redrive
from qtask_db.cli.commands.audit import compare
from qtask_db.cli.commands.redrive import Redrive
from qtask_db.database import Connection
from qtask_db.models import QueueAudit
from qtask_db.relay import Relay
from qtask_db.worker import Worker


@pytest.fixture
def relay(database_url: str, redis_url: str) -> Relay:
    return Relay(database_url, redis_url)


def make(
    conn: Connection, count: int, queues: tuple[str, ...] = ("A", "B"), **options: int
) -> None:
    given = {"delay": 0, **options}
    calls.create_many(
        conn, [NewTask("job", {}, 3600, queues[n % len(queues)], **given) for n in range(count)]
    )


def move(relay: Relay, conn: Connection) -> None:
    """Everything that is due goes to Redis; some seconds pass."""
    while relay.step() == 0.0:
        pass
    age(conn, 10)


def test_what_redis_has_lost_is_found_and_comes_again(
    qtask: Qtask, conn: Connection, redis: Redis, relay: Relay
) -> None:
    make(conn, 500)
    make(conn, 7, delay=1000)
    move(relay, conn)
    sound = qtask("audit", "--json")
    assert (sound.code, sound.json["missing"], sound.json["surplus"]) == (0, 0, 0)
    assert "no message is missing" in qtask("audit").out

    redis.flushall()
    redis.rpush("A", '{"task_id": 1, "task_attempt": 1}')
    result = qtask("audit")
    assert result.code == 1
    assert "250 tasks queued and not started, 1 message in Redis." in result.out
    assert "249 messages fewer than tasks: lost" in result.out
    assert "qtask redrive B" in result.out
    assert "Besides: 4 until their time has come." in result.out
    assert "499 messages missing" in result.out
    found = {one["queue"]: one for one in qtask("audit", "--json").json["queues"]}
    assert (found["B"]["missing"], found["B"]["messages"], found["B"]["later"]) == (250, 0, 3)

    assert "250 tasks of 1 queue" in qtask("redrive", "B").err
    assert qtask("redrive", "B", "--yes").out.startswith("redriven 250 tasks in ")
    move(relay, conn)
    assert (redis.llen("A"), redis.llen("B")) == (1, 250)
    assert qtask("redrive", "--all", "--yes", "--json").json == {"redriven": 500}
    move(relay, conn)
    assert (redis.llen("A"), redis.llen("B")) == (251, 500)
    result = qtask("audit")
    assert result.code == 0
    assert "250 messages more than tasks: copies" in result.out
    relay.close()


def test_while_relay_and_worker_run_each_task_is_done_once(
    qtask: Qtask, conn: Connection, redis: Redis, database_url: str, redis_url: str
) -> None:
    make(conn, 1200, tuple("ABC"))
    with Relay(database_url, redis_url) as relay:
        wait_for(lambda: relay.counters.confirmed == 1200)
        age(conn, 10)
        redis.flushall()
        done: Counter[int] = Counter()
        worker = Worker(database_url, redis_url)
        worker.handler("A", "B", "C")(lambda job: done.update([job.task_id]))
        with worker:
            result = qtask("redrive", "--all", "--yes", "--json", "--rate", 1000)
            assert result.json == {"redriven": 1200}
            wait_for(lambda: len(done) == 1200)
            wait_for(lambda: sum(s.processing + s.waiting for s in calls.stats(conn)) == 0)
    assert set(done.values()) == {1}
    assert relay.counters.confirmed == 2400
    assert qtask("audit", "--json").json["missing"] == 0


def test_nothing_to_redrive(qtask: Qtask, conn: Connection) -> None:
    assert qtask("redrive", "--all").out.startswith("redriven 0 tasks")
    make(conn, 3)
    assert qtask("redrive", "A").out.startswith("redriven 0 tasks")
    assert "no tasks yet" not in qtask("audit").out


def test_a_namespace_and_an_age(qtask: Qtask, conn: Connection, relay: Relay) -> None:
    calls.delay(conn, "job", {}, 0, 3600, "A", namespace="n")
    make(conn, 4)
    move(relay, conn)
    age(conn, 100)
    assert qtask("redrive", "--all", "-y", "--age", "5m", "--json").json == {"redriven": 0}
    assert qtask("redrive", "A", "-y", "-n", "n", "--json").json == {"redriven": 1}
    assert qtask("redrive", "--all", "-y", "--age", "1m", "--json").json == {"redriven": 4}
    relay.close()


def test_it_waits_while_a_queue_is_full(
    qtask: Qtask, conn: Connection, redis: Redis, relay: Relay
) -> None:
    make(conn, 60, ("A", "B"))
    move(relay, conn)
    redis.delete("B")
    process = qtask.start("redrive", "--all", "-y", "--json", "--queue-limit", 20)
    wait_for(lambda: sum(row.due for row in calls.audit(conn)) >= 30)
    move(relay, conn)
    assert (redis.llen("A"), redis.llen("B")) == (30, 30)
    time.sleep(0.7)
    assert process.poll() is None
    redis.delete("A")
    wait_for(lambda: process.poll() is not None)
    out, err = process.communicate()
    assert '"redriven": 60' in out
    assert "waiting for room in" in err
    relay.close()


def test_redis_away_and_none(qtask: Qtask, conn: Connection, relay: Relay) -> None:
    make(conn, 2)
    move(relay, conn)
    assert "no Redis URL" in qtask.fails(3, "audit", QTASK_REDIS_URL=None)
    away = {"QTASK_REDIS_URL": f"redis://:s3cret@{AWAY}/0"}
    assert "check that Redis is up" in qtask.fails(3, "audit", **away)
    assert "redriven 0 tasks" in qtask("redrive", "A", "-y", **away).err
    result = qtask("redrive", "A", "-y", "--json", QTASK_REDIS_URL=None)
    assert result.json == {"redriven": 1}
    relay.close()


def test_it_asks_on_a_terminal_and_can_be_interrupted(
    qtask: Qtask, conn: Connection, relay: Relay
) -> None:
    make(conn, 40)
    move(relay, conn)
    main, side = pty.openpty()
    os.set_blocking(main, False)
    seen = ""

    def shows(text: str) -> bool:
        nonlocal seen
        while select.select([main], [], [], 0)[0]:
            seen += os.read(main, 65536).decode()
        return text in seen

    process = qtask.start("redrive", "--all", "--rate", 2, terminal=side, stdin=side, TERM="xterm")
    wait_for(lambda: shows("Continue? [y/N]"))
    assert "40 tasks of 2 queues" in re.sub(r"\s+", " ", seen)
    assert "20 s at 2 a second" in re.sub(r"\s+", " ", seen)
    os.write(main, b"y\n")
    wait_for(lambda: shows(" of 40 tasks"))
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    wait_for(lambda: shows("ended early: redriven"))
    os.close(main)
    os.close(side)
    relay.close()


def row(queue: str, namespace: str = "default", **places: int) -> QueueAudit:
    names = ("waiting", "requeued", "unconfirmed", "fresh", "due", "parked", "later", "running")
    return QueueAudit(namespace, queue, False, *(places.get(name, 0) for name in names))


@pytest.mark.parametrize(
    ("places", "before", "after", "missing", "surplus"),
    [
        ({"waiting": 5}, 5, 5, 0, 0),
        ({"waiting": 5, "requeued": 2}, 4, 3, 3, 0),
        ({"waiting": 5}, 3, 9, 0, 0),
        ({"waiting": 5}, 9, 3, 0, 0),
        ({"waiting": 5, "unconfirmed": 5}, 0, 0, 0, 0),
        ({"waiting": 5, "unconfirmed": 4}, 0, 0, 1, 0),
        ({"waiting": 5, "fresh": 3, "due": 1}, 9, 9, 0, 0),
        ({"waiting": 5, "fresh": 3, "due": 1, "later": 7, "running": 7}, 12, 11, 0, 2),
    ],
)
def test_what_moves_between_two_looks_is_no_finding(
    places: dict[str, int], before: int, after: int, missing: int, surplus: int
) -> None:
    (found,) = compare([row("Q", **places)], {"Q": before}, {"Q": after})
    assert (found.missing, found.surplus, found.messages) == (missing, surplus, after)


def test_namespaces_share_a_queue() -> None:
    rows = [row("Q", waiting=2), row("Q", "n", waiting=3), row("P")]
    q, p = compare(rows, {"Q": 4, "P": 0}, {"Q": 4, "P": 0})
    assert (q.queue, q.places["waiting"], q.missing) == ("Q", 5, 1)
    assert (p.queue, p.missing, p.surplus) == ("P", 0, 0)


def test_a_key_of_another_type() -> None:
    (found,) = compare([row("Q", waiting=2)], {}, {})
    assert (found.messages, found.missing) == (None, 0)
    assert "neither a list nor a stream" in found.sentences()[0]


class Clock:
    """Time that passes in `sleep` alone."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_rate_is_kept_and_each_step_is_older(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(redrive, "time", clock)
    left = {"A": 55, "B": 20}
    ages = []

    def step(queue: str, age: int, limit: int) -> int:
        ages.append(age)
        count = min(limit, left[queue])
        left[queue] -= count
        return count

    work = Redrive(step, rate=50, queue_limit=100, age=7)
    work.run(["A", "B"], lambda _: 0, lambda _count, _note: None)
    assert work.total == 75
    assert clock.now == pytest.approx(101.5)
    assert ages[0] == 7
    assert ages == sorted(ages)
    assert ages[1] == 9
    assert ages[-1] >= 10
