"""Runs `qtask` in processes of its own, and holds what is true of every command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from testing import until

from qtask_db import calls
from qtask_db.constants import Status
from qtask_db.database import Connection

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = (
    "install", "uninstall", "render", "doctor", "config", "relay", "worker", "ps", "create",
    "delay", "explain", "list", "cancel", "retry", "fail", "schedule", "stats", "pause", "resume",
    "delivery", "expire", "purge", "audit", "redrive", "remove-queue", "import-original",
)  # fmt: skip
PAYLOAD = '{"order_no": "8973"}'
AWAY = "127.0.0.1:1"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Qtask:
    """Runs commands in processes of their own, and holds what is true of every one of them."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self.folder = folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("QTASK_", "COLUMNS"))}
        self.env |= {
            "QTASK_DATABASE_URL": database_url,
            "QTASK_REDIS_URL": redis_url,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        self._started: list[subprocess.Popen[str]] = []
        self.secrets = {f":{urlsplit(database_url).password}@", "s3cret", "s3cr/et"}

    def __call__(self, *args: object, input: str = "", **env: str | None) -> Result:
        process = self.start(*args, **env)
        out, err = process.communicate(input, timeout=120)
        return self.checked(Result(process.returncode, out, err))

    def start(
        self,
        *args: object,
        terminal: int = subprocess.PIPE,
        stdin: int = subprocess.PIPE,
        **env: str | None,
    ) -> subprocess.Popen[str]:
        merged = self.env | {k: v for k, v in env.items() if v is not None}
        for name in (name for name, value in env.items() if value is None):
            merged.pop(name, None)
        process = subprocess.Popen(
            [sys.executable, "-m", "qtask_db", *map(str, args)],
            cwd=self.folder,
            env=merged,
            text=True,
            stdin=stdin,
            stdout=terminal,
            stderr=terminal,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kills what a test that failed has left: it would take the tasks of all later ones."""
        for process in self._started:
            process.kill()

    def checked(self, result: Result) -> Result:
        for secret in self.secrets:
            assert secret not in result.out + result.err
        assert "Traceback" not in result.err
        assert "\x1b[" not in result.out, "what goes to a pipe is plain"
        if result.code:
            lines = result.err.strip().splitlines()
            assert lines or result.code == 1, "a failure says why"
            last = lines[-1] if lines else "qtask: "
            assert last.startswith("qtask: ") or re.match(r"\d{4}-\d\d-\d\dT", last), result.err
        return result

    def fails(self, code: int, *args: object, input: str = "", **env: str | None) -> str:
        """Run what must fail, and return its one line on stderr."""
        result = self(*args, input=input, **env)
        assert result.code == code, result
        assert len(result.err.splitlines()) == 1, result.err
        return result.err.strip()


def create(qtask: Qtask, *options: str, queue: str = "Q", name: str = "bind") -> int:
    result = qtask("create", name, PAYLOAD, 3600, queue, *options)
    assert result.code == 0, result
    return int(result.out)


def status(conn: Connection, task_id: int) -> Status:
    return calls.explain(conn, task_id).status


def wait_for(what: Callable[[], object]) -> None:
    until(what)


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str, float]:
    began = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return process.returncode, err, time.monotonic() - began
