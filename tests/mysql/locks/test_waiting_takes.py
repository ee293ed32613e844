"""A take that waits holds nothing, and gets a task as soon as it is committed.

The locks are read in `performance_schema.data_locks`, which MariaDB does not have.
"""

from __future__ import annotations

import time
from threading import Thread

import pytest
from held import Connect, locks
from testing import execute, new, query

from qtask_db import Connection, calls

pytestmark = pytest.mark.usefixtures("data_locks")


def test_a_waiting_take_holds_nothing(conn: Connection, connect: Connect) -> None:
    """No lock and no snapshot; and who alters the table waits for a moment."""
    calls.set_delivery(conn, "Q", "direct")
    new(conn, delay=1000)
    taker = connect()
    thread = Thread(target=lambda: calls.take(taker, "w", ["Q", "NEW"], 4, wait=4))
    thread.start()
    for _ in range(30):
        time.sleep(0.05)
        assert locks(conn, taker) == locks(conn, taker, "queue") == {}
        assert transactions(conn, taker) == 0
    began = time.monotonic()
    execute(conn, f"ALTER TABLE {conn.prefix}task ADD COLUMN more INT")
    execute(conn, f"ALTER TABLE {conn.prefix}task DROP COLUMN more")
    took = time.monotonic() - began
    assert thread.is_alive()
    assert took < 2
    thread.join(25)
    assert not thread.is_alive()


def test_a_task_that_is_not_committed_is_waited_for(conn: Connection, connect: Connect) -> None:
    calls.set_delivery(conn, "Q", "direct")
    taker, creator = connect(), connect()
    execute(creator, "SET autocommit = 0")
    found = []
    thread = Thread(target=lambda: found.append(calls.take(taker, "w", ["Q"], 4, wait=20)))
    thread.start()
    time.sleep(0.2)
    task_id = new(creator)
    time.sleep(0.3)
    assert thread.is_alive()
    creator.commit()
    thread.join(25)
    assert [one.task_id for one in found[0].started] == [task_id]


def transactions(conn: Connection, other: Connection) -> int:
    """Its open ones that keep a snapshot."""
    (found,) = query(
        conn,
        "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_isolation_level <> "
        f"'READ UNCOMMITTED' AND trx_mysql_thread_id = {other.raw.thread_id()}",
    )
    return int(found[0])
