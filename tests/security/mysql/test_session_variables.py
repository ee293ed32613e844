"""Every variable of a session that an application may set is known, and the life of tasks under any
of their values is the plain one, or calls are refused and nothing is stored.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pymysql
import pytest
from fuzz import sessions
from lives import Life
from testing import call, execute, query, started

from qtask_db import Connection, calls
from qtask_db.errors import InvalidArgument

KNOWN_RELEASES = re.compile(r"9\.7\.|10\.11\.|11\.8\.")
CLOCK = {"timestamp"}
LIVES = int(os.environ.get("QTASK_TEST_LIVES", "2"))
"""Of a run; each sets all that is harmless or neutralised, to a value by chance: by its number."""

Accounts = dict[str, Connection]


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, str]]:
    """The class of each variable, for each engine, as the guide says it."""
    found: dict[str, dict[str, str]] = {engine: {} for engine in sessions.ENGINES}
    for kind, engine, name in sessions.classified():
        assert name not in found[engine], f"{name} is in two classes"
        found[engine][name] = kind
    return found


@pytest.fixture
def classes(conn: Connection, table: dict[str, dict[str, str]]) -> dict[str, str]:
    mariadb = "mariadb" in conn.raw.get_server_info().lower()
    return table["MariaDB" if mariadb else "MySQL"]


@pytest.fixture
def accounts(account: Callable[..., Connection]) -> Accounts:
    return {role: account(role) for role in ("app", "relay", "operator")}


def test_each_variable_is_in_the_table(
    conn: Connection, accounts: Accounts, classes: dict[str, str]
) -> None:
    settable = sessions.settable(accounts["app"], conn)
    unknown = sessions.listed(conn) - set(classes)
    wrong = {
        name
        for name in sessions.listed(conn) & set(classes)
        if (name in settable) == (classes[name] == sessions.CLASSES[0])
    }
    told = f"not in the document: {sorted(unknown)}; in another class: {sorted(wrong)}"
    if KNOWN_RELEASES.search(conn.raw.get_server_info()):
        assert not unknown, told
        assert not wrong, told
    elif unknown or wrong:
        warnings.warn(told, stacklevel=1)


def begin(accounts: Accounts, statements: list[str]) -> None:
    """All three sessions as at login, but for these settings."""
    for conn in accounts.values():
        sessions.reset(conn)
        for statement in statements:
            with suppress(pymysql.MySQLError):  # some do not go with those before them
                execute(conn, statement)


def test_the_life_of_tasks_under_any_setting(
    conn: Connection, accounts: Accounts, classes: dict[str, str]
) -> None:
    settable = sessions.settable(accounts["app"], conn)
    begin(accounts, [])
    plain = Life(conn, accounts).live()
    free = [
        name
        for name in settable
        if classes.get(name) in ("Harmless", "Neutralised") and name not in CLOCK
    ]
    for seed in range(LIVES):
        random = Random(seed)  # noqa: S311
        random.shuffle(free)
        chosen = [f"SET SESSION {name} = {random.choice(settable[name])}" for name in free]
        begin(accounts, chosen)
        lived = Life(conn, accounts).live()
        told = f"seed {seed}: {'; '.join(chosen)}"
        for step, answer in plain.items():
            assert lived[step] == answer, f"{step}, {told}"


def test_what_is_refused_stores_nothing(
    conn: Connection, accounts: Accounts, classes: dict[str, str]
) -> None:
    """Life itself compares what is stored before and after each call that is refused."""
    settable = sessions.settable(accounts["app"], conn)
    random = Random(LIVES)  # noqa: S311
    refused = [name for name in settable if classes.get(name) == "Refused"]
    assert "insert_id" in refused
    for name in random.sample(refused, 5):
        begin(accounts, [f"SET SESSION {name} = {random.choice(settable[name])}"])
        Life(conn, accounts).live()
    sessions.reset(accounts["app"])


def test_sessions_are_left_as_they_were(conn: Connection, accounts: Accounts) -> None:
    changing = {"timestamp", "last_insert_id", "identity", "rand_seed1", "rand_seed2", "insert_id"}
    changing |= {"error_count", "warning_count", "statement_id", "last_gtid"}

    def seen() -> list[dict[str, str]]:
        return [
            {
                name: value
                for name, value in query(own, "SHOW SESSION VARIABLES")
                if name not in changing and "gtid" not in name
            }
            for own in accounts.values()
        ]

    begin(accounts, ["SET SESSION group_concat_max_len = 4, sql_safe_updates = 1"])
    before = seen()
    Life(conn, accounts).live()
    assert seen() == before


BY_LINES = (
    '[{"task_id": "%d\\nx"}]',
    '[{"task_id": "x"},\n[{"task_id": %d, "attempt": 1}]\n]',
)


@pytest.mark.parametrize("flags", ["", "MULTILINE", "EXTRA", "EXTENDED_MORE", "UNGREEDY"])
def test_patterns_mean_the_same_in_each_session(
    conn: Connection, accounts: Accounts, flags: str
) -> None:
    app = accounts["app"]
    task_id = started(conn)
    if "default_regex_flags" in sessions.listed(conn):
        execute(app, f"SET SESSION default_regex_flags = '{flags}'")
    for verb in ("start_tasks", "finish_tasks", "return_tasks"):
        for given in BY_LINES:
            with pytest.raises(InvalidArgument, match="must be integers"):
                call(app, verb, given % task_id)
    bad = {"name": "job", "payload": {}, "interval": "60\nx", "queue": "Q"}
    with pytest.raises(InvalidArgument, match="interval"):
        call(app, "create_tasks", json.dumps([bad]))
    with pytest.raises(InvalidArgument, match="max_count"):
        call(app, "create_task", "job", "{}", 60, "Q", options={"max_count": "1\n2"})
    assert [one.number for one in calls.finish_many(app, [(task_id, 1)])] == []
