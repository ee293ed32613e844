"""Ways to install, and a look at what is there then."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from testing import new, query

from qtask_db import Database, calls
from qtask_db.install import install
from qtask_db.schema.render import INDEX, Renderer
from qtask_db.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
PROCEDURES = Renderer("mysql", Settings()).procedures
MakeUrl = Callable[..., str]


def quiet_install(url: str, **settings: str) -> None:
    install(url, settings, report=lambda _: None)


def yoyo(url: str, **env: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with NamedTemporaryFile("w", suffix=".ini") as file:  # a command line tells the password
        file.write(f"[DEFAULT]\ndatabase = {url}\n")
        file.flush()
        command = ["yoyo", "apply", "--batch", "--config", file.name, "migrations/mysql"]
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, **env},
            capture_output=True,
            text=True,
            check=False,
        )


def names(url: str) -> set[str]:
    """All tables, views and procedures of a database."""
    with Database(url).connect() as conn:
        rows = query(
            conn,
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
            "UNION ALL SELECT routine_name FROM information_schema.routines "
            "WHERE routine_schema = DATABASE()",
        )
    return {name for (name,) in rows}


def ours(prefix: str = "qtask_") -> set[str]:
    """The tables, views and procedures of every installation."""
    entries = [*INDEX["table"], *INDEX["view"], *PROCEDURES]
    return {prefix + entry["name"] for entry in entries}


def works(url: str, prefix: str = "qtask_") -> None:
    """A task lives."""
    with Database(url, prefix=prefix).connect() as conn:
        task_id = new(conn)
        batch = calls.scan(conn, "r")
        assert [m.task_id for m in batch.messages] == [task_id]
        calls.confirm(conn, batch.batch_id, "r")
        calls.processing(conn, task_id, 1)
        calls.finish(conn, task_id, 1)
        assert calls.purge(conn) == 1


def raise_for(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        raise RuntimeError(done.stderr)
