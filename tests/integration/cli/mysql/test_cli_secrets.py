"""No command ever shows a password, whether it succeeds or fails, wherever the URLs come from."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import redis as redis_py
from click.testing import CliRunner
from command_line import COMMANDS, PAYLOAD, Qtask, wait_for
from go_library import GoTables
from testing import execute, new

from qtask_db import Connection
from qtask_db.cli import main

WORDS = ("Hush", "Word")  # a piece of the password is too much, too
PASSWORD = "Hush/@:%?#'Word"
RAW = "app:Hush/?#Word"  # as somebody writes it who does not know about %2F
WORKER = """\
import os
from qtask_db import Worker
worker = Worker(os.environ["QTASK_DATABASE_URL"], os.environ["QTASK_REDIS_URL"])
@worker.handler("Q")
def handle(job):
    raise RuntimeError("cannot open " + os.environ["QTASK_DATABASE_URL"])
"""
ARGUMENTS: dict[str, list[Any]] = {
    "install": [], "uninstall": ["--prefix", "absent_", "--yes"], "render": [], "doctor": [],
    "config": [], "create": ["bind", PAYLOAD, 3600, "Q"], "delay": ["bind", PAYLOAD, 0, 3600, "Q"],
    "explain": ["{task}"], "list": [], "cancel": ["{task}"], "retry": ["{task}"], "stats": [],
    "pause": ["Q"], "resume": ["Q"], "delivery": ["R", "direct"], "expire": [], "purge": [],
    "audit": [], "redrive": ["Q"], "ps": [], "fail": ["{task}"], "schedule": ["list"],
    "remove-queue": ["TYPO", "--yes"],
}  # fmt: skip
SERVICES: dict[str, list[Any]] = {
    "relay": ["--log-level", "debug"],
    "worker": ["hushed:worker", "--log-level", "debug"],
}


@pytest.fixture
def urls(
    conn: Connection, database_url: str, redis_url: str, redis: redis_py.Redis
) -> Iterator[tuple[str, str]]:
    """Accounts of both servers that have the password."""
    parts = urlsplit(database_url)
    quoted = PASSWORD.replace("'", "''")
    execute(conn, f"CREATE USER hushed IDENTIFIED BY '{quoted}'")
    execute(conn, f"GRANT ALL ON {parts.path[1:]}.* TO hushed")
    redis.acl_setuser(
        "hushed", enabled=True, passwords=f"+{PASSWORD}", keys="*", commands=["+@all"]
    )
    login = f"hushed:{quote(PASSWORD, safe='')}"
    server = urlsplit(redis_url)
    yield (
        f"mysql://{login}@{parts.hostname}:{parts.port}{parts.path}",
        f"redis://{login}@{server.hostname}:{server.port}/0",
    )
    redis.acl_deluser("hushed")
    execute(conn, "DROP USER hushed")


@pytest.fixture
def run(qtask: Qtask, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Qtask:
    (qtask.folder / "hushed.py").write_text(WORKER)
    monkeypatch.chdir(qtask.folder)
    qtask.secrets |= set(WORDS)
    qtask.env |= {"QTASK_DATABASE_URL": urls[0], "QTASK_REDIS_URL": urls[1]}
    return qtask


def test_every_command_is_here() -> None:
    assert {*ARGUMENTS, *SERVICES, "import-original"} == set(COMMANDS)


def silent(run: Qtask, *args: Any, **env: str | None) -> int:
    """Runs it in this process, with and without tracebacks; returns how it ended."""
    for before in ([], ["--debug"]):
        logging.getLogger().handlers.clear()
        result = CliRunner().invoke(
            main, [*before, *map(str, args)], env={**run.env, **env}, standalone_mode=True
        )
        for word in WORDS:
            assert word not in result.output, (word, args)
    return result.exit_code


@pytest.mark.parametrize("command", ARGUMENTS)
def test_success(run: Qtask, conn: Connection, command: str, urls: tuple[str, str]) -> None:
    task_id = new(conn)
    args = [command, *(task_id if a == "{task}" else a for a in ARGUMENTS[command])]
    assert run(*args).code in (0, 1)
    if command != "render":
        assert silent(run, *args, "--database", urls[0], QTASK_DATABASE_URL=None) in (0, 1)


@pytest.mark.parametrize("command", SERVICES)
def test_a_service(run: Qtask, conn: Connection, redis: redis_py.Redis, command: str) -> None:
    """Its log, with a handler that fails and says the URL."""
    new(conn)
    other = next(iter(set(SERVICES) - {command}))
    processes = [run.start(name, *SERVICES[name]) for name in (command, other)]
    wait_for(lambda: not redis.llen("Q") and _attempts(conn))
    for process in processes:
        process.send_signal(signal.SIGTERM)
    said = "".join("".join(process.communicate(timeout=30)) for process in processes)
    assert "cannot open mysql://hushed:***@" in said
    for word in WORDS:
        assert word not in said


def _attempts(conn: Connection) -> int:
    with conn.raw.cursor() as cursor:
        cursor.execute(f"SELECT MAX(attempts) FROM {conn.prefix}task WHERE last_error IS NOT NULL")
        return int(cursor.fetchone()[0] or 0)


WRONG_DATABASES = {
    "password": "mysql://hushed:HushWord@{host}/qtask",
    "host": "mysql://hushed:HushWord@127.0.0.1:1/qtask",
    "schema": "mysql://hushed:{quoted}@{host}/absent",
    "raw": f"mysql://{RAW}@{{host}}/qtask",
    "at": "mysql://app:1/Hush@Word@{host}/qtask",
    "blank": "mysql://app:Hush Word@{host}/qtask",
    "scheme": "postgres://app:HushWord@{host}/qtask",
    "no scheme": "app:HushWord@{host}/qtask",
    "option": "mysql://app:HushWord@{host}/qtask?nonsense=1",
    "port": "mysql://app:HushWord@127.0.0.1:port/qtask",
}


@pytest.mark.parametrize("wrong", WRONG_DATABASES)
def test_a_wrong_database_url(run: Qtask, database_url: str, wrong: str, tmp_path: Path) -> None:
    host = urlsplit(database_url).netloc.rpartition("@")[2]
    url = WRONG_DATABASES[wrong].format(host=host, quoted=quote(PASSWORD, safe=""))
    file = tmp_path / "url"
    file.write_text(url)
    for args in (["list"], ["doctor"], ["relay"], ["worker", "hushed:worker"], ["install"]):
        assert silent(run, *args, QTASK_DATABASE_URL=url) in (1, 3)
    assert silent(run, "stats", "--database", url) == 3
    assert silent(run, "stats", QTASK_DATABASE_URL=None, QTASK_DATABASE_URL_FILE=str(file)) == 3
    assert silent(run, "uninstall", "--yes", url) == 3
    assert silent(run, "uninstall", url) in (2, 3)


def test_an_import(run: Qtask, conn: Connection, urls: tuple[str, str]) -> None:
    """Of which another URL is an argument."""
    command = ["import-original", "--quiet", "1"]
    wrong = urls[0].replace("@", "x@")
    assert silent(run, *command, urls[0]) == 3  # no tables are there
    go = GoTables(conn)
    try:
        go.add(msg_content="no JSON")
        assert silent(run, *command, urls[0]) == 1
        assert silent(run, *command, QTASK_SOURCE_URL=urls[0]) == 1
        assert silent(run, *command, wrong) == 3
        assert silent(run, *command, QTASK_SOURCE_URL=wrong) == 3
    finally:
        go.drop()


WRONG_REDIS = {
    "password": "redis://hushed:HushWord@{host}/0",
    "host": "redis://hushed:HushWord@127.0.0.1:1/0",
    "raw": f"redis://{RAW}@{{host}}/0",
    "scheme": "http://:HushWord@{host}/0",
    "database": "redis://:HushWord@{host}/zero",
    "option": "redis://:HushWord@{host}/0?nonsense=1",
}


@pytest.mark.parametrize("wrong", WRONG_REDIS)
def test_a_wrong_redis_url(run: Qtask, redis_url: str, wrong: str, tmp_path: Path) -> None:
    url = WRONG_REDIS[wrong].format(host=urlsplit(redis_url).netloc.rpartition("@")[2])
    file = tmp_path / "url"
    file.write_text(url)
    for args in (["relay"], ["worker", "hushed:worker"]):
        assert silent(run, *args, QTASK_REDIS_URL=url) == 3
    for args in (["doctor"], ["stats"], ["create", "bind", PAYLOAD, 60, "Q"]):
        assert silent(run, *args, QTASK_REDIS_URL=url) in (0, 1, 3)
        silent(run, *args, "--redis", url)
        silent(run, *args, QTASK_REDIS_URL=None, QTASK_REDIS_URL_FILE=str(file))
