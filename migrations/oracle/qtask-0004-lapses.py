"""How many attempts of a task in a row were started and never ended.

The server adds it without a look at the rows.
"""

from yoyo import step

from qtask_db.schema.oracle.objects import Creation
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix
comment = (
    "attempts in a row, up to the last but one that was started, that never ended; of a failed "
    "task, the last one, too"
)

steps = [
    step(Creation(f"ALTER TABLE {p}task ADD (lapses NUMBER(9) DEFAULT 0 NOT NULL)")),
    step(f"COMMENT ON COLUMN {p}task.lapses IS '{comment}'"),
]
