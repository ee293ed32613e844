"""What keeps an ended task from being deleted: a trigger, of DELETE and even of UPDATE."""

from __future__ import annotations

from collections.abc import Iterator

import pymysql
import pytest
from testing import age, count, ended, execute, query, row

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, Status
from qtask_db.doctor.mysql import server as mysql_doctor

KEEP = "IF OLD.order_no = 'keep' THEN {}; END IF"
REFUSAL = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'it is kept'"


def trigger(conn: Connection, event: str, body: str) -> None:
    execute(
        conn,
        f"CREATE TRIGGER keep_{event} BEFORE {event} ON {conn.prefix}task FOR EACH ROW "
        f"{KEEP.format(body)}",
    )


@pytest.fixture(autouse=True)
def _no_triggers(conn: Connection) -> Iterator[None]:
    yield
    for event in ("DELETE", "UPDATE"):
        execute(conn, f"DROP TRIGGER IF EXISTS keep_{event}")


@pytest.fixture
def _heeded(conn: Connection) -> None:
    """MariaDB 11.8 does not call a procedure's handler for what a trigger of a DELETE with a join
    raises, so the purge is refused there as a whole.
    """
    ((version,),) = query(conn, "SELECT VERSION()")
    if "MariaDB" in version and int(version.split(".")[0]) >= 11:
        pytest.skip(f"{version} passes over handlers: --servers mariadb-10.11 or --engine mysql")


@pytest.fixture
def kept(conn: Connection) -> int:
    """The first of thirty tasks that can be purged."""
    found = ended(conn, Status.FINISHED, order_no="keep")
    age(conn, 10)
    for _ in range(29):
        ended(conn, Status.FINISHED)
    return found


@pytest.mark.usefixtures("_heeded")
@pytest.mark.parametrize(
    "refusal",
    [
        REFUSAL,
        f"SIGNAL SQLSTATE '23000' SET MESSAGE_TEXT = '{'x' * 60}'",
        "INSERT INTO qtask_setting VALUES ('version', 'twice')",
    ],
)
def test_a_trigger_keeps_a_task(conn: Connection, kept: int, refusal: str) -> None:
    trigger(conn, "DELETE", refusal)
    assert calls.purge(conn, 30) == 29
    found = row(conn, kept)
    assert (found["due_at"] - found["ended_at"]).total_seconds() > DEFAULT["purge_retry"]
    assert calls.purge(conn, 30) == 0
    execute(conn, "DROP TRIGGER keep_DELETE")
    age(conn, DEFAULT["purge_retry"])
    assert calls.purge(conn, 30) == 1


@pytest.mark.usefixtures("_heeded")
def test_doctor_names_a_task_that_is_kept(conn: Connection, kept: int) -> None:
    (found,) = mysql_doctor._purge(conn.raw, conn.prefix)
    assert found.level.value == "ok"
    trigger(conn, "DELETE", REFUSAL)
    calls.purge(conn, 30)
    (found,) = mysql_doctor._purge(conn.raw, conn.prefix)
    assert (found.level.value, f"task {kept} " in found.text) == ("warn", True)


@pytest.mark.usefixtures("_heeded")
def test_a_task_that_cannot_be_put_off_either(conn: Connection, kept: int) -> None:
    for event in ("DELETE", "UPDATE"):
        trigger(conn, event, REFUSAL)
    assert calls.purge(conn, 10) == 9, "the others go"
    assert calls.purge(conn, 30) == 20
    assert calls.purge(conn, 30) == 0
    assert count(conn) == 1
    execute(conn, "DROP TRIGGER keep_UPDATE")
    execute(conn, "DROP TRIGGER keep_DELETE")
    assert query(conn, f"SELECT task_id FROM {conn.prefix}task") == [(kept,)]
    assert calls.purge(conn, 30) == 1


@pytest.mark.usefixtures("kept")
def test_an_error_that_no_row_has_caused_is_raised(conn: Connection) -> None:
    """A trigger that cannot work at all, a right that is missing: nothing is put off."""
    trigger(conn, "DELETE", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(Exception, match="nowhere") as caught:
        calls.purge(conn, 30)
    assert isinstance(caught.value.__cause__, pymysql.MySQLError)
    assert query(
        conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE due_at > UTC_TIMESTAMP(3)"
    ) == [(0,)]
