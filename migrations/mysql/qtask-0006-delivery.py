"""Whether consumers take a queue's tasks from the database itself.

The servers add it without a look at the rows.
"""

from yoyo import step

from qtask_db.schema.mysql.ddl import Addition
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(
        Addition(
            f"{p}queue",
            "direct",
            "TINYINT NOT NULL DEFAULT 0 COMMENT 'delivery: 1 take_tasks hands its tasks out here, "
            "0 relays push their messages to Redis'",
        )
    ),
]
