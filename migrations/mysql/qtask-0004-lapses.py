"""How many attempts of a task in a row were started and never ended.

The servers add it without a look at the rows. A row of before grows by it when it next changes.
"""

from yoyo import step

from qtask_db.schema.mysql.ddl import Addition
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(
        Addition(
            f"{p}task",
            "lapses",
            "INT NOT NULL DEFAULT 0 COMMENT 'attempts in a row, up to the last but one that was "
            "started, that never ended; of a failed task, the last one, too'",
        )
    ),
]
