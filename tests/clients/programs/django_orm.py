import os
import sys

from django.conf import settings

if sys.argv[1] == "pymysql":
    import pymysql

    pymysql.install_as_MySQLdb()

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "HOST": os.environ["DB_HOST"],
            "PORT": os.environ["DB_PORT"],
            "USER": os.environ["DB_USER"],
            "PASSWORD": os.environ["DB_PASSWORD"],
            "NAME": os.environ["DB_NAME"],
        }
    }
)

# guide: Django
from django.db import DatabaseError, connection, transaction

OVER = {20106, 20107, 20108, 20109, 20116}  # it has ended, or another consumer has it


def call(sql, *values):
    """The rows of a call, the last ones if there are several kinds; [] if it returns none."""
    rows, more = [], True
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        while more:
            names = [column[0] for column in cursor.description or ()]
            rows = [dict(zip(names, row)) for row in cursor.fetchall()] if names else rows
            more = cursor.nextset()
    return rows


def once(task_id, attempt, work):
    """The work and the end of its task in one transaction; whether this call has done it."""
    for tries in (1, 2, 3):
        try:
            with transaction.atomic(durable=True):
                work()
                call("CALL qtask_finish_task_once(%s, %s)", task_id, attempt)
            return True
        except DatabaseError as error:
            connection.close_if_unusable_or_obsolete()
            if error.args and error.args[0] in OVER:
                return False  # 20116: an earlier try had committed
            if tries == 3:
                raise


# end

from life import live


def bind():
    call("UPDATE orders SET bound = bound + 1 WHERE order_no = %s", "8973")


live(call, lambda task_id, attempt: once(task_id, attempt, bind), lambda error: error.args[0])
