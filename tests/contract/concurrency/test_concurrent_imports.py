"""Many who import at once, beside creators: each task is stored once, and no order number twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from crowds import JOB, together
from testing import count, query

from qtask_db import Connection, Imported, ImportTask, Status, Task, calls

FIRST = 5_000_000


def task(task_id: int, order_no: str | None) -> ImportTask:
    name, payload, interval, queue = JOB
    return ImportTask(
        task_id, name, queue, Status.WAITING, attempts=0, max_count=1, interval=interval,
        payload=str(payload), created=0, deadline=60, order_no=order_no,
    )  # fmt: skip


def test_a_task_that_many_import_is_there_once(conn: Connection, crowd: list[Connection]) -> None:
    tasks = [task(FIRST + n, f"{n}") for n in range(50)]
    found = together(crowd, lambda c, _: calls.import_tasks(c, tasks))
    outcomes = Counter(one.outcome for answer in found for one in answer)
    assert outcomes == {"imported": 50, "present": 50 * (len(crowd) - 1)}
    assert count(conn) == 50


def test_an_order_number_that_others_create_is_active_once(
    conn: Connection, crowd: list[Connection]
) -> None:
    calls.reserve_ids(conn, FIRST + 10_000)
    for turn in range(10):

        def work(c: Connection, number: int, turn: int = turn) -> Any:
            if number % 2:
                return calls.create(c, *JOB, order_no=f"{turn}")
            task_id = FIRST + 100 * turn + number
            return calls.import_tasks(c, [task(task_id, f"{turn}"), task(task_id + 50, None)])

        found = together(crowd, work)
        made = [one for one in found if isinstance(one, Task)]
        imports = [one for one in found if isinstance(one, list)]
        assert len(made) + len(imports) == len(crowd), found
        assert all(isinstance(one, Imported) for answer in imports for one in answer)
        assert {answer[1].outcome for answer in imports} == {"imported"}
        new = [one.created for one in made].count(True)
        new += [answer[0].outcome for answer in imports].count("imported")
        assert new == 1
    active = query(
        conn,
        f"SELECT order_no FROM {conn.prefix}task WHERE order_no IS NOT NULL AND lane <> 0",
    )
    assert Counter(active) == {(f"{turn}",): 1 for turn in range(10)}
