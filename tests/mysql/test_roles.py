"""Least privilege: an account with one role can call its verbs, and can do nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from testing import call, execute, new, query

from qtask_db import Connection, Database, calls
from qtask_db.errors import AccessDenied, QtaskError
from qtask_db.install import install
from qtask_db.render import INDEX, ROLES, Renderer
from qtask_db.settings import Settings

PREFIX = "qtaskr_"  # roles belong to the whole server
SETTINGS = Settings(prefix=PREFIX)


@pytest.fixture(scope="module")
def schema_url(installed_url: str) -> Iterator[str]:
    """A schema with a prefix of its own beside the default one, and its roles."""
    install(installed_url, {"prefix": PREFIX}, report=lambda _: None)
    with Database(installed_url, prefix=PREFIX).connect() as conn:
        grants = re.sub(r"^--.*$", "", Renderer("mysql", SETTINGS).grants(), flags=re.MULTILINE)
        for _ in range(2):  # it may be run again
            for statement in filter(str.strip, grants.split(";")):
                execute(conn, statement)
        yield installed_url
        for role in ROLES:
            execute(conn, f"DROP ROLE {PREFIX}{role}")
        for kind in ("procedure", "view", "table"):
            for entry in INDEX[kind]:
                execute(conn, f"DROP {kind} {PREFIX}{entry['name']}")


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def member(
    schema_url: str,
    root: Connection,
    role: str,
    new_account: Callable[[str, str], str],
    engine: str,
) -> Iterator[Connection]:
    """A connection of an account that has the role, and nothing else."""
    url = new_account(schema_url, "qtask_member")
    execute(root, f"GRANT '{PREFIX}{role}' TO 'qtask_member'@'%'")
    to = "FOR" if engine == "mariadb" else "TO"
    execute(root, f"SET DEFAULT ROLE '{PREFIX}{role}' {to} 'qtask_member'@'%'")
    with Database(url, prefix=PREFIX).connect() as conn:
        yield conn


def allowed(kind: str, role: str) -> set[str]:
    return {entry["name"] for entry in INDEX[kind] if role in entry.get("role", ())}


# Arguments with which each procedure would work; the internal ones are never reached.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "create_task": ("job", "{}", 60, "Q", None),
    "delay_task": ("job", "{}", 0, 60, "Q", None),
    "create_tasks": (
        json.dumps([{"name": "job", "payload": {}, "interval": 60, "queue": "Q", "order_no": "1"}]),
    ),
    "start_task": ("task", None),
    "start_tasks": ('[{"task_id": 1}]',),
    "finish_task": ("task", None),
    "finish_tasks": ('[{"task_id": 1}]',),
    "fail_task": ("task", None, "error", 0),
    "extend_task": ("task", None, None),
    "cancel_task": ("task",),
    "retry_task": ("task", None),
    "pause_queue": ("Q", None),
    "resume_queue": ("Q", None),
    "explain_task": ("task",),
    "list_tasks": (None, None, "1", None, 10),
    "scan_tasks": ("r", 10, 30, None, '["x"]'),
    "next_due": (None, None),
    "confirm_batch": (1, "r"),
    "release_batch": (1, "r"),
    "expire_tasks": (10,),
    "purge_tasks": (10,),
}


@pytest.fixture
def owner(schema_url: str) -> Iterator[Connection]:
    with Database(schema_url, prefix=PREFIX).connect() as conn:
        yield conn


def test_its_verbs_work_and_the_others_are_denied(
    owner: Connection, member: Connection, role: str
) -> None:
    assert set(ARGUMENTS) == {entry["name"] for entry in INDEX["procedure"] if "role" in entry}
    task_id = new(owner)
    denied = set()
    for verb, arguments in ARGUMENTS.items():
        try:
            call(member, verb, *(task_id if a == "task" else a for a in arguments))
        except AccessDenied:
            denied.add(verb)
        except QtaskError as error:
            assert hasattr(error, "number"), f"{verb}: {error}"  # noqa: PT017 - refused by the procedure itself
    assert set(ARGUMENTS) - denied == allowed("procedure", role)
    calls.cancel(owner, new(owner))


def test_no_internal_procedure_can_be_called(member: Connection, owner: Connection) -> None:
    internal = [entry["name"] for entry in INDEX["procedure"] if "role" not in entry]
    assert internal
    for name in internal:
        ((places,),) = query(
            owner,
            "SELECT COUNT(*) FROM information_schema.parameters WHERE specific_schema = DATABASE() "
            f"AND specific_name = '{PREFIX}{name}'",
        )
        with pytest.raises(AccessDenied):
            call(member, name, *[None] * places)


def test_no_table_can_be_touched(member: Connection, owner: Connection) -> None:
    for entry in INDEX["table"]:
        table = PREFIX + entry["name"]
        column = query(owner, f"SHOW COLUMNS FROM {table}")[0][0]
        for statement in (
            f"SELECT {column} FROM {table}",
            f"INSERT INTO {table} ({column}) VALUES (1)",
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"DROP TABLE {table}",
        ):
            with pytest.raises(Exception, match="denied"):
                execute(member, statement)


def test_its_views_can_be_read(member: Connection, role: str) -> None:
    readable = set()
    for entry in INDEX["view"]:
        try:
            query(member, f"SELECT COUNT(*) FROM {PREFIX}{entry['name']}")
        except Exception as error:
            assert "denied" in str(error)  # noqa: PT017
        else:
            readable.add(entry["name"])
    assert readable == allowed("view", role)


def test_an_account_without_a_role_can_do_nothing(
    schema_url: str, root: Connection, new_account: Callable[[str, str], str]
) -> None:
    url = new_account(schema_url, "qtask_nobody")
    database = urlsplit(schema_url).path[1:]
    with pytest.raises(AccessDenied):
        Database(url).connect()
    execute(root, f"GRANT CREATE TEMPORARY TABLES ON {database}.* TO 'qtask_nobody'@'%'")
    with Database(url, prefix=PREFIX).connect() as conn:
        for verb, arguments in ARGUMENTS.items():
            with pytest.raises(AccessDenied):
                call(conn, verb, *(1 if a == "task" else a for a in arguments))
