"""docs/guides/installing.md and the README, walked from nothing to tasks that are done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
import servers
from examples import ROOT, all_blocks, statements
from testing import execute, query, until

from qtask_db import Connection, Database, calls
from qtask_db.schema.render import ROLES

ACCOUNTS = ("owner", "app", "producer", "worker", "relay", "operator", "monitor")
ELSEWHERE = ("python3 -m venv", ". .venv/", "pip ")
"""Lines that have been done where tests run."""
SERVICES = ("qtask relay", "qtask worker")
LONGEST = 100.0
"""Seconds that a service may take: on a busy machine Python alone needs several to start."""
UNTRIED = re.compile(r"…|17|relay|worker|--watch|render|uninstall|install|remove-queue|--servers")
"""Commands in the README's text that need more than it says there, or that do not end."""


@pytest.fixture
def nothing(root: Connection) -> Iterator[None]:
    """A server that knows nothing of the accounts and the database of the document."""
    names = ", ".join(f"'{account}'" for account in ACCOUNTS)
    if query(root, "SHOW DATABASES LIKE 'shop'") or query(
        root, f"SELECT user FROM mysql.user WHERE user IN ({names})"
    ):
        pytest.skip("the server has a database shop, or an account of the document: drop them")
    before = root.raw.db.decode()
    yield
    execute(root, f"USE {before}")
    execute(root, "DROP DATABASE IF EXISTS shop")
    for account in ACCOUNTS:
        execute(root, f"DROP USER IF EXISTS {account}@'%'")
    for role in ROLES:
        execute(root, f"DROP ROLE IF EXISTS qtask_{role}")


class Walk:
    """Does what the blocks say, on servers of the test's."""

    def __init__(self, root: Connection, url: str, redis: redis.Redis, folder: Path) -> None:
        self._root, self._redis, self._folder = root, redis, folder
        self._engine = "mariadb" if "MariaDB" in root.raw.get_server_info() else "mysql"
        database = urlsplit(url)
        place = redis.connection_pool.connection_kwargs
        server = f"{place['host']}:{place['port']}"
        self._places = {
            "127.0.0.1:3306": f"{database.hostname}:{database.port}",
            "redis://127.0.0.1:6379": f"redis://:{place['password']}@{server}",
            "127.0.0.1:6379": server,
        }
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": path}

    def sql(self, block: str) -> None:
        for statement in statements(block, self._engine):
            execute(self._root, statement)

    def python(self, block: str) -> None:
        """A program, or the module that a comment names."""
        name = re.match(r"# (\w+\.py)\n", block)
        (self._folder / (name[1] if name else "program.py")).write_text(block, encoding="utf-8")
        if not name:
            self.sh("python program.py")

    def redis(self, block: str) -> None:
        for line in block.splitlines():
            self._redis.execute_command(*line.split())

    def sh(self, block: str) -> str:
        for written, real in self._places.items():
            block = block.replace(written, real)
        said = ""
        for line in block.splitlines():
            if export := re.fullmatch(r"export (\w+)='(.*)'", line):
                self.environment[export[1]] = export[2]
            elif script := re.fullmatch(r"mysql -u root -p (\w+) < (\S+)", line):
                execute(self._root, f"USE {script[1]}")
                self.sql((self._folder / script[2]).read_text(encoding="utf-8"))
            elif line.startswith(SERVICES):
                said += self.serve(line)
            elif not line.startswith(ELSEWHERE):
                said += self._run(line)
        return said

    def serve(self, line: str, done: Callable[[], object] = lambda: True) -> str:
        """Runs a service until it has started and this is done, then asks it to end."""
        log = self._folder / "service.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                line.split(), cwd=self._folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            until(lambda: "started" in log.read_text() or process.poll() is not None, LONGEST)
            until(lambda: done() or process.poll() is not None, LONGEST)
            process.terminate()
            status = process.wait(LONGEST)
        finally:
            process.kill()
            process.wait()
            print(log.read_text())
        assert status == 0, line
        return log.read_text()

    def _run(self, line: str) -> str:
        done = subprocess.run(
            ["sh", "-c", line], cwd=self._folder, env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.mark.usefixtures("nothing")
def test_the_document_leads_from_nothing_to_a_running_installation(
    root: Connection, database_server: servers.Server, redis: redis.Redis, tmp_path: Path
) -> None:
    walk = Walk(root, database_server.url, redis, tmp_path)
    said = [getattr(walk, kind)(block) for kind, block in all_blocks("docs/guides/installing.md")]
    assert "waiting" in said[-2]
    assert "started" in said[-1]
    assert redis.llen("GCR:ORDER:BIND")
    execute(root, "REVOKE qtask_producer FROM producer@'%'")
    walk.sql((tmp_path / "producer.sql").read_text(encoding="utf-8"))
    url = walk.environment["QTASK_DATABASE_URL"].replace("relay", "producer")
    with Database(url).connect() as conn:
        assert calls.create(conn, "job", {}, 60, "Q").created
        names = query(conn, "SELECT DISTINCT specific_name FROM information_schema.parameters")
        assert ("qtask_create_task",) in names, "drivers can read its parameters"


@pytest.mark.usefixtures("nothing")
def test_the_readme_leads_from_nothing_to_tasks_that_are_done(
    root: Connection, database_server: servers.Server, redis: redis.Redis, tmp_path: Path
) -> None:
    walk = Walk(root, database_server.url, redis, tmp_path)
    found = all_blocks("README.md")

    def block(words: str) -> str:
        return next(text for _, text in found if words in text)

    walk.sql(block("CREATE DATABASE"))
    walk.sh(block("qtask install"))
    walk.sh("qtask render --grants -o grants.sql\nmysql -u root -p shop < grants.sql")
    walk.sql(block("CREATE USER app"))
    for program in (text for kind, text in found if kind == "python"):
        walk.python(program)
    walk.sql(block("CALL qtask_create_task("))
    assert "8976" in walk.sh(block("qtask explain"))
    # A relay pushes what nobody has, the worker does it.
    in_sql = '"8975"'
    walk.serve("qtask relay", lambda: in_sql in str(redis.lrange("GCR:ORDER:BIND", 0, -1)))
    active = "SELECT task_id FROM qtask_task WHERE name = 'bind order' AND lane <> 0"
    assert len(query(root, active)) == 4
    said = walk.serve("qtask worker orders:worker", lambda: not query(root, active))
    assert "finished=4" in said
    inline = re.findall(r"`(qtask [^`]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    for line in dict.fromkeys(" ".join(command.split()) for command in inline):
        if line.count(" ") > 1 and not UNTRIED.search(line):
            walk.sh(line)
