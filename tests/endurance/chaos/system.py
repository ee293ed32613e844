"""The system under test: private servers, a proxy before each, and processes that come back."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pymysql
import servers
from redis import Redis
from servers.account import new_password

from qtask_db.database import Database
from qtask_db.errors import DatabaseUnavailable
from qtask_db.install import install

from .checker import Checker
from .database import broken as broken_variants
from .database import journal, schedules
from .database.state import State
from .history import Event, Reader, Recorder
from .process import QUEUES, Settings
from .proxy import Proxy
from .roles import enter

PROCESSES = {"relay": 3, "worker": 4, "producer": 3}
PROCESSES_OF_DIRECT = {"relay": 2, "worker": 2, "direct": 2, "consumer": 3, "producer": 3}
"""A worker has Redis, too; one that is "direct" has not, nor has a consumer."""
# Without TLS, as a handshake costs more than all that a short life does.
OF_CLIENTS = "connect_timeout=5&read_timeout=5&write_timeout=5&ssl_mode=disabled"
OPTIONS = ("--innodb-lock-wait-timeout=3",)
PRELOADED = [
    "pymysql.connections", "redis", "qtask_db.cli.commands.run", "qtask_db.relay",
    "qtask_db.worker", "chaos.roles", "chaos.producer", "chaos.consumer",
]  # fmt: skip
"""The modules of every process of a run: loaded once, so that a start takes milliseconds."""
OWNER = "chaos"
"""An account that may not write to a read-only server."""


@dataclass(eq=False)
class Slot:
    """A process that is started again whenever it has ended."""

    role: str
    number: int
    lives: int = 0
    process: Any = None
    paused_until: float = 0.0
    start_at: float = 0.0

    @property
    def name(self) -> str:
        """Of the present life."""
        return f"{self.role}-{self.number}.{self.lives}"

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.exitcode is None

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.alive:
                os.kill(self.process.pid, number)


@dataclass
class Counts:
    """Counts of the faults of the system, besides kills, which the checker counts."""

    pauses: int = 0
    stops: int = 0
    clock_steps: int = 0
    faults: dict[str, int] = field(default_factory=dict)


class System:
    """Servers, processes, history and checker of one run; the stack closes what it opens."""

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        *,
        engine: str,
        seed: int,
        lease: int,
        slack: float,
        pace: float,
        broken: str | None,
        stream: bool,
        direct: bool,
        log: Callable[[str], None],
    ) -> None:
        self.stack = stack
        self.seed = seed
        self.counts = Counts()
        self.recorder = Recorder(folder / "history.jsonl", "chaos")
        self.checker = Checker(lease, slack)
        self.errors: dict[str, int] = {}
        self._reader = Reader(folder / "history.jsonl")
        self._journal = journal.Journal(time.time() - time.monotonic())
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self._journal_file = stack.enter_context((folder / "journal.jsonl").open("a"))
        self._conn: Any = None
        self.state = State(self.root)
        self._lock = threading.Lock()

        self.database = stack.enter_context(servers.start(engine, options=OPTIONS, log=log))
        self.redis_server = stack.enter_context(servers.start("redis", log=log))
        self.redis = Redis.from_url(self.redis_server.url)
        url = self._prepare(broken, direct=direct)
        self.database_proxy = self._proxy(self.database.url)
        self.redis_proxy = self._proxy(self.redis_server.url)
        self.settings = Settings(
            folder,
            _through(url, self.database_proxy.port, OF_CLIENTS),
            _through(self.redis_server.url, self.redis_proxy.port, "socket_timeout=4"),
            lease,
            pace,
            broken,
            stream,
            direct,
        )
        self.slots = [
            Slot(role, number)
            for role, count in (PROCESSES_OF_DIRECT if direct else PROCESSES).items()
            for number in range(1, count + 1)
        ]
        stack.callback(self._end)

    def _prepare(self, broken: str | None, *, direct: bool) -> str:
        """The schema, owned by an account without privileges on the server; returns its URL."""
        root, password = self.root(), new_password()
        with root.cursor() as cursor:
            cursor.execute(f"CREATE USER {OWNER}@'%' IDENTIFIED BY '{password}'")
            cursor.execute(f"GRANT ALL ON {servers.DATABASE}.* TO {OWNER}@'%'")
        parts = urlsplit(self.database.url)
        server = parts.netloc.rpartition("@")[2]
        url = urlunsplit(parts._replace(netloc=f"{OWNER}:{password}@{server}"))
        delivery = "direct" if direct else "redis"
        install(url, {"delivery": delivery}, report=lambda _: None)
        with root.cursor() as cursor:
            for statement in journal.TABLES + journal.TRIGGERS:
                cursor.execute(statement)
        with Database(url).connect() as conn:
            broken_variants.install(conn, broken, delivery)
            schedules.start(conn)
        return url

    def _proxy(self, url: str) -> Proxy:
        parts = urlsplit(url)
        proxy = Proxy(self._context, (parts.hostname or "127.0.0.1", parts.port or 0))
        self.stack.callback(proxy.stop)
        return proxy

    def root(self) -> Any:
        """A connection that bypasses the proxy and may do everything."""
        return Database(f"{self.database.url}?read_timeout=30").connect().raw

    # -- processes ---------------------------------------------------------------------------------

    def _start(self, slot: Slot) -> None:
        slot.lives += 1
        slot.paused_until = 0.0
        seed = f"{self.seed} {slot.name}"
        slot.process = self._context.Process(
            target=enter, args=(slot.role, slot.name, seed, self.settings), daemon=True
        )
        slot.process.start()

    def tend(self) -> None:
        """Lets paused processes go on, and starts those that have ended."""
        now = time.monotonic()
        with self._lock:
            for slot in self.slots:
                if slot.paused_until and now >= slot.paused_until:
                    slot.send(signal.SIGCONT)
                    slot.paused_until = 0.0
                if not slot.alive and now >= slot.start_at:
                    self._start(slot)

    def kill(self, slot: Slot, pause: float) -> None:
        """kill -9; the next life begins after the pause."""
        with self._lock:
            if slot.alive:
                slot.process.kill()
                slot.process.join()
                self.recorder.note("kill", name=slot.name)
                slot.start_at = time.monotonic() + pause

    def pause(self, slot: Slot, seconds: float) -> None:
        """SIGSTOP now, SIGCONT later."""
        with self._lock:
            if slot.alive:
                slot.send(signal.SIGSTOP)
                slot.paused_until = time.monotonic() + seconds
                self.counts.pauses += 1

    def stop(self, slot: Slot) -> None:
        """SIGTERM, as an operator does."""
        with self._lock:
            slot.send(signal.SIGTERM)
        self.counts.stops += 1

    def step_clock(self, slot: Slot) -> None:
        """Its wall clock jumps by up to a day, forwards or back."""
        with self._lock:
            slot.send(signal.SIGUSR1)
        self.counts.clock_steps += 1

    # -- what has happened -------------------------------------------------------------------------

    def look(self) -> bool:
        """Feeds the checker what is new; False if the database could not be asked."""
        rows: list[Event] = []
        asked, now = True, time.monotonic()
        try:
            self._conn = self._conn or self.root()
            # Before the history: what the journal tells, a process has written down by then.
            rows = self._journal.read(self._conn)
        except (pymysql.MySQLError, DatabaseUnavailable):
            self._conn, asked = None, False
        for event in self._reader.read():
            if event["e"] == "error":
                self.errors[event["kind"]] = self.errors.get(event["kind"], 0) + 1
            self.checker.feed([event])
        self.checker.feed(rows)
        self.checker.check_follow_ups()
        if asked:
            self.checker.check_leases(now)
        for row in rows:
            self._journal_file.write(json.dumps(row, default=str) + "\n")
        return asked

    def left(self) -> dict[str, int]:
        """Messages in the streams that workers read, waiting or pending."""
        if not self.settings.stream:
            return {}
        return {queue: found for queue in QUEUES if (found := self.redis.xlen(queue))}

    @contextlib.contextmanager
    def tending(self) -> Iterator[None]:
        """Processes are looked after by a thread."""
        ended = threading.Event()

        def work() -> None:
            while not ended.wait(0.02):
                self.tend()

        thread = threading.Thread(target=work, name="tend", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def end_processes(self, *roles: str) -> None:
        """Ends those of these roles for good."""
        with self._lock:
            ending = [slot for slot in self.slots if slot.role in roles]
            self.slots = [slot for slot in self.slots if slot.role not in roles]
            for slot in ending:
                if slot.alive:
                    slot.process.kill()
                    slot.process.join()

    def _end(self) -> None:
        self.end_processes(*PROCESSES_OF_DIRECT)


def chance(seed: int, what: str) -> random.Random:
    return random.Random(f"{seed} {what}")  # noqa: S311 - repeatable


def _through(url: str, port: int, query: str) -> str:
    """The URL of the same server behind a proxy."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{port}", query=query))
