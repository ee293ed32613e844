"""import-original: the tasks of the Go library, once or for as long as both run."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
from command_line import Qtask, stop, wait_for
from go_library import GoTables
from testing import count, others, row

from qtask_db import Connection, Status
from qtask_db.cli.errors import INTERRUPTED

COMMAND = ("import-original", "--quiet", "1")


@pytest.fixture
def go(conn: Connection, qtask: Qtask, database_url: str) -> Iterator[GoTables]:
    made = GoTables(conn)
    qtask.env["QTASK_SOURCE_URL"] = database_url
    yield made
    made.drop()


def test_it_counts_first_and_imports_then(qtask: Qtask, conn: Connection, go: GoTables) -> None:
    first = go.add()
    go.add(status=30, count=1, queue_name="OTHER", plat_name="shop")
    go.add(max_execute_time=-5)
    found = qtask("import-original", "--dry-run", "--json")
    assert found.code == 0
    assert (found.json["to_import"], found.json["left_out"], count(conn)) == (2, 1, 0)

    found = qtask(*COMMAND)
    assert found.code == 0, found
    lines = found.out.splitlines()
    assert "2 imported, 1 left out, in " in lines[-1]
    assert [line.split() for line in lines if "OTHER" in line] == [
        ["shop", "OTHER", "processing", "1", "0", "0", "1"]
    ]
    assert row(conn, first)["status"] == Status.WAITING

    found = qtask(*COMMAND, "--json")
    assert (found.json["imported"], found.json["present"]) == (0, 2)
    assert found.json["groups"][0] == {
        "namespace": "mall", "queue": "Q", "status": "waiting", "to_import": 0, "imported": 0,
        "cancelled": 0, "present": 1, "finished": 0, "left_out": 1, "refused": 0, "before": 1,
        "after": 1,
    }  # fmt: skip


def test_what_cannot_be_imported_is_named(qtask: Qtask, conn: Connection, go: GoTables) -> None:
    bad, _ = go.add(msg_content="no JSON"), go.add()
    found = qtask(*COMMAND)
    assert found.code == 1
    assert f"task {bad} was not imported: its msg_content is no JSON object" in found.err
    assert count(conn) == 1
    found = qtask(*COMMAND, "--json")
    assert found.code == 1
    assert found.json["reasons"][0]["task_id"] == bad


def test_it_refuses_to_begin_while_somebody_scans(
    qtask: Qtask, conn: Connection, go: GoTables
) -> None:
    go.add()
    process = qtask.start(*COMMAND)
    while process.poll() is None:
        go.scan()
        time.sleep(0.05)
    _, err = process.communicate()
    assert process.returncode == 1
    assert "switch off its scan" in err
    assert count(conn) == 0


def test_it_follows_until_it_is_stopped(qtask: Qtask, conn: Connection, go: GoTables) -> None:
    first = go.add()
    process = qtask.start(*COMMAND, "--follow", "1")
    wait_for(lambda: count(conn) == 1)
    go.finish(first)
    second = go.add()
    wait_for(lambda: count(conn) == 2 and row(conn, first)["status"] == Status.FINISHED)
    code, err, _ = stop(process)
    assert (code, err) == (0, "")
    assert row(conn, second)["status"] == Status.WAITING


def test_a_scan_ends_it(qtask: Qtask, conn: Connection, go: GoTables) -> None:
    go.add()
    process = qtask.start(*COMMAND, "--follow", "1")
    wait_for(lambda: count(conn) == 1)
    go.scan()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "switch off its scan" in err


def test_it_is_stopped_before_it_begins(qtask: Qtask, conn: Connection, go: GoTables) -> None:
    go.add()
    before = len(others(conn))
    process = qtask.start("import-original", "--quiet", "1h")
    wait_for(lambda: len(others(conn)) > before)
    code, err, _ = stop(process, signal.SIGINT)
    assert code == INTERRUPTED
    assert "run it again" in err
    assert count(conn) == 0


@pytest.mark.usefixtures("go")
def test_the_command_line(qtask: Qtask) -> None:
    assert "nothing to import from" in qtask.fails(3, "import-original", QTASK_SOURCE_URL=None)
    assert "1 s at least" in qtask.fails(2, "import-original", "--quiet", "0")
    assert "time zone" in qtask.fails(3, *COMMAND, "--time-zone", "CST")
    assert "leave --namespace out" in qtask.fails(3, *COMMAND, "--namespace", "n")
