"""An upgrade under traffic: producers, relays and workers of both versions, and nothing is lost.

The schema goes first, while the old processes are at work; then the new ones start beside them, and
then the old ones stop. The checker of scripts/chaos judges the records of the processes and of the
database.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import servers
from chaos.checker import Checker
from chaos.database import journal
from chaos.history import Event, Reader
from releases import VERSIONS
from testing import environment, execute, query, until

from qtask_db import Connection, Database
from qtask_db.install import install

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ROLES = ("relay", "worker", "producer")
LEASE, SLACK = 5, 20.0
ENOUGH = 10
"""Tasks that each version creates, pushes and ends before the test goes on."""
# Another text for each procedure that creates, whatever has changed since the old version.
SETTINGS = {"payload_limit": "60000", "push_grace": "4"}


class Traffic:
    """The processes, and what they and the database say."""

    def __init__(self, folder: Path, url: str, redis_url: str, root: Connection) -> None:
        self._folder, self._urls, self._root = folder, (url, redis_url), root
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._journal = journal.Journal(time.time() - time.monotonic())
        (folder / "history.jsonl").touch()
        self._reader = Reader(folder / "history.jsonl")
        self.checker = Checker(LEASE, SLACK)
        self.seen: Counter[tuple[str, str]] = Counter()
        """How often which version's processes have recorded which event."""
        self.errors: list[Event] = []

    def start(self, version: str, package: Path) -> None:
        """A process of each role, with the package of a version."""
        path = [
            package,
            ROOT / "tests/support",
            ROOT / "tests/endurance",
            HERE,
            os.environ.get("PYTHONPATH", ""),
        ]
        for role in ROLES:
            name = f"{role}-{version}"
            self._processes[name] = subprocess.Popen(
                [sys.executable, HERE / "process.py", role, name, self._folder],
                cwd=self._folder,
                env=environment(*self._urls)
                | {"PYTHONPATH": os.pathsep.join(map(str, path)), "QTASK_CHAOS_PLAIN": "yes"},
            )

    def stop(self, *names: str) -> None:
        """They end as a service does that is told to."""
        ending = [self._processes.pop(name) for name in names]
        for process in ending:
            process.send_signal(signal.SIGTERM)
        for process in ending:
            assert process.wait(25) in (0, -signal.SIGTERM)

    def kill(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()

    def look(self) -> None:
        """Feeds the checker; each process must still be there."""
        for name, process in self._processes.items():
            assert process.poll() is None, f"{name} has ended:\n{self.logs()}"
        rows = self._journal.read(self._root.raw)
        for event in self._reader.read():
            self.seen[event["by"].partition("-")[2], event["e"]] += 1
            self.checker.feed([event])
            if event["e"] == "error":
                self.errors.append(event)
        self.checker.feed(rows)
        assert self.checker.violations == []

    def logs(self) -> str:
        return "".join(path.read_text() for path in self._folder.glob("*.log"))

    def until_all_do_much(self, *versions: str) -> None:
        """From here on, each process of these versions does its work."""
        self.look()
        before = self.seen.copy()

        def done() -> bool:
            self.look()
            return all(
                self.seen[version, what] >= before[version, what] + ENOUGH
                for version in versions
                for what in ("commit", "pushed", "scan", "done")
            )

        until(done, 40)

    def until_all_have_ended(self) -> None:
        def ended() -> bool:
            self.look()
            return not query(self._root, "SELECT 1 FROM qtask_task WHERE lane <> 0")

        until(ended, 40)

    def judge(self) -> None:
        self.look()
        rows = query(self._root, "SELECT k, task_id, created FROM chaos_ledger")
        self.checker.close({key: (number, bool(new)) for key, number, new in rows}, {})
        assert self.checker.violations == []


@contextmanager
def traffic(folder: Path, url: str, redis_url: str, server: servers.Server) -> Iterator[Traffic]:
    parts = urlsplit(server.url)
    everything = parts._replace(path=urlsplit(url).path).geturl()
    with Database(everything).connect() as root:
        for statement in journal.TABLES + journal.TRIGGERS:
            execute(root, statement)
        made = Traffic(folder, f"{url}?ssl_mode=disabled", redis_url, root)
        try:
            yield made
        finally:
            made.kill()


def _is_conflict(event: Event) -> bool:
    # 0.1.0 does not know 1412.
    return event["kind"] == "Conflict" or (event["by"].endswith("old") and "1412" in event["text"])


@pytest.mark.parametrize("version", VERSIONS)
def test_both_versions_at_work(
    version: str,
    package: Path,
    empty_url: str,
    redis_url: str,
    database_server: servers.Server,
    tmp_path: Path,
) -> None:
    assert subprocess.run(
        [sys.executable, "-m", "qtask_db", "install"],
        cwd=package,
        env=environment(empty_url, redis_url) | {"PYTHONPATH": str(package)},
        check=True,
        capture_output=True,
    ).stdout.endswith(f"holds qtask-db {version}, prefix qtask_\n".encode())
    with traffic(tmp_path, empty_url, redis_url, database_server) as running:
        running.start("old", package)
        running.until_all_do_much("old")
        install(empty_url, SETTINGS, report=lambda _: None)
        running.start("new", ROOT)
        running.until_all_do_much("old", "new")
        running.stop("producer-old", "worker-old", "relay-old")
        running.stop("producer-new")
        running.until_all_have_ended()
        running.stop("worker-new", "relay-new")
        running.judge()
    # What a change of a table does to others: a deadlock, or a snapshot that is too old.
    assert [one for one in running.errors if not _is_conflict(one)] == []
    assert re.findall(r".*(?:WARNING|ERROR|Traceback).*", running.logs()) == []
