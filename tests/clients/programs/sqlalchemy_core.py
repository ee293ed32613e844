import os
import sys

# guide: SQLAlchemy
from contextlib import closing

from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError

engine = create_engine(
    URL.create(
        sys.argv[1],  # mysql+pymysql, mysql+mysqldb
        username=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        database=os.environ["DB_NAME"],
    ),
    pool_pre_ping=True,
)
# For everything but `once`: a refused start must leave no transaction open.
each_alone = engine.execution_options(isolation_level="AUTOCOMMIT")

OVER = {20106, 20107, 20108, 20109, 20116}  # it has ended, or another consumer has it


def call(conn, sql, *values):
    """The rows of a call, the last ones if there are several kinds; [] if it returns none."""
    rows, more = [], True
    with closing(conn.exec_driver_sql(sql, values)) as result:
        while more and result.returns_rows:
            names = [column[0] for column in result.cursor.description or ()]
            rows = [dict(zip(names, row)) for row in result.cursor.fetchall()] if names else rows
            more = result.cursor.nextset()
    return rows


def number(error):
    return error.orig.args[0]


def once(task_id, attempt, work):
    """The work and the end of its task in one transaction; whether this call has done it."""
    for tries in (1, 2, 3):
        try:
            with engine.begin() as conn:
                work(conn)
                call(conn, "CALL qtask_finish_task_once(%s, %s)", task_id, attempt)
            return True
        except DBAPIError as error:
            if number(error) in OVER:
                return False  # 20116: an earlier try had committed
            if tries == 3:
                raise


# end

from life import live


def call_alone(sql, *values):
    with each_alone.connect() as conn:
        return call(conn, sql, *values)


def bind(conn):
    call(conn, "UPDATE orders SET bound = bound + 1 WHERE order_no = %s", "8973")


live(call_alone, lambda task_id, attempt: once(task_id, attempt, bind), number)
