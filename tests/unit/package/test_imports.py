"""A program that only creates tasks loads little: quick to start, and few packages can break it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"click", "jinja2", "rich", "yoyo"}
"""Of the installer and the command line."""
OURS = {"calls", "constants", "database", "dialects", "errors", "log", "models", "process"}
OURS |= {"payloads", "registry", "resources", "scheduling", "settings", "task", "transport", "urls"}
MOST = 50
"""Modules of ours that a producer loads; the package has three times as many."""

PROGRAM = """
import json, sys, types
import qtask_db
from qtask_db import Database
from qtask_db.database import Connection
from qtask_db.dialects import of_scheme
from qtask_db.errors import DatabaseUnavailable

url = sys.argv[1]
try:
    Database(url).connect()
except DatabaseUnavailable:
    pass
else:
    raise SystemExit("nobody listens there")


class Nowhere:
    '''A driver's connection that has been lost.'''

    server_status = open = 0

    def cursor(self, *_):
        raise sys.modules[sys.argv[2]].InterfaceError(0, "lost")

    def is_healthy(self):
        return False

if sys.argv[2] == "pymysql":
    Nowhere.__module__ = "pymysql"
conn = Connection(Nowhere(), of_scheme(url.partition(":")[0]), "qtask_")
try:
    qtask_db.create(conn, "bind order", {"id": 17}, 3600, "ORDER:BIND", order_no="17")
except qtask_db.QtaskError:
    pass
else:
    raise SystemExit("nobody has created it")
task = qtask_db.Task(17, "ORDER:BIND", "{}", created=True, pushable=True)
assert not task.push("redis://127.0.0.1:1/0")
assert qtask_db.push("redis://127.0.0.1:1/0", [task]) == 0
print(json.dumps(sorted(sys.modules)))
"""


def loaded(*command: str) -> set[str]:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("mysql://app@127.0.0.1:1/shop", "pymysql"),
        ("oracle://app:secret@127.0.0.1:1/?service_name=SHOP", "oracledb"),
    ],
)
def test_a_producer_loads_neither_installer_nor_command_line(url: str, driver: str) -> None:
    pytest.importorskip(driver, reason=f"{driver} is missing: pip install 'qtask-db[test]'")
    modules = loaded("-c", PROGRAM, url, driver)
    assert {driver, "redis"} <= modules
    assert not HEAVY & modules
    assert {"oracledb", "pymysql"} & modules == {driver}
    ours = {name for name in modules if name.startswith("qtask_db.")}
    assert {name.split(".")[1] for name in ours} <= OURS
    assert len(ours) <= MOST, len(ours)


def test_the_package_alone_loads_no_driver() -> None:
    modules = loaded("-c", "import json, sys, qtask_db\nprint(json.dumps(sorted(sys.modules)))")
    assert not {"oracledb", "pymysql", "redis", *HEAVY} & modules
