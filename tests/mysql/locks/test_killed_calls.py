"""A call of several statements that is killed, wherever it is, has done all of its work or none.
The next call is not part of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Timer

import pytest
from testing import count, execute, query

from qtask_db import Connection, NewTask, calls
from qtask_db.errors import QtaskError

MANY = 20
KILLS = 60


def tasks(queue: str) -> list[NewTask]:
    return [NewTask("job", {"n": n}, 3600, queue) for n in range(MANY)]


def test_killed_calls_are_whole_or_nothing(
    conn: Connection, connect: Callable[..., Connection]
) -> None:
    """Each is of a new queue, so that two tables have the work or neither."""
    own = connect()
    ((number,),) = query(own, "SELECT CONNECTION_ID()")
    calls.create_many(own, tasks("first"))
    began = time.monotonic()
    calls.create_many(own, tasks("measured"))
    took = time.monotonic() - began
    for n in range(KILLS):
        queues, stored = count(conn, "queue"), count(conn)
        timer = Timer(1.2 * took * n / KILLS, execute, (conn, f"KILL QUERY {number}"))
        timer.start()
        possible, told = {(0, 0), (1, MANY)}, "no error"
        try:
            calls.create_many(own, tasks(f"Q{n}"))
            possible.remove((0, 0))
        except QtaskError as error:
            told = str(error)
        timer.join()
        assert (count(conn, "queue") - queues, count(conn) - stored) in possible, told


@pytest.fixture
def broken(conn: Connection) -> Iterator[str]:
    """The prefix of a procedure that fails and, as one that is killed, leaves its transaction
    open.
    """
    execute(
        conn,
        "CREATE PROCEDURE broken_cancel_task (IN in_number INT) BEGIN START TRANSACTION; "
        f"INSERT INTO {conn.prefix}queue (namespace, queue) VALUES ('n', 'q'); "
        "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = in_number; END",
    )
    yield "broken_"
    execute(conn, "DROP PROCEDURE broken_cancel_task")


@pytest.mark.parametrize("number", [1317, 1048, 1644, 20101])
def test_whatever_the_error_its_transaction_ends(
    conn: Connection, connect: Callable[..., Connection], broken: str, number: int
) -> None:
    """The kill may come when a statement has failed, and before the handler: that error is told."""
    own = connect()
    with pytest.raises(QtaskError):
        Connection(own.raw, own.dialect, broken).call("cancel_task", number)
    calls.create(own, "job", {}, 60, "Q")
    assert (count(conn, "queue"), count(conn)) == (1, 1)
