"""Does what a guide says, block by block, on servers of the test's.

A block of `sh`, `python`, `sql` or `redis` is run. A block of `text` behind it is what it must say,
in which `…` stands for anything, and a time for any time. A block of Python whose first line is
`# name.py` is a file, each other one a program. A service runs until all is done that is due soon;
a relay whose log is not shown runs until the end of the guide.
"""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from examples import all_blocks, statements
from testing import query

from qtask_db import Connection

SOON = 10
"""Seconds: what becomes due later is not waited for."""
UNSETTLED = """
    SELECT task_id, queue, status
    FROM {0}task AS task JOIN {0}queue AS queue ON queue.queue_id = task.queue_id
    WHERE lane <> 0 AND paused_at IS NULL
      AND (due_at < UTC_TIMESTAMP(3) + INTERVAL {1} SECOND OR {2})
"""
LEFT = {"relay": "FALSE", "worker": "status = 30 OR batch_id > 0"}
"""Tasks that each has to do beside those that are due: a worker does those that are queued."""
PATIENCE = 60
ANYTHING = "…"
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?")


class Guide:
    """One walk through a document, in a folder of its own."""

    def __init__(
        self, conn: Connection, client: redis.Redis, environment: dict[str, str], folder: Path
    ) -> None:
        self._conn, self._client, self._folder = conn, client, folder
        self._engine = "mariadb" if "MariaDB" in conn.raw.get_server_info() else "mysql"
        self._environment = environment
        self._shown = False
        self._relays: list[subprocess.Popen[str]] = []
        self._all: list[subprocess.Popen[str]] = []

    def walk(self, document: str) -> Iterator[tuple[str, str, str]]:
        """Each block with what it has said and what it was to say."""
        blocks = all_blocks(document)
        for (kind, block), (next_kind, following) in zip(
            blocks, [*blocks[1:], ("", "")], strict=True
        ):
            expected = following.strip() if next_kind == "text" else ANYTHING
            if kind in ("sh", "python", "sql", "redis"):
                self._shown = expected != ANYTHING
                yield block, getattr(self, f"_{kind}")(block).strip(), expected

    def end(self) -> None:
        """Stops the relays as an operator would."""
        while self._relays:
            relay = self._relays.pop()
            relay.send_signal(signal.SIGTERM)
            _, log = relay.communicate(timeout=PATIENCE)
            assert relay.returncode == 0, log

    def kill(self) -> None:
        """Ends what a failed test has left: it would take the tasks of all later tests."""
        for process in self._all:
            process.kill()

    def _python(self, block: str) -> str:
        name = re.match(r"# (\w+\.py)\n", block)
        path = self._folder / (name[1] if name else "program.py")
        path.write_text(block, encoding="utf-8")
        return "" if name else self._finished(["python", path.name])

    def _sh(self, block: str) -> str:
        said = ""
        for line in block.replace("\\\n", "").splitlines():
            words = shlex.split(line, comments=True)
            if words[:2] == ["qtask", "relay"] and not self._shown:
                self._relays.append(self._started(words))
            elif words[:1] == ["qtask"] and words[1] in LEFT:
                said += self._served(words)
            elif words:
                said += self._finished(["sh", "-c", line])
        return said

    def _sql(self, block: str) -> str:
        said = ""
        for statement in statements(block, self._engine):
            with self._conn.raw.cursor() as cursor:
                cursor.execute(statement)
                if cursor.description:
                    said += table([c[0] for c in cursor.description], cursor.fetchall())
        return said

    def _redis(self, block: str) -> str:
        replies = [self._client.execute_command(*shlex.split(line)) for line in block.splitlines()]
        return "\n".join(map(str, replies))

    def _finished(self, words: list[str]) -> str:
        done = self._started(words)
        said, errors = done.communicate(timeout=PATIENCE)
        assert done.returncode == 0, f"{words}\n{said}{errors}"
        return said + errors

    def _served(self, words: list[str]) -> str:
        service = self._started(words)
        left = UNSETTLED.format(self._conn.prefix, SOON, LEFT[words[1]])
        end = time.monotonic() + PATIENCE
        while service.poll() is None and (rows := query(self._conn, left)):
            assert time.monotonic() < end, f"{words}: {rows}"
            time.sleep(0.05)
        service.send_signal(signal.SIGTERM)
        said, log = service.communicate(timeout=PATIENCE)
        assert service.returncode == 0, log
        return said + log

    def _started(self, words: list[str]) -> subprocess.Popen[str]:
        if words[0] in ("python", "qtask"):
            words = [str(Path(sys.executable).parent / words[0]), *words[1:]]
        process = subprocess.Popen(
            words, cwd=self._folder, env=self._environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._all.append(process)
        return process


def table(names: list[str], rows: Any) -> str:
    """As the servers' own client shows it, but with all cells to the left."""
    lines = [names, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    shown = [
        "|" + "|".join(f" {cell:<{width}} " for cell, width in zip(line, widths, strict=True)) + "|"
        for line in lines
    ]
    return "\n".join([rule, shown[0], rule, *shown[1:], rule, ""])


def fits(said: str, expected: str) -> bool:
    """Whether it is what the document shows."""
    words = [re.escape(part) for part in plain(expected).split("…")]
    return re.fullmatch(".*?".join(words), plain(said), re.DOTALL) is not None


def plain(text: str) -> str:
    """Without what differs from run to run: times, and so the widths of columns."""
    return re.sub(r"-{2,}", "--", re.sub(r" {2,}", " ", TIME.sub("TIME", text)))
