"""No session chooses the numbers of tasks and queues, whatever its settings are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testing import call, content, execute, new, query, refused, row

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import LIMIT, Status
from qtask_db.errors import InvalidArgument

Connect = Callable[..., Connection]
JOB = ("job", {}, 60)

CREATIONS: dict[str, Callable[[Connection, str], Any]] = {
    "create": lambda c, q: calls.create(c, *JOB, q),
    "create by order": lambda c, q: calls.create(c, *JOB, q, order_no="1", max_count=2),
    "delay": lambda c, q: calls.delay(c, "job", {}, 0, 60, q),
    "create_task_quiet": lambda c, q: call(c, "create_task_quiet", "job", "{}", 60, q),
    "create_many": lambda c, q: calls.create_many(c, [NewTask(*JOB, q)] * 3),
    "create_many, two queues": lambda c, q: calls.create_many(
        c, [NewTask(*JOB, q), NewTask(*JOB, f"{q}2"), NewTask(*JOB, f"{q}1")]
    ),
    "create_many, duplicates": lambda c, q: calls.create_many(
        c, [NewTask(*JOB, q, order_no="1"), NewTask(*JOB, q), NewTask(*JOB, q, order_no="1")]
    ),
}
every_creation = pytest.mark.parametrize("way", CREATIONS)
both = pytest.mark.parametrize("autocommit", [True, False])


@every_creation
@both
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("value", [1, 2**31 - 1, 2**63 - 2])
def test_an_id_that_was_set_is_refused_before_anything_is_stored(
    conn: Connection, connect: Connect, way: str, autocommit: bool, known: bool, value: int
) -> None:
    own = connect(autocommit=autocommit)
    new(conn, "Q" if known else "OTHER")
    execute(own, f"SET insert_id = {value}")
    with refused(conn, InvalidArgument, "insert_id"):
        CREATIONS[way](own, "Q")
    execute(own, "SET insert_id = 0")
    CREATIONS[way](own, "Q")
    own.commit()
    assert min(r[0] for r in query(conn, f"SELECT task_id FROM {conn.prefix}task")) > 0


@every_creation
@both
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("full", [True, False])
def test_nought_is_no_id(
    conn: Connection, connect: Connect, way: str, autocommit: bool, known: bool, full: bool
) -> None:
    own = connect(autocommit=autocommit)
    if known:
        new(conn, "Q")
    highest = new(conn, "OTHER") if full else 0
    before = [r[0] for r in content(conn)[0]]
    execute(own, "SET insert_id = 0")
    CREATIONS[way](own, "Q")
    own.commit()
    made = [r[0] for r in content(conn)[0] if r[0] not in before]
    assert len(made) == {"create_many": 3, "create_many, two queues": 3}.get(
        way, 2 if "duplicates" in way else 1
    )
    assert min(made) > highest
    assert query(conn, f"SELECT MIN(queue_id) > 0 FROM {conn.prefix}queue") == [(1,)]
    assert query(
        conn,
        f"SELECT COUNT(*) FROM {conn.prefix}task AS task "
        f"LEFT JOIN {conn.prefix}queue AS queue USING (queue_id) WHERE queue.queue_id IS NULL",
    ) == [(0,)]


@pytest.mark.parametrize("verb", [calls.pause, calls.resume])
def test_a_queue_that_is_registered_by_an_operator(
    conn: Connection, connect: Connect, verb: Callable[..., None]
) -> None:
    own = connect()
    execute(own, "SET insert_id = 5")
    with refused(conn, InvalidArgument, "insert_id"):
        verb(own, "Q")
    execute(own, "SET insert_id = 0")
    verb(own, "Q")
    ((queue_id, paused_at),) = query(conn, f"SELECT queue_id, paused_at FROM {conn.prefix}queue")
    assert queue_id > 0
    assert (paused_at is not None) is (verb is calls.pause)


@every_creation
def test_a_step_that_would_use_up_the_numbers_is_refused(
    conn: Connection, connect: Connect, way: str
) -> None:
    own = connect()
    execute(own, "SET auto_increment_increment = 65535")
    with refused(conn, InvalidArgument, "auto_increment_increment", f"1 to {LIMIT['id_step']}"):
        CREATIONS[way](own, "Q")
    execute(own, f"SET auto_increment_increment = {LIMIT['id_step']}")
    CREATIONS[way](own, "Q")


@both
def test_the_callers_last_insert_id_is_kept(
    conn: Connection, connect: Connect, autocommit: bool
) -> None:
    own = connect(autocommit=autocommit)
    for way, create in CREATIONS.items():
        execute(own, "SET last_insert_id = 17")
        create(own, way)
        assert query(own, "SELECT LAST_INSERT_ID()") == [(17,)], way
    # It may be the very number that comes next.
    own.commit()
    highest = new(conn)
    execute(own, f"SET last_insert_id = {highest + 1}")
    assert calls.create(own, *JOB, "Q").task_id == highest + 1
    own.commit()
    assert row(conn, highest + 1)["status"] == Status.WAITING
