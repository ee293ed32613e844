"""Triggers and stored functions of the business create tasks by the quiet verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from testing import count, execute, new, query, row, started

from qtask_db import Connection, Database
from qtask_db.constants import ERROR, Status

Connect = Callable[..., Connection]
CREATE = """
CREATE TRIGGER bills_insert AFTER INSERT ON bills FOR EACH ROW
  CALL {p}create_task_quiet(
    'bill', new.payload, 60, new.queue, JSON_OBJECT('order_no', new.order_no),
    @task_id, @created, @pushable
  )
"""
DELAY = """
CREATE TRIGGER bills_update BEFORE UPDATE ON bills FOR EACH ROW
BEGIN
  DECLARE v_task_id BIGINT;
  DECLARE v_created TINYINT;
  CALL {p}delay_task_quiet('remind', new.payload, 900, 60, new.queue, NULL, v_task_id, v_created);
  SET new.task_id = v_task_id;
END
"""
FUNCTION = """
CREATE FUNCTION bill(in_queue VARCHAR(128), in_order_no VARCHAR(128)) RETURNS BIGINT
MODIFIES SQL DATA
BEGIN
  DECLARE v_task_id BIGINT;
  DECLARE v_created TINYINT;
  DECLARE v_pushable TINYINT;
  CALL {p}create_task_quiet(
    'bill', '{{}}', 60, in_queue, JSON_OBJECT('order_no', in_order_no),
    v_task_id, v_created, v_pushable
  );
  RETURN v_task_id;
END
"""


@pytest.fixture
def bills(conn: Connection) -> Iterator[None]:
    """A business table whose rows create tasks."""
    ((trusted,),) = query(conn, "SELECT @@GLOBAL.log_bin_trust_function_creators")
    execute(conn, "SET GLOBAL log_bin_trust_function_creators = 1")
    execute(
        conn,
        "CREATE TABLE bills (id INT AUTO_INCREMENT PRIMARY KEY, payload TEXT, queue VARCHAR(200), "
        "order_no VARCHAR(128), task_id BIGINT)",
    )
    for statement in (CREATE, DELAY, FUNCTION):
        execute(conn, statement.format(p=conn.prefix))
    yield
    execute(conn, "DROP TABLE bills")
    execute(conn, "DROP FUNCTION bill")
    execute(conn, f"SET GLOBAL log_bin_trust_function_creators = {trusted}")


pytestmark = pytest.mark.usefixtures("bills")


def bill(queue: str, *numbers: object) -> str:
    """A statement that writes one row for each of these order numbers."""
    rows = ", ".join(f"('{{}}', '{queue}', {number})" for number in numbers)
    return f"INSERT INTO bills (payload, queue, order_no) VALUES {rows}"


@pytest.fixture(params=["autocommit", "begun", "no autocommit"])
def own(request: pytest.FixtureRequest, connect: Connect) -> Connection:
    """Callers in each kind of transaction."""
    conn = connect(autocommit=request.param != "no autocommit")
    if request.param == "begun":
        execute(conn, "START TRANSACTION")
    return conn


ISOLATIONS = ["REPEATABLE READ", "READ COMMITTED", "SERIALIZABLE"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_row_creates_its_task_in_a_new_queue(
    conn: Connection, connect: Connect, isolation: str
) -> None:
    own = connect(autocommit=False)
    execute(own, f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")
    execute(own, bill("NEW", 17))
    assert query(own, "SELECT LAST_INSERT_ID(), MAX(id) FROM bills") == [(1, 1)]
    assert count(conn) == 0
    own.rollback()
    assert count(conn) == count(conn, "queue") == 0
    execute(own, bill("NEW", 17))
    own.commit()
    ((task_id, order_no),) = query(conn, f"SELECT task_id, order_no FROM {conn.prefix}task")
    assert order_no == "17"
    assert row(conn, task_id)["lane"] > 0


def test_the_three_kinds_of_transactions(conn: Connection, own: Connection) -> None:
    execute(own, bill("Q", 1))
    execute(own, bill("Q", "NULL"))
    execute(own, "UPDATE bills SET payload = '{\"a\": 1}'")
    assert query(own, "SELECT bill('Q', '2') > 0") == [(1,)]
    own.commit()
    assert count(conn) == 5
    assert query(conn, "SELECT COUNT(DISTINCT task_id) FROM bills") == [(2,)]
    assert count(conn, "queue") == 1


def test_a_duplicate_is_found(conn: Connection, own: Connection) -> None:
    first = new(conn, "Q", name="bill", order_no="1")
    execute(own, bill("Q", 1))
    assert query(own, "SELECT @task_id, @created, @pushable") == [(first, 0, 0)]
    assert query(own, "SELECT bill('Q', '1')") == [(first,)]
    execute(own, bill("Q", 2, 2, 3))
    own.commit()
    assert count(conn) == 3
    assert count(conn, "queue") == 1


def test_a_refusal_refuses_the_row(conn: Connection, own: Connection) -> None:
    for queue in ("", " Q", "x" * 129):
        with pytest.raises(Exception, match=f"{ERROR['invalid_argument']}.*in_queue"):
            execute(own, bill(queue, 1))
    execute(own, bill("Q", 2))
    own.commit()
    assert query(conn, "SELECT order_no FROM bills") == [("2",)]
    assert count(conn) == 1


def test_several_rows_are_all_or_none(conn: Connection, own: Connection) -> None:
    with pytest.raises(Exception, match=str(ERROR["invalid_argument"])):
        execute(
            own, "INSERT INTO bills (payload, queue, order_no) VALUES ('{}', 'Q', 1), ('{}', '', 2)"
        )
    own.commit()
    assert query(conn, "SELECT id FROM bills") == []
    assert count(conn) == count(conn, "queue") == 0


@pytest.mark.parametrize("form", ["ROW", "MIXED", "STATEMENT"])
def test_whatever_the_binary_log_is_written_in(
    conn: Connection, connect: Connect, form: str
) -> None:
    own = connect()
    execute(own, f"SET SESSION binlog_format = '{form}'")
    for n in range(3):
        execute(own, bill("Q", n % 2))
    assert count(conn) == 2


def test_whoever_writes_the_row_needs_no_right_on_the_verb(
    conn: Connection, new_account: Callable[[str, str], str], database_url: str
) -> None:
    """The trigger's definer does."""
    url = new_account(database_url, "qtask_biller")
    execute(conn, "GRANT INSERT ON bills TO qtask_biller")
    with Database(url).connect() as own:
        execute(own, bill("NEW", 1))
    assert count(conn) == 1


def test_what_else_has_no_result_set_may_be_called(conn: Connection, own: Connection) -> None:
    done, longer, gone, bad, later = (started(conn) for _ in range(5))
    p = conn.prefix
    execute(conn, "CREATE TABLE acts (task_id BIGINT, verb VARCHAR(20))")
    execute(
        conn,
        "CREATE TRIGGER acts_insert AFTER INSERT ON acts FOR EACH ROW "
        f"BEGIN IF new.verb = 'finish' THEN CALL {p}finish_task(new.task_id, 1); "
        f"ELSEIF new.verb = 'extend' THEN CALL {p}extend_task(new.task_id, 1, 5); "
        f"ELSEIF new.verb = 'cancel' THEN CALL {p}cancel_task(new.task_id); "
        f"ELSEIF new.verb = 'reject' THEN CALL {p}reject_task(new.task_id, 1, 'no'); "
        f"ELSEIF new.verb = 'snooze' THEN CALL {p}snooze_task(new.task_id, 1, 60, 'no'); "
        f"ELSEIF new.verb = 'retry' THEN CALL {p}retry_task(new.task_id, NULL); "
        f"ELSE CALL {p}pause_queue('NEW', NULL); CALL {p}resume_queue('NEW', NULL); END IF; END",
    )
    try:
        for task_id, verb in (
            (done, "finish"), (longer, "extend"), (gone, "cancel"), (gone, "retry"), (0, "queue"),
            (bad, "reject"), (later, "snooze"),
        ):  # fmt: skip
            execute(own, f"INSERT INTO acts VALUES ({task_id}, '{verb}')")
        for verb, error in (("finish", "task_not_found"), ("extend", "task_not_found")):
            with pytest.raises(Exception, match=str(ERROR[error])):
                execute(own, f"INSERT INTO acts VALUES ({gone + 1000}, '{verb}')")
        with pytest.raises(Exception, match=str(ERROR["task_not_processing"])):
            execute(own, f"INSERT INTO acts VALUES ({longer}, 'finish'), ({gone}, 'finish')")
        own.commit()
    finally:
        own.rollback()
        execute(conn, "DROP TABLE acts")
    assert [row(conn, t)["status"] for t in (done, longer, gone, bad, later)] == [
        Status.FINISHED, Status.PROCESSING, Status.WAITING, Status.FAILED, Status.WAITING,
    ]  # fmt: skip
