"""With autocommit on, an error behind the first change of a call takes back all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from testing import content, execute, new, started

from qtask_db import Connection, Schedule, calls
from qtask_db.errors import DatabaseError

CALLS: dict[str, tuple[str, Callable[[Connection], Callable[[], object]]]] = {
    "fail": ("INSERT ON {}attempt", lambda c: ending(c, calls.reject)),
    "cancel": ("INSERT ON {}attempt", lambda c: ending(c, calls.cancel)),
    "start": ("INSERT ON {}attempt", lambda c: ending(c, calls.processing)),
    "run_schedule": ("UPDATE ON {}schedule", lambda c: lambda: calls.run_schedule(c, "daily")),
}


def ending(conn: Connection, verb: Callable[..., object]) -> Callable[[], object]:
    """The verb on a task that is being processed."""
    task_id = started(conn, interval=1)
    return lambda: verb(conn, task_id)


@pytest.fixture
def refusing(conn: Connection) -> Iterator[Callable[[str], None]]:
    """Refuses changes of a table."""
    yield lambda change: execute(
        conn,
        f"CREATE TRIGGER refusing BEFORE {change.format(conn.prefix)} FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 30001, MESSAGE_TEXT = 'no'",
    )
    execute(conn, "DROP TRIGGER refusing")


@pytest.mark.parametrize("verb", CALLS)
def test_an_error_leaves_nothing(
    conn: Connection, refusing: Callable[[str], None], verb: str
) -> None:
    new(conn)
    calls.set_schedule(conn, Schedule("daily", "Q", every=60))
    change, make = CALLS[verb]
    call = make(conn)
    before = content(conn)
    refusing(change)
    with pytest.raises(DatabaseError, match="30001"):
        call()
    assert content(conn) == before
