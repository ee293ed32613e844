"""Whether consumers take a queue's tasks from the database itself.

The server adds it without a look at the rows.
"""

from yoyo import step

from qtask_db.schema.oracle.objects import Creation
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix
comment = "delivery: 1 take_tasks hands its tasks out here, 0 relays push their messages to Redis"

steps = [
    step(Creation(f"ALTER TABLE {p}queue ADD (direct NUMBER(1) DEFAULT 0 NOT NULL)")),
    step(f"COMMENT ON COLUMN {p}queue.direct IS '{comment}'"),
]
