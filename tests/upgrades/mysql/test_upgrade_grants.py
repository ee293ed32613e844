"""An upgrade by the account that the guide makes, under callers with a role and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
import pytest
import servers
from examples import blocks, statements
from releases import VERSIONS
from testing import execute, query

from qtask_db import Connection, Database
from qtask_db.install import install
from qtask_db.schema.render import ROLES

GUIDE = "docs/guides/installing.md"
PARTS = {"shop": "qtask_guide", "owner": "qtask_guide_own", "app": "qtask_guide_app"}


def guide(engine: str, part: str) -> list[str]:
    """The statements of the guide's block that makes the owner or the application."""
    (block,) = (text for text in blocks(GUIDE, "sql") if part in text)
    named = re.sub(r"\b(shop|owner|app)(?=\b[@.* ])", lambda m: PARTS[m[1]], block)
    return statements(named, engine)


@pytest.fixture
def root(database_server: servers.Server) -> Iterator[Connection]:
    with Database(database_server.url).connect() as conn:
        yield conn


@pytest.fixture
def url_of(
    engine: str, root: Connection, database_server: servers.Server
) -> Iterator[Callable[[str], str]]:
    """The accounts of the guide, but for the roles."""
    parts = urlsplit(database_server.url)
    host = parts.netloc.rpartition("@")[2]

    def url_of(who: str) -> str:
        return parts._replace(
            netloc=f"{PARTS[who]}:secret@{host}", path=f"/{PARTS['shop']}"
        ).geturl()

    for statement in guide(engine, "CREATE DATABASE shop"):
        execute(root, statement)
    try:
        yield url_of
    finally:
        execute(root, f"DROP DATABASE {PARTS['shop']}")
        for name in ("owner", "app"):
            execute(root, f"DROP USER IF EXISTS {PARTS[name]}@'%'")
        for role in ROLES:
            execute(root, f"DROP ROLE IF EXISTS qtask_{role}")


def run(package: Path, url: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "qtask_db", *arguments],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package), "QTASK_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


DEADLOCK = 1213
CALLS = (
    "CALL qtask_create_task('job', '{}', 60, 'Q', NULL, @id, @created, @pushable)",
    "CALL qtask_create_tasks('[]')",
    "CALL qtask_start_task(@id, NULL, @attempt)",
    "CALL qtask_finish_task(@id, @attempt)",
    "CALL qtask_start_tasks('[]')",
)


def through_deadlocks(conn: Connection, statement: str) -> None:
    while True:
        try:
            return execute(conn, statement)
        except pymysql.OperationalError as error:
            if error.args[0] != DEADLOCK:
                raise


@pytest.mark.parametrize("version", VERSIONS)
def test_nobody_is_refused(
    version: str, engine: str, package: Path, root: Connection, url_of: Callable[[str], str]
) -> None:
    del version
    run(package, url_of("owner"), "install")
    execute(root, f"USE {PARTS['shop']}")
    grants = run(package, "", "render", "--grants")
    for statement in re.sub(r"^--.*$", "", grants, flags=re.MULTILINE).split(";"):
        if statement.strip():
            execute(root, statement)
    for statement in guide(engine, "GRANT qtask_app"):
        execute(root, statement)
    installed, made = threading.Event(), [0, 0, 0]

    def call(which: int) -> None:
        """As any program does that knows nothing of upgrades: only a deadlock is repeated. A call
        that has read a table meets one if it writes it while the installer waits for the table.
        """
        with Database(url_of("app")).connect() as conn:
            while not installed.is_set():
                for statement in CALLS:
                    through_deadlocks(conn, statement)
                made[which] += 1

    with ThreadPoolExecutor(len(made)) as pool:
        callers = [pool.submit(call, which) for which in range(len(made))]
        try:
            before = 0
            for limit in ("60000", "60001", "60002"):
                install(url_of("owner"), {"payload_limit": limit}, report=lambda _: None)
                assert sum(made) > before
                before = sum(made)
        finally:
            installed.set()
        for caller in callers:
            caller.result()
    with Database(url_of("app")).connect() as conn:
        # The old version did not have this procedure.
        execute(conn, "CALL qtask_return_tasks('[]', @returned)")
    assert query(root, f"SELECT COUNT(*) FROM {PARTS['shop']}.qtask_task WHERE lane <> 0") == [(0,)]
