"""Many creators at once: one order number gives one task, and different ones do not wait."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from crowds import CREATORS, JOB, together
from testing import count, new, query

from qtask_db import Connection, NewTask, calls

CREATE: dict[str, Callable[[Connection, str], Any]] = {
    "create": lambda c, n: calls.create(c, *JOB, order_no=n),
    "create_many": lambda c, n: calls.create_many(c, [NewTask(*JOB), NewTask(*JOB, order_no=n)])[1],
}


@pytest.mark.parametrize("way", CREATE)
@pytest.mark.parametrize("known", [True, False], ids=["known queue", "new queue"])
def test_concurrent_creators_of_one_order_number_give_one_task(
    conn: Connection, crowd: list[Connection], way: str, known: bool
) -> None:
    if known:
        new(conn)
    for order_no in map(str, range(5)):
        tasks = together(crowd, lambda c, _, n=order_no: CREATE[way](c, n))
        assert {type(t).__name__ for t in tasks} == {"Task"}, tasks
        assert len({t.task_id for t in tasks}) == 1
        assert [t.created for t in tasks].count(True) == 1
        assert sum(t.pushable for t in tasks) == 1
    assert query(conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE order_no IS NOT NULL") == [
        (5,)
    ]
    assert count(conn, "queue") == 1


@pytest.mark.parametrize("way", CREATE)
def test_when_the_winner_rolls_back_one_of_the_others_creates(
    conn: Connection, crowd: list[Connection], connect: Callable[..., Connection], way: str
) -> None:
    new(conn)
    for order_no in map(str, range(3)):
        winner = connect(autocommit=False)
        lost = CREATE[way](winner, order_no)
        assert lost.created
        waiting: list[Any] = []
        others = Thread(
            target=lambda n=order_no, into=waiting: into.extend(
                together(crowd, lambda c, _: CREATE[way](c, n))
            )
        )
        others.start()
        others.join(0.2)
        assert others.is_alive(), "they do not wait for the winner"
        winner.rollback()
        others.join(60)
        assert {type(t).__name__ for t in waiting} == {"Task"}, waiting
        assert len({t.task_id for t in waiting}) == 1
        assert [t.created for t in waiting].count(True) == 1
        assert waiting[0].task_id != lost.task_id


def test_when_the_winner_commits_all_others_return_its_task(
    crowd: list[Connection], connect: Callable[..., Connection]
) -> None:
    winner = connect(autocommit=False)
    won = calls.create(winner, *JOB, order_no="1")
    found: list[Any] = []
    others = Thread(
        target=lambda: found.extend(together(crowd, lambda c, _: CREATE["create"](c, "1")))
    )
    others.start()
    others.join(0.2)
    winner.commit()
    others.join(60)
    assert [(t.task_id, t.created) for t in found] == [(won.task_id, False)] * CREATORS


def test_different_order_numbers_do_not_wait_for_each_other(
    conn: Connection, crowd: list[Connection]
) -> None:
    new(conn)
    for one in crowd:
        one.set_autocommit(False)
    # All transactions are open at once, and none is ended before all have created.
    made = [CREATE["create"](one, f"{n:03}") for n, one in enumerate(crowd)]
    made += [CREATE["create_many"](one, f"{n:03}a") for n, one in enumerate(crowd)]
    for one in crowd:
        one.commit()
    assert all(task.created for task in made)
