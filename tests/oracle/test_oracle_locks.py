"""In which order calls lock."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from testing import started, until

from qtask_db import Connection, NewTask, calls

Connect = Callable[..., Connection]


def test_bulk_creation_locks_what_is_there_in_the_order_of_the_ids(
    conn: Connection, connect: Connect
) -> None:
    """As bulk finishing does: in the order of the input it would be a deadlock with it."""
    first, second = (started(conn, order_no=number) for number in "12")
    holder, creator = connect(autocommit=False), connect(autocommit=False)
    calls.extend(holder, first, 1)
    made: list[Any] = []
    again = [NewTask("job", {}, 3600, "Q", order_no=number) for number in "21"]
    waiting = Thread(target=lambda: made.extend(calls.create_many(creator, again)), daemon=True)
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive(), "it does not wait for the first task"
    calls.extend(conn, second, 1)
    holder.commit()
    until(lambda: len(made) == 2)
    assert [(task.task_id, task.created) for task in made] == [(second, False), (first, False)]
    creator.rollback()


def test_bulk_creation_registers_queues_in_the_order_of_their_names(
    conn: Connection, connect: Connect
) -> None:
    """In the order of the input two of them would be a deadlock."""
    holder, creator = connect(autocommit=False), connect(autocommit=False)
    calls.create(holder, "job", {}, 3600, "M")
    made: list[Any] = []
    new = [NewTask("job", {}, 3600, queue) for queue in ("Z", "M", "B")]
    waiting = Thread(target=lambda: made.extend(calls.create_many(creator, new)), daemon=True)
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive(), "it does not wait for the queue of the other one"
    calls.create(conn, "job", {}, 3600, "Z")
    holder.commit()
    until(lambda: len(made) == 3)
    assert all(task.created for task in made)
    creator.rollback()


def test_two_bulk_creations_in_opposite_order_give_each_task_once(
    conn: Connection, connect: Connect
) -> None:
    """If they deadlock, the one that the server rolls back is called again."""
    numbers = [str(n) for n in range(200)]
    made: dict[int, list[Any]] = {}

    def create(own: Connection, step: int) -> None:
        tasks = [NewTask("job", {}, 3600, "Q", order_no=number) for number in numbers[::step]]
        made[step] = calls.create_many(own, tasks)[::step]

    creators = [Thread(target=create, args=(connect(), step), daemon=True) for step in (1, -1)]
    for creator in creators:
        creator.start()
    for creator in creators:
        creator.join(60)
    assert [task.task_id for task in made[1]] == [task.task_id for task in made[-1]]
    for one, other in zip(made[1], made[-1], strict=True):
        assert one.created != other.created
    assert len(calls.list_tasks(conn, limit=1000)) == len(numbers)
