"""The tasks of the Go library come here: each once, with its id, its times and its attempts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from go_library import GENERATIONS, GoTables
from old_rows import outcomes
from testing import age, count, lasting, new, query, row

from qtask_db import Connection, Database, Status, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import ConfigurationError
from qtask_db.importing.run import Import, Pass, StillScanned
from qtask_db.importing.source import Source

Run = Callable[..., Pass]
DAY = 86_400


@pytest.mark.parametrize("generation", GENERATIONS)
def test_active_tasks_of_each_generation(
    conn: Connection, tables: Callable[..., GoTables], run: Run, generation: int
) -> None:
    go = tables(generation)
    waiting = go.add(order_no="8973", count=3, max_count=9, delete_interval=7)
    processing = go.add(status=30, count=1, last_execute_time=-20, next_execute_time=40)
    before = go.content()
    assert outcomes(run()) == {"imported": 2}
    assert go.content() == before

    first, second = row(conn, waiting), row(conn, processing)
    assert (first["status"], second["status"]) == (Status.WAITING, Status.PROCESSING)
    assert (first["attempts"], second["attempts"]) == (3, 1)
    assert first["max_count"] == (9 if generation >= 2020 else LIMIT["max_count"])
    assert first["order_no"] == ("8973" if generation >= 2020 else None)
    assert json.loads(first["payload"]) == {"n": waiting}
    assert (first["name"], first["interval_seconds"]) == ("job", 60)
    assert abs(lasting(first, "created_at", "due_at") - 130) <= 2
    assert abs(lasting(first, "created_at", "deadline_at") - 3700) <= 2
    assert abs(lasting(second, "started_at", "due_at") - 60) <= 2
    # While the old row may count as active, this one is there.
    assert abs(first["delete_deadline"] - 3600 - DAY) <= 2
    namespace = "mall" if generation >= 2021 else "default"
    assert [(one.namespace, one.queue) for one in calls.stats(conn)] == [(namespace, "Q")]


def test_what_is_imported_is_worked_on(conn: Connection, go: GoTables, run: Run) -> None:
    """By the message of an old relay, and by one of ours."""
    first, second = go.add(), go.add()
    run()
    (one,) = calls.receive_many(conn, [(first, None, "Q")]).started
    calls.finish(conn, first, one.attempt)
    age(conn, 60)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [second]


def test_new_ids_stay_above_those_of_the_old_programs(
    conn: Connection, go: GoTables, run: Run
) -> None:
    go.add()
    drawn = go.draw()  # of a scan: no task has it
    work = Import(keep=0, reserve=1000)
    run(work)
    assert new(conn) > drawn + 1000
    above = go.add(drawn + 600)
    assert outcomes(run(work)) == {"imported": 1}
    assert new(conn) > above + 1000


def test_a_repeated_import_changes_nothing(conn: Connection, go: GoTables, run: Run) -> None:
    ids = [go.add(order_no=str(n)) for n in range(5)]
    run()
    before = [row(conn, one) for one in ids]
    assert outcomes(run()) == {"present": 5}
    assert [row(conn, one) for one in ids] == before


def test_late_commits_are_found_by_the_next_pass(go: GoTables, run: Run) -> None:
    """An id that is drawn early may be committed late."""
    late, work = go.draw(), Import(keep=0)
    go.add()
    assert outcomes(run(work)) == {"imported": 1}
    go.add(late)
    go.add()
    assert outcomes(run(work)) == {"imported": 2}


def test_of_one_order_number_the_oldest_is_active(conn: Connection, go: GoTables, run: Run) -> None:
    ids = [go.add(order_no="1") for _ in range(3)]
    other = go.add(order_no="1", plat_name="other")
    assert outcomes(run()) == {"imported": 2, "cancelled": 2}
    assert [row(conn, one)["status"] for one in (*ids, other)] == [
        Status.WAITING, Status.CANCELLED, Status.CANCELLED, Status.WAITING,
    ]  # fmt: skip
    assert outcomes(run()) == {"present": 4}


def test_an_end_is_taken_over(conn: Connection, go: GoTables, run: Run) -> None:
    """Also by an import that is begun anew, and of a task that is under way here."""
    waiting, processing, active = go.add(), go.add(), go.add()
    ours = new(conn)
    run()
    calls.processing(conn, processing)
    go.finish(waiting, processing)
    assert outcomes(run()) == {"present": 1, "finished": 2}
    assert [row(conn, one)["status"] for one in (waiting, processing, active, ours)] == [
        Status.FINISHED, Status.FINISHED, Status.WAITING, Status.WAITING,
    ]  # fmt: skip


def test_an_end_that_was_cleaned_up_is_taken_over(conn: Connection, go: GoTables, run: Run) -> None:
    ours, work = new(conn), Import(keep=0)
    gone = go.add(ours + 1)
    assert outcomes(run(work)) == {"imported": 1}
    go.finish(gone)
    go.delete(gone)
    assert outcomes(run(work)) == {"finished": 1}
    assert row(conn, gone)["status"] == Status.FINISHED
    assert row(conn, ours)["status"] == Status.WAITING


def test_a_task_of_ours_is_not_taken_for_an_old_one(
    conn: Connection, go: GoTables, run: Run
) -> None:
    ours = new(conn)
    go.add(ours)
    done = run()
    assert outcomes(done) == {"refused": 1}
    assert done.refused == [(ours, "another task has this id")]
    go.finish(ours)
    assert outcomes(run()) == {}
    assert row(conn, ours)["status"] == Status.WAITING


def test_a_task_of_ours_that_is_alike_is_not_finished(
    conn: Connection, go: GoTables, run: Run
) -> None:
    """It has the id of an old one, and its name, queue and namespace."""
    ours = new(conn, namespace="mall")
    go.add(ours, status=0)
    assert outcomes(run()) == {}
    assert row(conn, ours)["status"] == Status.WAITING


def test_a_refused_task_that_is_gone_ends_none_of_ours(
    conn: Connection, go: GoTables, run: Run
) -> None:
    ours, work = new(conn), Import(keep=0)
    go.add(ours)
    assert outcomes(run(work)) == {"refused": 1}
    go.delete(ours)
    assert outcomes(run(work)) == {}
    assert row(conn, ours)["status"] == Status.WAITING


def test_what_is_purged_here_is_not_imported_again(
    conn: Connection, go: GoTables, run: Run
) -> None:
    """As long as its old row could be active: it stays until its deadline has passed there, too."""
    task_id = go.add(delete_interval=0)
    run()
    calls.processing(conn, task_id)
    calls.finish(conn, task_id, 1)
    age(conn, 3600)
    assert calls.purge(conn) == 0
    assert outcomes(run()) == {"present": 1}
    age(conn, DAY + 10)
    assert calls.purge(conn) == 1


@pytest.mark.parametrize("over", [{"max_execute_time": -1}, {"count": 5, "max_count": 5}])
def test_what_is_over_is_history(
    conn: Connection, go: GoTables, run: Run, over: dict[str, Any]
) -> None:
    task_id = go.add(**over)
    assert outcomes(run()) == {"left out": 1}
    assert count(conn) == 0
    assert outcomes(run(history=True)) == {"imported": 1}
    found = row(conn, task_id)
    assert found["status"] == Status.FAILED
    assert "in the Go library" in found["last_error"]


def test_history_is_kept_as_long_as_there(conn: Connection, go: GoTables, run: Run) -> None:
    common = {"status": 0, "next_execute_time": "never", "last_execute_time": -50}
    kept = go.add(**common, delete_interval=1000, delete_time=400)
    unlimited = go.add(**common)
    failed = go.add(**(common | {"status": 90}))
    over = go.add(**common, delete_interval=1000, delete_time=-1)
    active = go.add()
    assert outcomes(run()) == {"imported": 1}
    done = run(history=True, keep=70)
    assert outcomes(done) == {"imported": 3, "left out": 1, "present": 1}
    assert {row(conn, one)["lane"] for one in (kept, unlimited, failed)} == {0}
    assert abs(lasting(row(conn, kept), "ended_at", "due_at") - 1000) <= 2
    assert abs(lasting(row(conn, unlimited), "ended_at", "due_at") - 70) <= 2
    assert row(conn, failed)["status"] == Status.FAILED
    assert row(conn, active)["status"] == Status.WAITING
    assert query(conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE task_id = {over}")[0][0] == 0


def test_a_dry_run_writes_nothing(conn: Connection, go: GoTables, run: Run) -> None:
    go.add()
    go.add(msg_content="no JSON")
    go.add(max_execute_time=-1)
    before, last = go.content(), new(conn)
    done = run(dry_run=True, reserve=10**9)
    assert outcomes(done) == {"to import": 1, "refused": 1, "left out": 1}
    assert go.content() == before
    assert (count(conn), count(conn, "queue")) == (1, 1)
    assert new(conn) < last + 10**9


def test_platforms_are_chosen(conn: Connection, go: GoTables, run: Run) -> None:
    mall, other = go.add(), go.add(plat_name="other")
    assert outcomes(run(source={"platforms": ["other"]})) == {"imported": 1}
    assert row(conn, other)["status"] == Status.WAITING
    go.finish(other, mall)
    assert outcomes(run(source={"platforms": ["mall"]})) == {}
    assert row(conn, other)["status"] == Status.WAITING


def test_tables_without_platforms(
    conn: Connection, tables: Callable[..., GoTables], run: Run
) -> None:
    tables(2020).add()
    with pytest.raises(ConfigurationError, match="no platforms"):
        run(source={"platforms": ["mall"]})
    run(source={"namespace": "it's"})
    assert [one.namespace for one in calls.stats(conn)] == ["it's"]


def test_platforms_are_the_namespaces(go: GoTables, run: Run) -> None:
    go.add()
    with pytest.raises(ConfigurationError, match="leave --namespace out"):
        run(source={"namespace": "n"})


def test_a_database_without_the_table(database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="no table tsk_system_task"):
        Source(Database(database_url))


@pytest.mark.parametrize("zone", ["CST", "+8:00", "+08:00'"])
@pytest.mark.usefixtures("go")
def test_a_zone_that_is_none(run: Run, zone: str) -> None:
    with pytest.raises(ConfigurationError, match="time zone"):
        run(source={"time_zone": zone})


def test_programs_in_another_zone(conn: Connection, go: GoTables, run: Run) -> None:
    """They have written times of their own sessions, two hours ahead of those of the server."""
    task_id = go.add(create_time=7100, next_execute_time=7230, max_execute_time=7200 + 3600)
    ((offset,),) = query(
        conn,
        "SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW())"
        if conn.dialect.name == "mysql"
        else "SELECT ROUND((SYSDATE - CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE)) * 24) FROM dual",
    )
    run(source={"time_zone": f"{int(offset) + 2:+03d}:00"})
    found = row(conn, task_id)
    assert abs(lasting(found, "created_at", "deadline_at") - 3700) <= 2
    calls.scan(conn, "r")
    assert row(conn, task_id)["status"] == Status.WAITING
    age(conn, 35)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]


def test_nothing_begins_while_somebody_scans(
    conn: Connection, database_url: str, go: GoTables
) -> None:
    go.add()
    work = Import(keep=0)
    with Source(Database(database_url)) as source:
        work.look(source)
        go.scan()
        with pytest.raises(StillScanned, match="switch off its scan"):
            work.run(source, conn)
    assert count(conn) == 0


def test_a_dry_run_may_be_made_while_somebody_scans(go: GoTables, run: Run) -> None:
    go.add()
    work = Import(keep=0, dry_run=True)
    run(work)
    go.scan()
    assert outcomes(run(work)) == {"to import": 1}


def test_a_scan_ends_what_follows(go: GoTables, run: Run) -> None:
    go.add()
    go.add(max_execute_time=-1)
    work = Import(keep=0)
    assert outcomes(run(work)) == {"imported": 1, "left out": 1}
    assert outcomes(run(work)) == {}
    go.scan()
    with pytest.raises(StillScanned):
        run(work)


def test_more_than_one_page(conn: Connection, go: GoTables, run: Run) -> None:
    first = go.draw()
    go.add_many(list(range(first + 1, first + 2002)))
    assert outcomes(run()) == {"imported": 2001}
    assert count(conn) == 2001
    go.finish(*range(first + 1, first + 2002))
    assert outcomes(run()) == {"finished": 2001}
