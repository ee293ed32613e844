"""An error 1062 that is not of the order numbers is told as it is, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testing import content, count, ended, execute, new, query

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.constants import Status
from qtask_db.errors import DatabaseError, DuplicateOrder
from qtask_db.install import install

MakeUrl = Callable[..., str]


@pytest.fixture
def own(new_database: MakeUrl) -> Iterator[Connection]:
    """A connection to a schema that its user has changed."""
    url = new_database()
    install(url, {}, report=lambda _line: None)
    with Database(url).connect() as conn:
        yield conn


def collation(conn: Connection) -> None:
    execute(
        conn,
        "ALTER TABLE qtask_task CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    )


def index(conn: Connection) -> None:
    execute(conn, "CREATE UNIQUE INDEX own ON qtask_task (name)")


def trigger(conn: Connection) -> None:
    execute(conn, "CREATE TABLE audit (name VARCHAR(128) PRIMARY KEY)")
    execute(
        conn,
        "CREATE TRIGGER audit_insert AFTER INSERT ON qtask_task FOR EACH ROW "
        "INSERT INTO audit VALUES (new.name)",
    )
    execute(
        conn,
        "CREATE TRIGGER audit_update AFTER UPDATE ON qtask_task FOR EACH ROW "
        "INSERT INTO audit VALUES (new.name)",
    )


WAYS: dict[str, Callable[[Connection, str | None], Any]] = {
    "create": lambda c, n: calls.create(c, "job", {}, 60, "Q", order_no=n),
    "delay": lambda c, n: calls.delay(c, "job", {}, 5, 60, "Q", order_no=n),
    "create_many": lambda c, n: calls.create_many(
        c, [NewTask("other", {}, 60, "Q"), NewTask("job", {}, 60, "Q", order_no=n)]
    ),
}


@pytest.mark.parametrize("change", [index, trigger, collation])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_creation_ends(
    own: Connection, change: Callable[[Connection], None], autocommit: bool
) -> None:
    change(own)
    first = new(own, order_no="ABC-1")
    before = content(own)
    own.raw.autocommit(autocommit)
    for order_no in ("abc-1",) if change is collation else ("abc-1", None):
        for create in WAYS.values():
            with pytest.raises(DatabaseError, match="1062"):
                create(own, order_no)
            own.rollback()
    assert content(own) == before
    # Each try takes an id; that many are no matter.
    execute(own, "DROP TRIGGER IF EXISTS audit_insert")
    assert new(own, name="another") - first < 2000


def test_a_retry_tells_the_two_apart(own: Connection) -> None:
    task_id = ended(own, Status.FAILED, order_no="1")
    new(own, order_no="1")
    with pytest.raises(DuplicateOrder):
        calls.retry(own, task_id)
    calls.cancel(own, query(own, "SELECT MAX(task_id) FROM qtask_task")[0][0])
    trigger(own)
    execute(own, "INSERT INTO audit VALUES ('job')")
    with pytest.raises(DatabaseError, match="1062"):
        calls.retry(own, task_id)
    assert count(own) == 2
