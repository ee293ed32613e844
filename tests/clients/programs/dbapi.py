import os
import sys
from importlib import import_module

DRIVER = import_module(sys.argv[1])

# guide: DB-API
from contextlib import closing


def connect():
    conn = DRIVER.connect(
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        database=os.environ["DB_NAME"],
    )
    with closing(conn.cursor()) as cursor:
        cursor.execute("SET autocommit = 1")  # each driver names its own way otherwise
    return conn


def call(conn, sql, *values):
    """The rows of a call, the last ones if there are several kinds; [] if it returns none."""
    rows, more = [], True
    with closing(conn.cursor()) as cursor:
        cursor.execute(sql, values)
        while more:
            names = [column[0] for column in cursor.description or ()]
            rows = [dict(zip(names, row)) for row in cursor.fetchall()] if names else rows
            more = cursor.nextset()  # a CALL ends with a status; unread, it fails the next one
    return rows


OVER = {20106, 20107, 20108, 20109, 20116}  # it has ended, or another consumer has it


def once(task_id, attempt, work):
    """The work and the end of its task in one transaction; whether this call has done it."""
    for tries in (1, 2, 3):
        with closing(connect()) as conn:  # closed without a commit: the server rolls back
            try:
                call(conn, "START TRANSACTION")
                work(conn)
                call(conn, "CALL qtask_finish_task_once(%s, %s)", task_id, attempt)
                conn.commit()
                return True
            except DRIVER.Error as error:
                if error.args and error.args[0] in OVER:
                    return False  # 20116: an earlier try had committed
                if tries == 3:
                    raise


# end

from life import live

conn = connect()


def bind(conn):
    call(conn, "UPDATE orders SET bound = bound + 1 WHERE order_no = %s", "8973")


live(
    lambda sql, *values: call(conn, sql, *values),
    lambda task_id, attempt: once(task_id, attempt, bind),
    lambda error: error.args[0],
)
