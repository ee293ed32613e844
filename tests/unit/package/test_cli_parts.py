"""The parts of the command line and of the doctor that need no server."""

from __future__ import annotations

import datetime
import io
import sys
import time
from typing import Any

import click
import pytest
import rich.console
from pymysql.err import OperationalError

from qtask_db.cli.output import DURATION, iso, patience, plain, span
from qtask_db.cli.tables import Column, console, table
from qtask_db.constants import Status
from qtask_db.dialects.mysql import errors as mysql_errors
from qtask_db.dialects.mysql.tls import Refused
from qtask_db.doctor import redis as redis_doctor
from qtask_db.doctor.advice import with_advice
from qtask_db.doctor.check import clock
from qtask_db.doctor.mysql import server as mysql_doctor
from qtask_db.doctor.mysql import settings as mysql_settings
from qtask_db.doctor.mysql.grants import active, executable, roles
from qtask_db.errors import AccessDenied, DatabaseUnavailable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("7D", 604_800), ("2w", 1_209_600)],
)
def test_durations(text: str, seconds: int) -> None:
    assert DURATION.convert(text, None, None) == seconds


def test_a_negative_duration_is_left_to_the_database() -> None:
    assert DURATION.convert("-5", None, None) == -5


@pytest.mark.parametrize("text", ["", "h", "1x", "1.5h", "1h-2m", "1 h", "ten"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter):
        DURATION.convert(text, None, None)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "40 ms"),
        (3.21, "3.2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1m 00s"),
        (3599.6, "1h 00m"),
        (7500, "2h 05m"),
        (604_800, "7d 00h"),
        (3_153_600_000, "100 years"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_json_values() -> None:
    naive = datetime.datetime(2026, 11, 22, 15, 52, 48, 123_000)
    zone = datetime.timezone(datetime.timedelta(hours=8))
    assert iso(naive) == "2026-11-22T15:52:48.123Z"
    assert iso(naive.replace(tzinfo=zone)) == "2026-11-22T07:52:48.123Z"
    assert plain({"a": [Status.FAILED, naive, None]}) == {
        "a": ["failed", "2026-11-22T15:52:48.123Z", None]
    }


@pytest.mark.parametrize(("seconds", "terminal"), [(0.0, True), (1.3, True), (1.3, False)])
def test_a_long_wait_is_told_on_a_terminal(
    seconds: float, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys, "stderr", shown)
    own = rich.console.Console(file=shown, force_terminal=terminal, width=80)
    monkeypatch.setattr(rich.console, "Console", lambda **_: own)
    with patience("counting"):
        time.sleep(seconds)
    assert ("counting" in shown.getvalue()) == (terminal and seconds > 1)


@pytest.mark.parametrize(
    ("number", "cause", "part"),
    [
        (2013, TimeoutError("timed out"), "?read_timeout="),
        (2013, ConnectionResetError(104, "reset"), "host and port"),
        (2013, None, "host and port"),
        (2003, TimeoutError("timed out"), "host and port"),
    ],
)
def test_a_server_that_takes_too_long_is_told_from_one_that_is_away(
    number: int, cause: Exception | None, part: str
) -> None:
    error = OperationalError(number, f"Lost connection to MySQL server ({cause})")
    error.__context__ = cause
    found = mysql_errors.translate(error)
    assert isinstance(found, DatabaseUnavailable)
    assert part in with_advice(found)


def test_a_server_that_wants_a_clear_password_is_no_matter_of_user_and_password() -> None:
    with pytest.raises(OperationalError) as caught:
        Refused(None).authenticate(None)
    error = mysql_errors.translate(caught.value)
    assert isinstance(error, AccessDenied)
    assert with_advice(error) == str(error)


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
def test_tables_fit(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    columns = [
        Column("Queue", ["A:VERY:LONG:QUEUE:NAME:INDEED"], fold=True),
        Column("Waiting", ["1,234,567"], right=True),
        Column("Order", ["8973097380045"], fold=True, keep=2),
        Column("Error", ["it did not work " * 10], cut=True, keep=1),
    ]
    target = console()
    with target.capture() as capture:
        target.print(table(target, columns))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    assert "1,234,567" in capture.get()
    assert ("Error" in capture.get()) is (width >= 60)


GRANTS = [
    "GRANT USAGE ON *.* TO `u`@`%`",
    "GRANT SELECT, EXECUTE ON `pay\\_%`.* TO `u`@`%`",
    "GRANT EXECUTE ON PROCEDURE `shop`.`qtask_a` TO `u`@`%`",
    "GRANT EXECUTE ON FUNCTION `shop`.`qtask_b` TO `u`@`%`",
    "GRANT ALTER ROUTINE ON PROCEDURE `shop`.`qtask_b` TO `u`@`%`",
    "GRANT `qtask_app`@`%`,`other`@`%` TO `u`@`%`",
]


@pytest.mark.parametrize(
    ("schema", "may"),
    [("shop", {"qtask_a"}), ("pay_1", {"qtask_a", "qtask_b"}), ("payx", set())],
)
def test_grants(schema: str, may: set[str]) -> None:
    assert executable(GRANTS, schema, ["qtask_a", "qtask_b"]) == may


@pytest.mark.parametrize("what", ["ALL PRIVILEGES", "SELECT, EXECUTE", "execute"])
def test_global_grants(what: str) -> None:
    assert executable([f"GRANT {what} ON *.* TO `u`@`%`"], "x", ["a", "b"]) == {"a", "b"}


def test_roles() -> None:
    assert roles(GRANTS) == {"qtask_app", "other"}
    assert roles(["GRANT `qtask_app` TO `u`@`%`"]) == {"qtask_app"}
    assert active("`qtask_app`@`%`,`other`@`%`") == {"qtask_app", "other"}
    assert active("qtask_app") == {"qtask_app"}
    assert active("NONE") == active(None) == set()


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("8.0.21", "ok"),
        ("8.0.20", "fail"),
        ("5.7.44-log", "fail"),
        ("9.7.4-2", "ok"),
        ("10.6.0-MariaDB", "ok"),
        ("5.5.5-10.11.19-MariaDB-0+deb12u1", "ok"),
        ("10.5.26-MariaDB", "fail"),
    ],
)
def test_server_versions(version: str, level: str) -> None:
    assert mysql_doctor.check_version(version).level.value == level


def test_server_settings_that_matter() -> None:
    def levels(**values: str) -> dict[str, str]:
        return {c.name: c.level.value for c in mysql_settings.check_variables(values)}

    assert levels(log_bin="ON", binlog_format="STATEMENT")["binary log"] == "fail"
    assert levels(log_bin="ON", binlog_format="MIXED")["binary log"] == "ok"
    assert levels(log_bin="OFF", binlog_format="STATEMENT")["binary log"] == "ok"
    assert levels(read_only="ON")["writes"] == "fail"
    assert levels(transaction_isolation="SERIALIZABLE")["isolation"] == "warn"
    assert levels(tx_isolation="READ-COMMITTED")["isolation"] == "ok"
    assert levels(innodb_flush_log_at_trx_commit="2")["durability"] == "warn"
    assert levels(log_bin="ON", sync_binlog="0")["durability"] == "warn"
    assert levels(innodb_autoinc_lock_mode="1")["ids"] == "warn"
    assert levels(innodb_autoinc_lock_mode="2")["ids"] == "ok"
    assert levels(wsrep_on="ON")["cluster"] == "warn"


def redis_levels(**info: Any) -> dict[str, str]:
    found = {"redis_version": "7.0.15", "aof_enabled": 1, **info}
    return {check.name: check.level.value for check in redis_doctor.examine_node(found)}


@pytest.mark.parametrize(
    ("info", "name", "level"),
    [
        ({}, "Redis version", "ok"),
        ({"redis_version": "6.0.9"}, "Redis version", "fail"),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.0"}, "Redis version", "ok"),
        ({"role": "slave"}, "Redis role", "fail"),
        ({"maxmemory": 1000, "maxmemory_policy": "allkeys-lru"}, "Redis memory", "fail"),
        ({"maxmemory_policy": "allkeys-lru"}, "Redis memory", "warn"),
        ({"maxmemory": 1000, "maxmemory_policy": "volatile-lru"}, "Redis memory", "ok"),
        ({"maxmemory": 1000, "used_memory": 950}, "Redis memory", "warn"),
        ({}, "Redis persistence", "ok"),
        ({"aof_enabled": 0}, "Redis persistence", "warn"),
        ({"aof_enabled": 0, "rdb_last_bgsave_status": "err"}, "Redis persistence", "fail"),
        ({"aof_last_write_status": "err"}, "Redis persistence", "fail"),
    ],
)
def test_redis_checks(info: dict[str, Any], name: str, level: str) -> None:
    assert redis_levels(**info)[name] == level


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (0.5, "ok"), (-3, "warn"), (90, "warn")])
def test_clock(seconds: float, level: str) -> None:
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    check = clock(now + datetime.timedelta(seconds=seconds), 0.01)
    assert check.level.value == level
