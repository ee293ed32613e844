"""forget_process: a relay or a worker ends as it was asked to."""

from __future__ import annotations

from typing import Any

import pytest
from testing import call, new, refused

from qtask_db import Connection, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, TransactionOpen


def test_it_is_listed_no_more(conn: Connection) -> None:
    for name in ("w1", "w2", "W1"):
        calls.report_process(conn, name, "worker", uptime=0)
    calls.forget_process(conn, "w1")
    assert [found.name for found in calls.list_processes(conn)] == ["W1", "w2"]


def test_one_that_is_not_known_is_no_error(conn: Connection) -> None:
    calls.report_process(conn, "w", "worker", uptime=0)
    calls.forget_process(conn, "other")
    calls.forget_process(conn, "other")
    assert [found.name for found in calls.list_processes(conn)] == ["w"]


def test_it_commits_by_itself(conn: Connection, connect: Any) -> None:
    own = connect(autocommit=False)
    calls.report_process(conn, "w", "worker", uptime=0)
    new(own)
    with pytest.raises(TransactionOpen):
        calls.forget_process(own, "w")
    own.rollback()
    calls.forget_process(own, "w")
    own.rollback()
    assert calls.list_processes(conn) == []


@pytest.mark.parametrize("name", [None, "", " w", "w ", "w" * (LIMIT["relay"] + 1)])
def test_a_bad_name_is_refused(conn: Connection, name: Any) -> None:
    with refused(conn, InvalidArgument, "in_name", f"1 to {LIMIT['relay']}"):
        call(conn, "forget_process", name)


def test_in_plain_sql(conn: Connection) -> None:
    calls.report_process(conn, "w", "worker", uptime=0)
    assert call(conn, "forget_process", "w") == []
    assert calls.list_processes(conn) == []
