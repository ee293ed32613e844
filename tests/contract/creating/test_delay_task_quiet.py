"""delay_task_quiet: delay_task for stored code, without a result set.

Its refusals and its rows are tested beside those of the other verbs, in test_creation.py.
"""

from __future__ import annotations

import pytest
from testing import call, lasting, refused, row

from qtask_db import Connection
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument

JOB = ("job", "{}")


def test_it_tells_what_delay_task_tells(conn: Connection) -> None:
    given = (*JOB, 7, 60, "Q")
    task_id, created = call(conn, "delay_task_quiet", *given, options={"order_no": "1"})
    assert created == 1
    assert call(conn, "delay_task_quiet", *given, options={"order_no": "1"}) == (task_id, 0)
    assert call(conn, "delay_task", *given, options={"order_no": "1"}) == (task_id, 0)
    assert lasting(row(conn, task_id), "created_at", "due_at") == 7


@pytest.mark.parametrize("delay", [None, -1, LIMIT["seconds"] + 1])
def test_a_bad_delay_is_refused(conn: Connection, delay: int | None) -> None:
    with refused(conn, InvalidArgument, "in_delay"):
        call(conn, "delay_task_quiet", *JOB, delay, 60, "Q")
