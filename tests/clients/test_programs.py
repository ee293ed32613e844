"""Programs in other languages take tasks through their whole life, as their guide says.

Each is run as a process with an account that has the role of applications alone, and tells what its
driver gave it, a line of JSON a step: all must be told the same, numbers as numbers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import tools
from lossy import LossyProxy
from roles import create_roles, give
from testing import PASSWORD, age, as_account, execute, new
from tools import Tool

from qtask_db import Connection, Database, calls
from qtask_db.schema.render import ROLES
from qtask_db.settings import Settings

ACCOUNT = "qtask_client"
CLIENTS: dict[str, Callable[[Path], Tool]] = {
    "dbapi.py pymysql": tools.python,
    "dbapi.py mysql.connector": tools.python,
    "dbapi.py MySQLdb": tools.mysqlclient,
    "sqlalchemy_core.py mysql+pymysql": tools.python,
    "sqlalchemy_core.py mysql+mysqldb": tools.mysqlclient,
    "django_orm.py pymysql": tools.python,
    "django_orm.py MySQLdb": tools.mysqlclient,
    "mysql2.mjs": tools.node,
    "mariadb.mjs": tools.node,
    "pdo.php emulated": tools.php,
    "pdo.php native": tools.php,
    "mysqli.php": tools.php,
    "go": tools.go,
    "Jdbc.java": tools.java,
}
OTHERS = {"Named.java": tools.java}
LIFE = [
    ["created", {"task_id": 1, "created": 1, "pushable": 1}],
    ["duplicate", {"task_id": 1, "created": 0, "pushable": 0}],
    ["message", {"task_id": 1, "task_attempt": 1, "text": "中文 😀"}],
    ["delayed", {"task_id": 2, "created": 1}],
    [
        "many",
        [{"task_id": 3, "created": 1, "pushable": 1}, {"task_id": 4, "created": 1, "pushable": 0}],
    ],
    ["wrong queue", 20117],
    ["received", {"attempt": 1, "payload": {"text": "中文 😀"}}],
    ["taken", 20109],
    ["failed", {"status": 20}],
    ["not processing", 20108],
    ["started again", {"attempt": 2}],
    ["extended", []],
    ["done", True],
    ["repeated", False],
    ["bound", 1],
    ["straight", {"task_id": 5, "created": 1, "pushable": 0}],
    [
        "took",
        [
            {
                "task_id": 5, "attempt": 1, "interval_seconds": 60, "queue": "STRAIGHT",
                "payload": {"to": "a@b.c"}, "lapses": 0,
                "attempts_before": 0,
            },
        ],
    ],
    ["finished", []],
    ["nothing", []],
    ["not direct", 20122],
    ["no task", 20106],
    ["no object", 20103],
    ["no option", 20102],
    ["lag", True],
]  # fmt: skip


@pytest.fixture
def tool(program: str, request: pytest.FixtureRequest) -> Tool:
    """The compiler or interpreter that runs the program."""
    return tools.provide((CLIENTS | OTHERS)[program], request.config)


@pytest.fixture
def environment(
    conn: Connection, database_url: str, redis_url: str, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """An account that may do what its role may, a table of its own beside the tasks, a Redis."""
    create_roles(conn, Settings())
    execute(conn, f"DROP USER IF EXISTS '{ACCOUNT}'@'%'")
    execute(conn, f"CREATE USER '{ACCOUNT}'@'%' IDENTIFIED BY '{PASSWORD}'")
    give(conn, ACCOUNT, "qtask_app")
    age(conn, 7.5, new(conn, "LATE"))
    calls.set_delivery(conn, "STRAIGHT", "direct")
    execute(conn, "CREATE TABLE orders (order_no VARCHAR(64) PRIMARY KEY, bound INT DEFAULT 0)")
    url = urlsplit(database_url)
    # From now on MySQL knows the password, and clients may do without encryption.
    Database(as_account(database_url, ACCOUNT)).connect().close()
    for object_ in ("orders", "qtask_queue_depth"):
        execute(conn, f"GRANT SELECT, INSERT, UPDATE ON {object_} TO '{ACCOUNT}'@'%'")
    yield {
        "DB_HOST": url.hostname or "",
        "DB_PORT": str(url.port),
        "DB_NAME": url.path[1:],
        "DB_USER": ACCOUNT,
        "DB_PASSWORD": PASSWORD,
        "REDIS_URL": redis_url,
        "HOME": str(tmp_path),
    }
    execute(conn, "DROP TABLE orders")
    execute(conn, f"DROP USER '{ACCOUNT}'@'%'")
    for role in ROLES:
        execute(conn, f"DROP ROLE qtask_{role}")


@pytest.mark.parametrize("program", ["Named.java"])
def test_parameters_by_name_need_the_procedures_granted_to_the_account_itself(
    program: str, tool: Tool, environment: dict[str, str], conn: Connection, tmp_path: Path
) -> None:
    execute(conn, f"REVOKE qtask_app FROM '{ACCOUNT}'@'%'")
    execute(conn, f"GRANT EXECUTE ON PROCEDURE qtask_delay_task TO '{ACCOUNT}'@'%'")
    assert run(program, tool, environment, tmp_path) == [["created", 1]]


def run(program: str, tool: Tool, environment: dict[str, str], folder: Path) -> list[Any]:
    """The lines that the program prints, parsed."""
    shutil.copytree(tools.PROGRAMS, folder / "programs")
    if tool.modules:
        (folder / "node_modules").symlink_to(tool.modules)
    path, *arguments = program.split()
    done = subprocess.run(
        [*tool.command, f"./{path}", *arguments],
        cwd=folder / "programs",
        env={**os.environ, **tool.environment, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def renumbered(told: list[Any]) -> list[Any]:
    """With the ids counted from 1, as they appear: a refused duplicate uses one up."""
    seen: list[int] = []

    def visit(value: Any) -> Any:
        if isinstance(value, list):
            return [visit(part) for part in value]
        if isinstance(value, dict):
            return {key: number(v) if key == "task_id" else visit(v) for key, v in value.items()}
        return value

    def number(task_id: int) -> int:
        if task_id not in seen:
            seen.append(task_id)
        return seen.index(task_id) + 1

    return visit(told)


@pytest.mark.parametrize("program", CLIENTS)
def test_a_program_takes_tasks_through_their_life(
    program: str, tool: Tool, environment: dict[str, str], tmp_path: Path
) -> None:
    told = run(program, tool, environment, tmp_path)
    assert renumbered(told) == LIFE


@pytest.mark.parametrize("program", CLIENTS)
def test_a_commit_whose_answer_is_lost_is_repeated_and_refused(
    program: str, tool: Tool, environment: dict[str, str], tmp_path: Path
) -> None:
    port = int(environment["DB_PORT"])
    proxy = LossyProxy((environment["DB_HOST"], port))
    try:
        told = run(program, tool, environment | {"DB_PORT": str(proxy.port)}, tmp_path)
    finally:
        proxy.close()
    assert proxy.lost == 1
    assert dict(renumbered(told)) == dict(LIFE) | {"done": False}
