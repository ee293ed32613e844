"""Passwords stay where the user has put them, whatever happens to the programs that use them."""

from __future__ import annotations

import os
import pickle
import secrets
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis as redis_py
import servers
from testing import as_account, execute, new, query, until

from qtask_db import Client, Connection, Database, Relay, Worker
from qtask_db.errors import QtaskError
from qtask_db.task import Task
from qtask_db.transport.pushing import push_now
from qtask_db.transport.queues import Queues

ROOT = Path(__file__).resolve().parents[3]
RELAY = ["relay", "--log-level", "debug"]
WORK = ["worker", "orders:worker", "--log-level", "debug"]
CUSTOMER = f"customer{secrets.token_hex(8)}"
"""In payloads, which no log shows unless a handler does."""
SLEEPER = "import time; time.sleep(120)"
WORKER = f"""\
import faulthandler, os, subprocess, sys
from qtask_db import Worker
URLS = [os.environ[f"QTASK_{{name}}_URL"] for name in ("DATABASE", "REDIS")]
worker = Worker(*URLS)
@worker.handler("Q")
def handle(job):
    with open("dump", "w") as file:
        faulthandler.dump_traceback(file)
    subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
    raise RuntimeError(f"cannot open {{URLS}}")
"""


@dataclass
class World:
    """A user's machine, with what has been seen on it."""

    folder: Path
    database: str
    redis: str
    words: tuple[str, str]
    seen: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *args: str, **env: str) -> subprocess.Popen[str]:
        """`qtask` with its URLs in files, unless `env` says otherwise."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("QTASK_", "TMP"))}
        places = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "PYTHONPATH": str(ROOT)}
        files = {f"QTASK_{n}_URL_FILE": str(self.folder / n) for n in ("DATABASE", "REDIS")}
        process = subprocess.Popen(
            [sys.executable, "-m", "qtask_db", *args],
            cwd=self.folder,
            env=kept | places | files | env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    def end(self, process: subprocess.Popen[str]) -> str:
        """Its output, after it has ended."""
        said = "\n".join(process.communicate(timeout=60))
        self.seen[f"output of {process.args}"] = said
        return said

    def look(self, process: psutil.Process) -> None:
        """Notes the command line and the environment of a process."""
        for name in ("cmdline", "environ"):
            self.seen[f"{name} of {process.pid}"] = Path(f"/proc/{process.pid}/{name}").read_text()

    def note(self, name: str, *things: object) -> None:
        self.seen[name] = self.seen.get(name, "") + "\n".join(map(str, things))

    def found(self) -> dict[str, str]:
        """The texts in which a password is seen, with their places."""
        return {k: v for k, v in self.seen.items() if any(word in v for word in self.words)}


@pytest.fixture
def world(
    conn: Connection, database_url: str, redis: redis_py.Redis, redis_url: str, tmp_path: Path
) -> Iterator[World]:
    words = (f"canary{secrets.token_hex(8)}", f"canary{secrets.token_hex(8)}")
    execute(conn, f"CREATE USER canary@'%' IDENTIFIED BY '{words[0]}'")
    execute(conn, f"GRANT ALL ON {servers.DATABASE}.* TO canary@'%' WITH GRANT OPTION")
    redis.acl_setuser(
        "canary", enabled=True, passwords=f"+{words[1]}", keys="*", commands=["+@all"]
    )
    given = zip((database_url, redis_url), words, strict=True)
    urls = [as_account(url, "canary", word) for url, word in given]
    for name, url in zip(("DATABASE", "REDIS"), urls, strict=True):
        (tmp_path / name).write_text(url)
    (tmp_path / "orders.py").write_text(WORKER)
    made = World(tmp_path, *urls, words)
    yield made
    for process in made.started:
        for child in psutil.Process(process.pid).children() if process.poll() is None else ():
            child.kill()
        process.kill()
        process.wait()
    redis.acl_deluser("canary")
    execute(conn, "DROP USER canary@'%'")


def test_programs(
    world: World, conn: Connection, redis: redis_py.Redis, database_server: servers.Server
) -> None:
    payload = f'{{"card": "{CUSTOMER}"}}'
    redis.rpush("Q", payload, payload[:-1], "\xff" + payload)
    create = ["create", "a", payload, "1h", "Q"]
    for args in (["install"], ["doctor"], ["doctor", "--json"], create):
        world.end(world.start(*args))
    task_id = new(conn, delay=0)
    services = [world.start(*args) for args in (RELAY, WORK)]
    until(lambda: query(conn, f"SELECT COUNT(last_error) FROM {conn.prefix}task") == [(2,)], 30)
    world.note("explain", query(conn, f"SELECT last_error FROM {conn.prefix}task"))
    assert "***" in world.seen["explain"], task_id
    for process in services:
        world.look(psutil.Process(process.pid))
        for child in psutil.Process(process.pid).children():
            world.look(child)
            child.kill()
    assert len(world.seen) > 10, "the handlers have children"
    world.note("Redis", redis.client_list(), redis.slowlog_get(), redis.acl_log())
    with Database(database_server.url).connect() as root:
        world.note("sessions", *query(root, "SHOW FULL PROCESSLIST"))
        for table in _statements(root):
            world.note(table, *query(root, f"SELECT * FROM performance_schema.{table}"))
    for process in services:
        process.send_signal(signal.SIGTERM)
    assert "cannot open" in "".join(map(world.end, services))
    for name in (name for (name,) in query(conn, "SHOW TABLES")):
        world.note(f"table {name}", *query(conn, f"SELECT * FROM {name}"))
    for key in redis.scan_iter():
        world.note(f"key {key}", redis.dump(key))
    for path in world.folder.rglob("*"):
        if path.is_file() and path.name not in ("DATABASE", "REDIS"):
            world.note(f"file {path}", path.read_bytes())
    assert f"file {world.folder / 'dump'}" in world.seen
    assert world.found() == {}
    said = [text for name, text in world.seen.items() if name.startswith("output")]
    assert "".join(said).count("is set aside") == 3
    assert not any(CUSTOMER in text for text in said)


def _statements(root: Connection) -> list[str]:
    """What a server keeps of statements and sessions; the tests' own CREATE USER is another's."""
    rows = query(
        root,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = "
        "'performance_schema' AND (table_name LIKE 'events_statements_history%' OR "
        "table_name LIKE 'events_statements_summary_by_digest' "
        "OR table_name IN ('session_connect_attrs', 'session_account_connect_attrs'))",
    )
    return [name for (name,) in rows]


WRONG: dict[str, Callable[[World], tuple[str, str]]] = {
    "host": lambda w: (w.database.replace("127.0.0.1", "127.0.0.2"), w.redis),
    "port": lambda w: (w.database.replace(":", ":x", 3), w.redis),
    "no slashes": lambda w: (w.database.replace("://", ":"), w.redis),
    "no scheme": lambda w: (w.database.partition("://")[2], w.redis),
    "database": lambda w: (f"{w.database}x", w.redis),
    "user": lambda w: (w.database.replace("canary:", "cana:"), w.redis),
    "redis host": lambda w: (w.database, w.redis.replace("127.0.0.1", "127.0.0.2")),
    "redis user": lambda w: (w.database, w.redis.replace("canary:", "cana:")),
    "redis no slashes": lambda w: (w.database, w.redis.replace("://", ":")),
    "redis no scheme": lambda w: (w.database, w.redis.partition("://")[2]),
}


def test_wrong_urls(world: World) -> None:
    """Those that `tests/integration/cli/mysql/test_cli_secrets.py` has not."""
    processes = []
    for wrong in ("no slashes", "redis user", "redis no slashes", "redis no scheme"):
        database, redis_url = WRONG[wrong](world)
        env = {"QTASK_DATABASE_URL": database, "QTASK_REDIS_URL": redis_url}
        processes.append(world.start("--debug", "relay", **env))
    assert all(map(world.end, processes))
    assert world.found() == {}


def test_objects_and_errors(world: World) -> None:
    """In a program of the user's: what it logs, and sends to others."""
    database = Database(world.database)
    with database.connect() as conn:
        shown: list[Any] = [database, conn, conn.raw, conn.dialect]
        shown += [Client(database, world.redis), Relay(database, world.redis)]
        shown += [Worker(database, world.redis), Queues(world.redis)]
        for thing in shown:
            world.note(type(thing).__name__, repr(thing), str(thing))
    for wrong, change in WRONG.items():
        for error in _errors(*change(world)):
            whole = [error, *filter(None, (error.__cause__, error.__context__))]
            world.note(wrong, *traceback.format_exception(error))
            world.note(wrong, *(f"{one!r} {one.args} {vars(one)}" for one in whole))
            world.note(wrong, pickle.dumps(error))
    assert set(WRONG) < set(world.seen)
    assert world.found() == {}


def _errors(database: str, redis_url: str) -> Iterator[BaseException]:
    task = Task(1, "Q", "{}", created=True, pushable=True)
    uses: tuple[Callable[[], object], ...] = (
        lambda: Database(database).connect(),
        lambda: push_now(redis_url, [task]),
        lambda: Client(database, redis_url).create("job", {}, 60, "Q"),
        lambda: Worker(database, redis_url).check(),
        lambda: Relay(database, redis_url).run(),
    )
    for use in uses:
        try:
            use()
        except QtaskError as error:
            yield error
