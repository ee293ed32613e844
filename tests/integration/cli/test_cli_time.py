"""Times and numbers as programs read them."""

from __future__ import annotations

import datetime

from command_line import Qtask
from testing import count_ids_anew, empty, execute, new

from qtask_db.database import Connection

BEYOND = 2**53 + 1
"""The first integer that a double does not hold."""


def test_large_ids_and_the_zone_of_the_terminal(qtask: Qtask, conn: Connection) -> None:
    task_id = new(conn, delay=100)
    before = datetime.datetime.now(datetime.timezone.utc)
    execute(conn, f"UPDATE {conn.prefix}task SET task_id = {BEYOND} WHERE task_id = {task_id}")
    try:
        (listed,) = qtask("list", "--json", TZ="America/St_Johns").json
        assert listed["task_id"] == BEYOND
        created_at = datetime.datetime.fromisoformat(listed["created_at"].replace("Z", "+00:00"))
        assert abs((created_at - before).total_seconds()) < 30
        assert qtask("explain", BEYOND, "--json", TZ="Asia/Kolkata").json["task_id"] == BEYOND
        assert qtask("cancel", BEYOND).code == 0
        assert qtask("retry", BEYOND).code == 0
    finally:
        empty(conn)
        count_ids_anew(conn)
