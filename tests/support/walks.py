"""Walks through a document: does what its blocks say, on servers of the test's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from examples import statements
from schemas import run_script
from testing import as_account, execute, query, until

from qtask_db import Connection
from qtask_db.schema.render import ROLES

ELSEWHERE = ("python3 -m venv", ". .venv/", "pip ")
"""Lines that have been done on a machine that runs tests."""
ACCOUNTS = ("owner", "app", "producer", "worker", "relay", "operator", "monitor")
"""Those that the documents make."""
SERVICES = ("qtask relay", "qtask worker")
LONGEST = 100.0
"""Seconds that a service may take: on a busy machine Python alone needs several to start."""


@contextmanager
def untouched(root: Connection) -> Iterator[None]:
    """A server that knows nothing of the accounts and the database of the documents, in the end
    again.
    """
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
    """The databases, Redis and the shell of one reader."""

    def __init__(self, root: Connection, url: str, redis: redis.Redis, folder: Path) -> None:
        self._root, self._redis, self._folder = root, redis, folder
        self._engine = "mariadb" if "MariaDB" in root.raw.get_server_info() else "mysql"
        database = self._server = urlsplit(url)
        place = redis.connection_pool.connection_kwargs
        server = f"{place['host']}:{place['port']}"
        self._places = {
            "127.0.0.1:3306": f"{database.hostname}:{database.port}",
            "redis://127.0.0.1:6379": f"redis://:{place['password']}@{server}",
            "127.0.0.1:6379": server,
        }
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": path}

    def place(self, text: str) -> str:
        """With the addresses of the test's servers."""
        for written, real in self._places.items():
            text = text.replace(written, real)
        return text

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

    def sh(self, block: str, codes: tuple[int, ...] = (0,)) -> str:
        """The output of the lines, each of which ends with one of the codes."""
        said = ""
        for line in self.place(block).splitlines():
            if export := re.fullmatch(r"export (\w+)='(.*)'", line):
                self.environment[export[1]] = export[2]
            elif script := re.fullmatch(r"mysql -u (\w+) -p (\w+) < (\S+)", line):
                self._client(*script.groups())
            elif line.startswith(SERVICES):
                said += self.serve(line)
            elif not line.startswith(ELSEWHERE):
                said += self._run(line, codes)
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

    def _client(self, account: str, database: str, file: str) -> None:
        """As the vendor's client does; the administrator stays in the database."""
        url = self._server.geturl()
        if account == "root":
            execute(self._root, f"USE {database}")
        else:
            url = as_account(url, account, "secret")
        script = (self._folder / file).read_text(encoding="utf-8")
        run_script(urlsplit(url)._replace(path=f"/{database}").geturl(), script)

    def _run(self, line: str, codes: tuple[int, ...]) -> str:
        done = subprocess.run(
            ["sh", "-c", line], cwd=self._folder, env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in codes, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr
