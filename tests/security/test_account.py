"""The account that attacks: an application's, which reaches tasks through its procedures alone."""

from __future__ import annotations

import pytest
from testing import query

from qtask_db import Connection, calls
from qtask_db.errors import AccessDenied
from qtask_db.schema.render import INDEX


def test_it_creates_and_reads_nothing(conn: Connection, attacker: Connection) -> None:
    task = calls.create(attacker, "job", {}, 60, "Q")
    assert task.created
    for entry in (*INDEX["table"], *INDEX["view"]):
        name = f"{conn.prefix}{entry['name']}"
        with pytest.raises(Exception, match=f"(?i){name}|ORA-00942") as error:
            query(attacker, f"SELECT * FROM {name}")
        translated = attacker.dialect.translate(error.value)
        assert isinstance(translated, AccessDenied) or "does not exist" in str(error.value)
