"""Help, wrong command lines, wrong URLs, missing drivers, servers that are away."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import pytest
from command_line import AWAY, COMMANDS, PAYLOAD, Qtask
from redis import Redis
from testing import age

from qtask_db import calls
from qtask_db.constants import LIMIT
from qtask_db.database import Connection


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_parse(command: str, offline: Qtask) -> None:
    result = offline(command, "--help")
    assert result.code == 0
    assert "Examples:" in result.out
    assert f"qtask {command}" in result.out


def test_help_lists_every_command_and_the_exit_codes(offline: Qtask) -> None:
    result = offline("--help")
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", result.out, re.MULTILINE), command
    for code in (0, 1, 2, 3, 70, 130):
        assert re.search(rf"^ +{code}  \w", result.out, re.MULTILINE), code


def test_help_is_quick(offline: Qtask) -> None:
    """In seconds of the processor, as the machine may be busy with other tests."""

    def seconds() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    times = []
    for _ in range(6):
        before = seconds()
        offline("--help")
        times.append(seconds() - before)
    assert min(times) < 0.3


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["lst"], "No such command 'lst'"),
        (["create"], "Missing argument 'NAME'"),
        (["create", "a", "{}", "1x", "Q"], "'1x' is not a duration"),
        (["create", "a", "@/no/such/file", "60", "Q"], "cannot read /no/such/file"),
        (["list", "--foo"], "No such option '--foo'"),
        (["list", "--limit", "0"], f"0 is not in the range 1<=x<={LIMIT['rows']}"),
        (["list", "--status", "lost"], "'lost' is not one of"),
        (["cancel"], "Give TASK_IDs, or a filter such as --queue NAME, or --all"),
        (["cancel", "x"], "'x' is not a valid integer"),
        (["explain"], "Give a TASK_ID or --order-no"),
        (["explain", "1", "--order-no", "2"], "Give a TASK_ID or --order-no"),
        (["expire", "--chunk", "0"], "0 is not in the range"),
        (["purge", "--chunk", "0"], "0 is not in the range"),
        (["redrive"], "Give a QUEUE or --all"),
        (["redrive", "Q", "--all"], "Give a QUEUE or --all"),
        (["redrive", "Q", "--rate", "0"], "0 is not in the range"),
        (["stats", "--watch", "0"], "0.0 is not in the range"),
        (["relay", "--limit", "0"], "0 is not in the range"),
        (["relay", "--log-level", "loud"], "'loud' is not one of"),
        (["render", "--dialect", "db2"], "'db2' is not one of"),
        (["render", "-o", "/no/such/folder/x"], "cannot write /no/such/folder/x"),
        (["uninstall"], "pass --yes"),
        (["worker", "orders"], "is not MODULE:WORKER"),
        (["worker", "no_such_module:worker"], "no module 'no_such_module' in"),
        (["worker", "json:worker"], "has no 'worker'; it has no Worker at all"),
        (["worker", "json:dumps"], "json:dumps is not a qtask_db.Worker but of the type function"),
    ],
)
def test_a_wrong_command_line_is_2(offline: Qtask, args: list[str], text: str) -> None:
    result = offline(*args)
    assert result.code == 2, result
    assert text in result.err


def test_no_command_shows_the_help(offline: Qtask) -> None:
    process = offline.start()
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 2), "click 8.1 and 8.2 differ"
    assert "First steps" in out + err


def test_urls_from_files(qtask: Qtask, database_url: str, redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "database").write_text(database_url + "\n")
    (tmp_path / "redis").write_text(redis_url + "\n")
    env = {
        "QTASK_DATABASE_URL": None,
        "QTASK_DATABASE_URL_FILE": str(tmp_path / "database"),
        "QTASK_REDIS_URL": None,
        "QTASK_REDIS_URL_FILE": str(tmp_path / "redis"),
    }
    result = qtask("create", "bind", PAYLOAD, 60, "Q", "--json", **env)
    assert result.json["pushed"] is True


@pytest.mark.parametrize("content", [None, "", b"\xff\xfe"])
def test_a_bad_url_file(offline: Qtask, tmp_path: Path, content: str | bytes | None) -> None:
    file = tmp_path / "database"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    env = {"QTASK_DATABASE_URL": None, "QTASK_DATABASE_URL_FILE": str(file)}
    assert "QTASK_DATABASE_URL_FILE" in offline.fails(3, "list", **env)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (None, "pass --database mysql://user:password@host/schema or oracle://"),
        (None, "or set QTASK_DATABASE_URL or QTASK_DATABASE_URL_FILE"),
        ("nonsense", "mysql://"),
        ("foo://u:s3cret@host/x", "must begin with mysql://, mariadb:// or oracle://"),
        ("mysql://u:s3cret@host", "names no database"),
        ("mysql://u:s3cret@host:port/x", "qtask: "),
        ("mysql://u:s3cr/et@host/x", "qtask: "),
        ("mysql://u:s3cret@host/x?nonsense=1", "'nonsense' is not an option of a database URL"),
        (f"mysql://u:s3cret@{AWAY}/x", "check that the server is up"),
    ],
)
def test_a_wrong_database_url_is_3(offline: Qtask, url: str | None, text: str) -> None:
    assert text in offline.fails(3, "list", QTASK_DATABASE_URL=url)


def test_debug_shows_the_traceback_without_secrets(offline: Qtask) -> None:
    process = offline.start("--debug", "list", "-d", f"mysql://u:s3cret@{AWAY}/x")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "Traceback" in err
    assert "s3cret" not in err


def test_a_missing_driver_is_3(offline: Qtask, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['pymysql'] = None\n")
    path = os.pathsep.join([str(tmp_path), offline.env["PYTHONPATH"]])
    assert "pip install 'qtask-db[mysql]'" in offline.fails(3, "list", PYTHONPATH=path)
    assert offline("--help", PYTHONPATH=path).code == 0


@pytest.mark.parametrize(
    "args",
    [
        ["list"], ["stats"], ["explain", "1"], ["cancel", "1"], ["retry", "1"], ["pause", "Q"],
        ["resume", "Q"], ["expire"], ["purge"], ["audit"], ["redrive", "Q"], ["relay"],
        ["remove-queue", "Q", "--yes"], ["remove-queue", "--idle", "1", "--yes"],
        ["create", "a", "{}", "60", "Q"], ["delay", "a", "{}", "60", "60", "Q"],
    ],
)  # fmt: skip
def test_a_schema_that_is_not_installed_is_3(qtask: Qtask, args: list[str]) -> None:
    result = qtask(*args, "--prefix", "absent_")
    assert result.code == 3, result
    assert "`qtask install`" in result.err


@pytest.mark.parametrize("args", [["relay"], ["stats"]])
def test_redis_away(qtask: Qtask, conn: Connection, args: list[str]) -> None:
    calls.delay(conn, "bind", {}, 60, 60, "Q")
    result = qtask(*args, QTASK_REDIS_URL=f"redis://:s3cret@{AWAY}/0")
    if args == ["relay"]:
        assert result.code == 3, result
        assert "check that Redis is up" in result.err
    else:
        assert result.code == 0
        assert "Redis" in result.out
        assert "Q " in result.out


def test_a_relay_needs_a_redis_url(offline: Qtask) -> None:
    assert "--redis redis://host:6379/0" in offline.fails(3, "relay", QTASK_REDIS_URL=None)


@pytest.mark.parametrize(
    "url", ["nonsense", "redis://:s3cr/et@h/x", "foo://:s3cret@host", "redis://h/x"]
)
def test_a_wrong_redis_url_is_3(offline: Qtask, url: str) -> None:
    result = offline("relay", QTASK_REDIS_URL=url)
    assert result.code == 3, result
    assert "Redis URL" in result.err


def test_the_commands_look_at_the_keys_with_the_prefix(
    qtask: Qtask, conn: Connection, redis: Redis
) -> None:
    mall = ("--queue-prefix", "mall:")
    qtask("create", "bind", PAYLOAD, 3600, "A", *mall)
    redis.rpush("A", "of", "others")
    redis.rpush("mall:TYPO", "left")
    age(conn, 10)
    assert redis.llen("mall:A") == 1
    assert qtask("stats", "--json", *mall).json["total"]["in_redis"] == 1
    (row,) = qtask("audit", "--json", *mall).json["queues"]
    assert (row["queue"], row["messages"]) == ("A", 1)
    checks = {check["name"]: check for check in qtask("doctor", "--json", *mall).json["checks"]}
    assert "A (1)" in checks["consumers"]["text"]
    qtask("pause", "TYPO")
    assert "still has 1 message" in qtask("remove-queue", "TYPO", "--yes", *mall).err
    redis.delete("mall:A")
    # It would wait for room on the other key.
    assert "redriven" in qtask("redrive", "A", "--yes", "--queue-limit", 2, *mall).out


def test_a_wrong_prefix_stores_nothing(qtask: Qtask) -> None:
    text = qtask.fails(3, "create", "bind", PAYLOAD, 60, "A", "--queue-prefix", "mall :")
    assert "queue_prefix must be at most 64 printable characters" in text
    assert qtask("list", "--json").json == []
