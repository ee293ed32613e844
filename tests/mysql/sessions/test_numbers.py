"""Numbers that no column holds are refused by the procedure, not by the server's conversions."""

from __future__ import annotations

import pytest
from testing import call, refused

from qtask_db import Connection
from qtask_db.errors import InvalidArgument


@pytest.mark.parametrize("key", ["interval", "delay", "deadline", "delete_deadline", "max_count"])
@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e-3", "9" * 70, "-" + "9" * 70])
def test_in_a_bulk_create(conn: Connection, key: str, number: str) -> None:
    fields = {"name": '"job"', "payload": "{}", "interval": "60", "queue": '"Q"', key: number}
    element = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    with refused(conn, InvalidArgument, "in_tasks, element 1", key):
        call(conn, "create_tasks", f"[{{{element}}}]")
