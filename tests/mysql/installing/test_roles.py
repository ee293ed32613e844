"""Least privilege: an account with one role can call its verbs, and can do nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from roles import create_roles, give
from testing import call, execute, new, query, row

from qtask_db import Client, Connection, Database, Relay, Status, Worker, calls
from qtask_db.errors import AccessDenied, QtaskError
from qtask_db.install import install, uninstall
from qtask_db.schema.render import INDEX, ROLES, Renderer
from qtask_db.settings import Settings
from qtask_db.worker import Job

PREFIX = "qtaskr_"  # roles belong to the whole server
SETTINGS = Settings(prefix=PREFIX)
PROCEDURES = Renderer("mysql", SETTINGS).procedures


@pytest.fixture(scope="module")
def schema_url(installed_url: str) -> Iterator[str]:
    """A schema with a prefix of its own beside the default one, and its roles."""
    install(installed_url, {"prefix": PREFIX}, report=lambda _: None)
    with Database(installed_url, prefix=PREFIX).connect() as conn:
        for _ in range(2):  # it may be run again
            create_roles(conn, SETTINGS)
        yield installed_url
        for role in ROLES:
            execute(conn, f"DROP ROLE {PREFIX}{role}")
    uninstall(installed_url, PREFIX, report=lambda _: None)


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def account(
    schema_url: str, root: Connection, new_account: Callable[[str, str], str]
) -> Callable[[str], Database]:
    """The schema as an account sees it that has one role, and nothing else."""

    def make(role: str) -> Database:
        url = new_account(schema_url, f"qtask_{role}_member")
        give(root, f"qtask_{role}_member", PREFIX + role)
        return Database(url, prefix=PREFIX)

    return make


@pytest.fixture
def member(account: Callable[[str], Database], role: str) -> Iterator[Connection]:
    """A connection of such an account."""
    with account(role).connect() as conn:
        yield conn


def allowed(entries: list[dict[str, Any]], role: str) -> set[str]:
    return {entry["name"] for entry in entries if role in entry.get("role", ())}


# Arguments with which each procedure would work; the internal ones are never reached.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "create_task": ("job", "{}", 60, "Q"),
    "delay_task": ("job", "{}", 0, 60, "Q"),
    "create_task_quiet": ("job", "{}", 60, "Q"),
    "delay_task_quiet": ("job", "{}", 0, 60, "Q"),
    "create_tasks": (
        json.dumps([{"name": "job", "payload": {}, "interval": 60, "queue": "Q", "order_no": "1"}]),
    ),
    "create_task_ranges": (
        json.dumps([{"payload": {}, "order_no": "1"}]),
        json.dumps({"name": "job", "interval": 60, "queue": "Q"}),
    ),
    "start_task": ("task", None),
    "start_tasks": ('[{"task_id": 1}]',),
    "receive_task": ("task", None, "Q"),
    "receive_tasks": ('[{"task_id": 1, "queue": "Q"}]',),
    "take_tasks": ("w", '["D"]', 10, 0, None),
    "finish_task": ("task", None),
    "finish_task_once": ("task", 1),
    "finish_tasks": ('[{"task_id": 1}]',),
    "return_tasks": ('[{"task_id": 1}]',),
    "fail_task": ("task", None, "error", 0),
    "reject_task": ("task", None, "error"),
    "snooze_task": ("task", None, 60, "error"),
    "end_attempts": ("w", '[{"task_id": 1, "attempt": 1, "outcome": "fail"}]'),
    "extend_task": ("task", None, None),
    "cancel_task": ("task",),
    "retry_task": ("task", None),
    "pause_queue": ("Q", None),
    "resume_queue": ("Q", None),
    "set_delivery": ("D", "direct", None),
    "remove_queue": ("Q", None),
    "remove_idle_queues": (86400, 10),
    "set_schedule": ("S", 3600, None, None, "job", "{}", 60, "Q"),
    "pause_schedule": ("S", None),
    "resume_schedule": ("S", None),
    "run_schedule": ("S", None),
    "run_due_schedules": (10,),
    "due_schedules": (10,),
    "advance_schedules": ("[]",),
    "remove_schedule": ("S", None),
    "explain_task": ("task",),
    "read_task": ("task",),
    "list_tasks": (None, None, "1", None, 10),
    "scan_tasks": ("r", 10, 30, None, '["x"]'),
    "next_due": (None, None),
    "confirm_batch": (1, "r"),
    "release_batch": (1, "r"),
    "redrive_tasks": ("Q", None, 0, 10),
    "expire_tasks": (10,),
    "purge_tasks": (10,),
    "select_tasks": ("{}", 0, 10),
    "change_tasks": ("retry", '[{"task_id": 1}]', None, None),
    "reserve_ids": (1,),
    "import_tasks": ("[]",),
    "report_process": ("w", "worker", None, None, None, None, None, None, 0),
    "forget_process": ("w",),
}


@pytest.fixture
def owner(schema_url: str) -> Iterator[Connection]:
    with Database(schema_url, prefix=PREFIX).connect() as conn:
        yield conn


def test_its_verbs_work_and_the_others_are_denied(
    owner: Connection, member: Connection, role: str
) -> None:
    assert set(ARGUMENTS) == {entry["name"] for entry in PROCEDURES if "role" in entry}
    task_id = new(owner)
    denied = set()
    for verb, arguments in ARGUMENTS.items():
        try:
            call(member, verb, *(task_id if a == "task" else a for a in arguments))
        except AccessDenied:
            denied.add(verb)
        except QtaskError as error:
            assert hasattr(error, "number"), f"{verb}: {error}"  # noqa: PT017 - refused by the procedure itself
    assert set(ARGUMENTS) - denied == allowed(PROCEDURES, role)
    calls.cancel(owner, new(owner))


def test_no_internal_procedure_can_be_called(member: Connection, owner: Connection) -> None:
    internal = [entry["name"] for entry in PROCEDURES if "role" not in entry]
    assert internal
    for name in internal:
        ((places,),) = query(
            owner,
            "SELECT COUNT(*) FROM information_schema.parameters WHERE specific_schema = DATABASE() "
            f"AND specific_name = '{PREFIX}{name}'",
        )
        denied(member, f"CALL {PREFIX}{name}({', '.join(['NULL'] * places)})")


def changes(table: str, column: str) -> list[str]:
    return [
        f"INSERT INTO {table} ({column}) VALUES (1)",
        f"REPLACE INTO {table} ({column}) VALUES (1)",
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
    ]


def columns(owner: Connection, kind: str) -> list[tuple[str, str]]:
    """A column of each table of the schema, or of each view."""
    return query(
        owner,
        "SELECT table_name, MIN(column_name) FROM information_schema.columns "
        "JOIN information_schema.tables USING (table_schema, table_name) "
        f"WHERE table_schema = DATABASE() AND table_type = '{kind}' GROUP BY table_name",
    )


def denied(conn: Connection, statement: str) -> None:
    with pytest.raises(Exception, match="denied") as caught:
        execute(conn, statement)
    assert isinstance(conn.dialect.translate(caught.value), AccessDenied), statement


def test_no_table_can_be_touched(member: Connection, owner: Connection) -> None:
    """Those of the migrations neither."""
    found = columns(owner, "BASE TABLE")
    assert {PREFIX + entry["name"] for entry in INDEX["table"]} < {name for name, _ in found}
    for table, column in found:
        for statement in (
            f"SELECT {column} FROM {table}",
            f"SELECT {column} FROM {table} FOR UPDATE",
            f"SELECT COUNT(*) FROM {table}",
            f"TRUNCATE TABLE {table}",
            f"ALTER TABLE {table} ADD x INT",
            f"DROP TABLE {table}",
            f"LOCK TABLES {table} WRITE",
            *changes(table, column),
        ):
            denied(member, statement)


def test_no_view_can_be_written(member: Connection, owner: Connection) -> None:
    for view, column in columns(owner, "VIEW"):
        for statement in (*changes(view, column), f"DROP VIEW {view}"):
            denied(member, statement)


def test_nothing_can_be_created_replaced_or_granted(member: Connection) -> None:
    name = f"{PREFIX}finish_task"
    for statement in (
        "CREATE TABLE mine (n INT)",
        f"CREATE VIEW mine AS SELECT task_id FROM {PREFIX}task",
        "CREATE PROCEDURE mine () SELECT 1",
        "CREATE EVENT mine ON SCHEDULE EVERY 1 HOUR DO SELECT 1",
        f"ALTER PROCEDURE {name} SQL SECURITY INVOKER",
        f"DROP PROCEDURE {name}",
        f"GRANT EXECUTE ON PROCEDURE {name} TO 'qtask_app_member'@'%'",
        "CREATE USER qtask_other",
    ):
        denied(member, statement)


def test_its_views_can_be_read(member: Connection, role: str) -> None:
    readable = set()
    for entry in INDEX["view"]:
        try:
            query(member, f"SELECT COUNT(*) FROM {PREFIX}{entry['name']}")
        except Exception as error:
            assert "denied" in str(error)  # noqa: PT017
        else:
            readable.add(entry["name"])
    assert readable == allowed(INDEX["view"], role)


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


def test_each_service_lives_by_its_role(
    account: Callable[[str], Database], owner: Connection, redis_url: str
) -> None:
    """Each side by its own, people as operator, what draws graphs as monitor."""
    begun, go_on = Event(), Event()
    worker = Worker(account("worker"), redis_url, threads=1)

    @worker.handler("ROLES")
    def handle(_job: Job) -> None:
        begun.set()
        assert go_on.wait(60)

    producer, people, graphs = (account(role) for role in ("producer", "operator", "monitor"))
    with people.connect() as operator, graphs.connect() as monitor, Client(producer) as client:
        calls.pause(operator, "ROLES")
        task = client.delay("job", {}, 0, 60, "ROLES", delete_deadline=3600)
        relay = Relay(account("relay"), redis_url)
        try:
            relay.start()
            worker.start()
            assert not begun.wait(0.5), "the queue is paused"
            calls.resume(operator, "ROLES")
            assert begun.wait(60)
            assert calls.explain(operator, task.task_id).status is Status.PROCESSING
            for conn in (operator, monitor):
                assert [s.processing for s in calls.stats(conn) if s.queue == "ROLES"] == [1]
            go_on.set()
        finally:
            go_on.set()
            assert worker.stop(60)
            assert relay.stop(60)
        assert row(owner, task.task_id)["status"] == Status.FINISHED
        assert calls.purge(operator) == 0
        assert [t.task_id for t in calls.list_tasks(operator, queue="ROLES")] == [task.task_id]
