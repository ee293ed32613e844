"""Triggers and functions of the business create tasks: no verb of applications has a result set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from testing import count, execute, new, query

from qtask_db import Connection
from qtask_db.constants import ERROR

Connect = Callable[..., Connection]


@pytest.fixture
def bills(real: Connection, conn: Connection) -> Iterator[None]:  # noqa: ARG001 - a real server
    """A business table whose rows create tasks."""
    execute(
        conn, "CREATE TABLE bills (queue VARCHAR2(200), order_no VARCHAR2(128), task_id NUMBER)"
    )
    execute(
        conn,
        """
CREATE OR REPLACE TRIGGER bills_insert BEFORE INSERT ON bills FOR EACH ROW
DECLARE
  v_created NUMBER;
  v_pushable NUMBER;
BEGIN
  qtask.create_task_quiet(
    'bill', '{}', 60, :new.queue, :new.task_id, v_created, v_pushable, in_order_no => :new.order_no
  );
END;
""",
    )
    yield
    execute(conn, "DROP TABLE bills PURGE")


@pytest.mark.usefixtures("bills")
def test_a_row_creates_its_task_or_finds_it(conn: Connection, connect: Connect) -> None:
    first = new(conn, "Q", name="bill", order_no="1")
    own = connect(autocommit=False)
    for queue, number in (("Q", 1), ("NEW", 1), ("NEW", 1)):
        execute(own, f"INSERT INTO bills (queue, order_no) VALUES ('{queue}', '{number}')")
    assert count(conn) == 1
    own.commit()
    assert count(conn) == 2
    ids = [r[0] for r in query(conn, "SELECT task_id FROM bills ORDER BY queue DESC")]
    assert (ids[0], ids[1] == ids[2] != first) == (first, True)


@pytest.mark.usefixtures("bills")
def test_a_refusal_refuses_the_row(conn: Connection, connect: Connect) -> None:
    own = connect(autocommit=False)
    with pytest.raises(Exception, match=str(ERROR["invalid_argument"])):
        execute(own, "INSERT INTO bills (queue, order_no) VALUES (' Q', '1')")
    own.commit()
    assert count(conn) == count(conn, "queue") == 0
