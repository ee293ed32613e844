"""When a queue that had no active task was removed. Its row stays for a day at least, as tasks may
still be created by its number.
"""

from yoyo import step

from qtask_db.schema.mysql.ddl import Addition
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(
        Addition(
            f"{p}queue",
            "removed_at",
            "DATETIME(3) NULL COMMENT 'UTC; NULL: registered. A creation registers it again'",
        )
    ),
]
