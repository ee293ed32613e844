"""cancel, retry and fail of many tasks: what a filter finds is shown, confirmed and changed."""

from __future__ import annotations

import os
import pty
import signal
import time
from collections.abc import Sequence

import pytest
from command_line import Qtask, create, status
from testing import age, ended, execute, query, started

from qtask_db import NewTask, calls
from qtask_db.cli import bulk
from qtask_db.cli.bulk import Change
from qtask_db.constants import ERROR, Status
from qtask_db.database import Connection
from qtask_db.errors import Conflict
from qtask_db.models import Changes, Refused


def make(conn: Connection, number: int, queue: str = "A", **options: int) -> list[int]:
    given = {"delay": 0, **options}
    tasks = calls.create_many(conn, [NewTask("job", {}, 3600, queue, **given)] * number)
    return [task.task_id for task in tasks]


def test_a_filter_chooses_and_the_result_is_said(qtask: Qtask, conn: Connection) -> None:
    make(conn, 3, "A")
    other = make(conn, 1, "B")
    result = qtask("cancel", "--queue", "A", "--yes")
    assert result.out.startswith("cancelled 3 tasks in ")
    assert status(conn, *other) is Status.WAITING
    assert qtask("cancel", "-q", "A", "-y").err.endswith("no task fits\n")
    assert qtask("retry", "-q", "A", "-s", "failed", "-y", "--json").json["retried"] == 0
    result = qtask("retry", "-q", "A", "-s", "cancelled", "--deadline", "1h", "-y", "--json")
    assert result.json == {"retried": 3, "skipped": {}, "interrupted": False}
    result = qtask("fail", "--all", "--reason", "it's over", "-y")
    assert result.out.startswith("failed 4 tasks in ")
    (task, *_) = calls.list_tasks(conn)
    assert (task.status, task.last_error) == (Status.FAILED, "it's over")
    age(conn, 100)
    assert qtask("retry", "--error", "it's", "--older", "2m", "-y", "--json").json["retried"] == 0
    assert qtask("retry", "--error", "it's", "--older", "1m", "-y", "--json").json["retried"] == 4


def test_where_nobody_can_be_asked_it_shows_and_changes_nothing(
    qtask: Qtask, conn: Connection
) -> None:
    task_id = started(conn, "A")
    calls.fail(conn, task_id, 1, "the bank\ndoes not answer")
    make(conn, 2, "B")
    result = qtask("cancel", "--all")
    assert result.code == 2
    assert "This is to cancel 3 tasks of " in result.err
    assert f"task {task_id}, waiting: the bank does not answer" in result.err
    rows = [line.split() for line in result.err.splitlines()]
    assert ["Queue", "Name", "Tasks"] in rows
    assert ["B", "job", "2"] in rows
    assert "pass --yes to cancel" in result.err
    assert {task.status for task in calls.list_tasks(conn)} == {Status.WAITING}


@pytest.mark.parametrize("number", [3, 101])
@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_more_than_100_are_asked_about(
    qtask: Qtask, conn: Connection, number: int, answer: str
) -> None:
    make(conn, number)
    main, side = pty.openpty()
    process = qtask.start("cancel", "--all", terminal=side, stdin=side)
    os.close(side)
    os.write(main, f"{answer}\n".encode())
    said = b""
    try:
        while some := os.read(main, 4096):
            said += some
    except OSError:  # the terminal is closed
        pass
    process.wait(60)
    os.close(main)
    asked = number > bulk.ASKED_ABOVE
    assert (b"Continue?" in said) is asked
    changed = not asked or answer == "y"
    wanted = Status.CANCELLED if changed else Status.WAITING
    assert {task.status for task in calls.list_tasks(conn)} == {wanted}
    assert process.returncode == (0 if changed else 1)


@pytest.mark.parametrize(
    "args",
    [
        ["cancel"], ["retry", "--yes"], ["fail"], ["cancel", "1", "--queue", "A"],
        ["retry", "1", "--all"], ["fail", "--all", "--name", "job"],
    ],
)  # fmt: skip
def test_ids_a_filter_or_all(qtask: Qtask, conn: Connection, args: list[str]) -> None:
    (task_id,) = make(conn, 1)
    assert "one of the three" in qtask.fails(2, *args)
    assert status(conn, task_id) is Status.WAITING


def test_fail_by_number(qtask: Qtask, conn: Connection) -> None:
    first, second = create(qtask), create(qtask)
    result = qtask("fail", first, 999_999, second, "--reason", "gone")
    assert result.code == 1
    assert result.out.splitlines() == [f"task {first} failed", f"task {second} failed"]
    assert "task 999999: " in result.err
    assert status(conn, first) is Status.FAILED
    assert qtask("fail", first, "--json").json[0]["done"] is False


def test_what_is_locked_is_left_alone_and_said(
    qtask: Qtask, conn: Connection, connect: object
) -> None:
    ids = make(conn, 5)
    own = connect(autocommit=False)  # type: ignore[operator]
    calls.cancel(own, ids[2])
    result = qtask("cancel", "--all", "--yes", "--json")
    own.rollback()
    assert result.code == 1
    assert result.json == {
        "cancelled": 4,
        "skipped": {"task_busy": 1},
        "interrupted": False,
    }
    assert status(conn, ids[2]) is Status.WAITING


def test_ctrl_c_stops_between_two_steps(qtask: Qtask, conn: Connection) -> None:
    make(conn, 400)
    process = qtask.start("cancel", "--all", "--yes", "--rate", 20)
    counted = f"SELECT COUNT(*) FROM {conn.prefix}task WHERE status = {int(Status.CANCELLED)}"
    end = time.monotonic() + 30
    while query(conn, counted) == [(0,)]:
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    ((done,),) = query(conn, counted)
    assert process.returncode == 130, err
    assert out.startswith(f"cancelled {done} tasks in ")
    assert "ended early" in err
    assert 0 < done < 400


def test_what_was_created_since_the_look_is_not_changed(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter is applied once, and then its ids."""
    ids = make(conn, 5)
    monkeypatch.setattr(bulk, "STEP", 2)
    found = bulk.freeze(conn, {"queue": "A"})
    make(conn, 5)
    done = Change(lambda some: calls.change_tasks(conn, "cancel", some), 1000).run(
        found.ids, lambda _count: None
    )
    assert (list(found.ids), done.changed) == (ids, 5)
    assert len([t for t in calls.list_tasks(conn) if t.status is Status.WAITING]) == 5


class Clock:
    """Time that passes in `sleep` alone."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_rate_is_kept_and_the_busy_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(bulk, "time", clock)
    steps: list[list[int]] = []

    def call(some: Sequence[int]) -> Changes:
        steps.append(list(some))
        if len(steps) == 2:
            raise Conflict("a deadlock (1213)")
        busy = [Refused(n, None, ERROR["task_busy"]) for n in some if n == 7 or len(steps) == 1]
        gone = [Refused(n, None, ERROR["task_not_found"]) for n in some if n == 8]
        return Changes(len(some) - len(busy) - len(gone), busy + gone)

    told: list[int] = []
    done = Change(call, rate=10).run(range(20), told.append)
    assert [len(step) for step in steps[:4]] == [5, 5, 5, 5]
    assert clock.now >= 101.5
    assert done.changed == 18
    assert done.skipped == {ERROR["task_busy"]: 1, ERROR["task_not_found"]: 1}
    assert sum(told) == 19
    assert steps[-1] == [7]


def test_hostile_texts(qtask: Qtask, conn: Connection) -> None:
    hostile = "a\x1b[2J'\"; -- %s _ \u202e"
    task_id = ended(conn, Status.FAILED, queue=hostile, name=hostile, namespace=hostile)
    execute(conn, f"UPDATE {conn.prefix}task SET last_error = 'x' WHERE task_id = {task_id}")
    place = ("--queue", hostile, "--name", hostile, "--namespace", hostile)
    shown = qtask("retry", *place)
    assert shown.code == 2
    assert not set(shown.err) & set("\x1b\u202e")
    assert qtask("retry", *place, "--error", "%", "-y", "--json").json["retried"] == 0
    assert qtask("retry", *place, "--error", "x", "-y", "--json").json["retried"] == 1
