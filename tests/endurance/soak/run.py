"""Processes with some of the connections each, and one that checks."""

from __future__ import annotations

import multiprocessing.connection
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from random import Random
from typing import Any

from processes import end_with_parent

from qtask_db import Database, calls

from . import deadlocks, scheduling
from .checks import Checker
from .client import Client
from .creating import FAILURES, NAMESPACES
from .record import Record

OVERLAP = 48  # tasks that all connections know
LOOK = 0.5
PATIENCE = 60.0
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass
class Soak:
    """`run` it for so long, then look at `checker`."""

    database: Database
    seed: int
    connections: int = 64
    processes: int = 8
    transactions: float = 0.25
    """Share of the connections that have transactions of their own."""
    checker: Checker = field(init=False)
    elapsed: float = 0.0
    server_counts: str = ""

    def run(self, seconds: float, show: Callable[[Soak], None] = lambda _: None) -> None:
        """Ends at the first broken promise."""
        with self.database.connect() as conn:
            self.checker = Checker(conn)
            scheduling.start(conn)
            for namespace in NAMESPACES:
                calls.pause(conn, FAILURES, namespace)
            shared = _CONTEXT.Array("q", OVERLAP, lock=False)
            stop = _CONTEXT.Event()
            pipes, children = [], []
            for numbers in self._shares():
                mine, theirs = _CONTEXT.Pipe(duplex=False)
                child = _CONTEXT.Process(
                    target=_work,
                    args=(self.database.url, self.seed, numbers, shared, stop, theirs),
                    daemon=True,
                )
                child.start()
                theirs.close()
                pipes.append(mine)
                children.append(child)
            try:
                self._watch(pipes, seconds, show)
            finally:
                stop.set()
                self._drain(pipes)
                for child in children:
                    child.join(PATIENCE)
                    if child.exitcode != 0:
                        self.checker.violations.append(f"a process ended with {child.exitcode}")
                        child.kill()
            self.server_counts = deadlocks.counted(conn.raw)
            self.checker.close()

    def _shares(self) -> list[list[tuple[int, bool]]]:
        """By process: the number of each connection, and whether it has own transactions."""
        joining = int(self.connections * self.transactions)
        every = [(number, number < joining) for number in range(self.connections)]
        return [share for n in range(self.processes) if (share := every[n :: self.processes])]

    def _watch(self, pipes: list[Pipe], seconds: float, show: Callable[[Soak], None]) -> None:
        # They begin when all of them have connected.
        self._drain_once(pipes, PATIENCE, wait_for_all=True)
        began = time.monotonic()
        while self.elapsed < seconds and not self.checker.violations:
            self._drain_once(pipes, LOOK)
            self.checker.look()
            self.elapsed = time.monotonic() - began
            show(self)

    def _drain_once(self, pipes: list[Pipe], seconds: float, *, wait_for_all: bool = False) -> None:
        end, waiting = time.monotonic() + seconds, set(pipes)
        while waiting and (left := end - time.monotonic()) > 0:
            for pipe in _ready(pipes, left):
                self.checker.take(pipe.recv())
                waiting.discard(pipe)
            if not wait_for_all:
                waiting = set(pipes)

    def _drain(self, pipes: list[Pipe]) -> None:
        """Takes the last records, until the processes have closed their ends."""
        waiting = list(pipes)
        end = time.monotonic() + PATIENCE
        while waiting and (left := end - time.monotonic()) > 0:
            for pipe in _ready(waiting, left):
                try:
                    self.checker.take(pipe.recv())
                except EOFError:
                    waiting.remove(pipe)


def _ready(pipes: list[Pipe], seconds: float) -> list[Pipe]:
    ready: list[Any] = multiprocessing.connection.wait(pipes, seconds)
    return ready


def _work(
    url: str, seed: int, numbers: list[tuple[int, bool]], shared: Any, stop: Any, pipe: Pipe
) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    record, lock = Record(), threading.Lock()

    def tell(more: Record) -> None:
        with lock:  # of `record`, which is another one by and by
            record.add(more)

    clients = [
        Client(Database(url), Random(f"{seed} {number}"), tell, shared, transactions)  # noqa: S311
        for number, transactions in numbers
    ]
    pipe.send(Record())
    threads = [threading.Thread(target=_repeat, args=(c, stop), daemon=True) for c in clients]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(LOOK / 2)
        with lock:
            done, record = record, Record()
        pipe.send(done)
    pipe.send(record)


def _repeat(client: Client, stop: Any) -> None:
    try:
        while not stop.is_set():
            client.step()
    except Exception as error:
        client.tell(Record(violations=[f"a connection ended with {error!r}"]))
    client.close()
