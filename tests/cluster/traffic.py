"""Producers, relays and workers at work while servers die, what each of them saw, and its check."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

import redis
from servers.base import ServerError
from testing import until

from qtask_db import Client, Database, Job, NewTask, Relay, Task, Worker
from qtask_db.client import Transaction
from qtask_db.constants import Status
from qtask_db.errors import DatabaseError
from qtask_db.models import Message
from qtask_db.transport.queues import Queues

QUEUES = ("A", "B", "C")
INTERVAL = 4
LEASE = 4
OPTIONS = "?connect_timeout=3&read_timeout=15"
"""Of the URLs."""
PATIENT = "?connect_timeout=2&read_timeout=20"
"""The same, for tests in which it matters how often a client waits for an answer."""


class Meant(Exception):
    """A transaction that is rolled back on purpose."""


class Traffic:
    """Runs while it is a context; every database URL gets a producer, a relay and a worker, unless
    `relay_urls` says where relays go.

    The producers push every message twice, so that two workers compete for each task.
    """

    def __init__(
        self, database_urls: Sequence[str], redis_url: str, relay_urls: Sequence[str] = ()
    ) -> None:
        self.committed: dict[int, str] = {}
        """The key of each task whose creation was acknowledged."""
        self.unknown: set[str] = set()
        """Keys whose creation ended with an error: committed or not."""
        self.rolled_back: set[str] = set()
        self.runs: Counter[tuple[int, int]] = Counter()
        """How often a handler got this attempt of this task."""
        self.keys: Counter[str] = Counter()
        """How often a task was handled, by its key."""
        self.errors: Counter[str] = Counter()
        """The errors that the producers got."""
        self.longest_gap = 0.0
        """Seconds without a task that was created."""
        self._urls = database_urls
        self._redis_url = redis_url
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._created_at = time.monotonic()
        self._services = ExitStack()
        self._producers = [
            threading.Thread(target=self._produce, args=(number, url), daemon=True)
            for number, url in enumerate(database_urls)
        ]
        self.relays = [
            Relay(url, redis_url, lease=LEASE, scan_interval=0.5, purge=False)
            for url in relay_urls or database_urls
        ]
        self.workers = [Worker(url, redis_url, threads=3) for url in database_urls]
        for worker in self.workers:
            worker.handler(*QUEUES)(self._handle)

    def __enter__(self) -> Traffic:
        for service in (*self.relays, *self.workers):
            self._services.enter_context(service)
        for producer in self._producers:
            producer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop_producing()
        self._services.close()

    def stop_producing(self) -> None:
        self._stop.set()
        for producer in self._producers:
            producer.join(60)
            assert not producer.is_alive()

    def push_again(self) -> int:
        """Every message a second time, as a Redis that came back older would have it."""
        messages = [
            Message(task_id, 1, queue, f'{{"key": "{key}"}}')
            for task_id, key in self.committed.items()
            for queue in QUEUES[:1]
        ]
        queues = Queues(self._redis_url)
        queues.push(messages)
        queues.close()
        return len(messages)

    def _handle(self, job: Job) -> None:
        with self._lock:
            self.runs[job.task_id, job.attempt] += 1
            self.keys[job.payload["key"]] += 1

    def _produce(self, number: int, url: str) -> None:
        client = Client(url, self._redis_url)
        queues = Queues(self._redis_url)
        turn = 0
        while not self._stop.is_set():
            turn += 1
            key = f"{number}-{turn}"
            try:
                if turn % 7 == 0:
                    self._roll_back(client, key)
                else:
                    made = client.run(lambda tx, k=key, t=turn: create(tx, k, t))
                    self._note(made)
                    queues.push(task.message for task in made.values() if task.pushable)
            except DatabaseError as error:
                with self._lock:
                    self.unknown |= {key, f"{key}-more"}
                    self.errors[type(error).__name__] += 1
                self._stop.wait(0.1)
            self._stop.wait(0.003)
        client.close()
        queues.close()

    def _note(self, made: dict[str, Task]) -> None:
        with self._lock:
            self.committed.update((task.task_id, key) for key, task in made.items())
            now = time.monotonic()
            self.longest_gap = max(self.longest_gap, now - self._created_at)
            self._created_at = now

    def _roll_back(self, client: Client, key: str) -> None:
        with suppress(Meant), client.transaction() as tx:
            create(tx, key, 0)
            with self._lock:
                self.rolled_back |= {key, f"{key}-more"}
            raise Meant


def create(tx: Transaction, key: str, turn: int) -> dict[str, Task]:
    """Two tasks by their keys: a real-time one, and one of either kind in bulk."""
    options = {"order_no": key, "delete_deadline": 86400}
    one = tx.create("job", {"key": key}, INTERVAL, QUEUES[turn % 3], **options)
    more = f"{key}-more"
    delay = None if turn % 2 else turn % 3
    (two,) = tx.create_many(
        [
            NewTask(
                "job", {"key": more}, INTERVAL, QUEUES[turn % 2], delay,
                order_no=more, delete_deadline=86400,
            )
        ]
    )  # fmt: skip
    return {key: one, more: two}


def check(traffic: Traffic, url: str, redis_url: str, cut_off: int = 40) -> None:
    """Nothing lost, nothing owned twice, no trace of what was rolled back; copies are refused."""
    traffic.stop_producing()
    wait_for(lambda: all(status == Status.FINISHED for _, status, _ in rows(url).values()), 90)
    found = rows(url)
    lost = {key for key in traffic.committed.values() if key not in found}
    assert lost == set()
    assert {found[key][0] for key in traffic.committed.values()} == set(traffic.committed)
    assert set(found) <= set(traffic.committed.values()) | traffic.unknown
    assert not set(traffic.keys) & traffic.rolled_back
    assert set(traffic.keys) == set(found), "each was handled, and nothing else"
    assert {pair for pair, times in traffic.runs.items() if times > 1} == set()

    # One run for each task, whatever its messages; more only where results did not arrive.
    before = sum(traffic.runs.values())
    assert before <= len(found) + cut_off
    copies = traffic.push_again()
    with redis.Redis.from_url(redis_url) as client:
        wait_for(lambda: not any(client.llen(queue) for queue in QUEUES))
    time.sleep(1)
    assert sum(traffic.runs.values()) == before
    print(
        f"\n{len(traffic.committed):,} tasks committed, {len(traffic.unknown)} unknown, "
        f"{len(traffic.rolled_back)} rolled back; {before:,} runs; {copies:,} copies refused; "
        f"longest without a commit {traffic.longest_gap:.1f} s; errors {dict(traffic.errors)}"
    )


def rows(database_url: str) -> dict[str, tuple[int, int, int]]:
    """Id, status and attempts of every task, by its key."""
    with Database(database_url).connect() as conn, conn.raw.cursor() as cursor:
        cursor.execute(f"SELECT order_no, task_id, status, attempts FROM {conn.prefix}task")
        found = cursor.fetchall()
    assert len({order_no for order_no, *_ in found}) == len(found)
    return {order_no: (task_id, status, attempts) for order_no, task_id, status, attempts in found}


def wait_for(what: Callable[[], object], seconds: float = 40.0) -> None:
    """Asks again while a server is away."""
    until(what, seconds, ignoring=(DatabaseError, ServerError, redis.RedisError))
