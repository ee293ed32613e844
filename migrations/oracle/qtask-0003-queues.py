"""When a queue that had no active task was removed. Its row stays for a day at least, as tasks may
still be created by its number.
"""

from yoyo import step

from qtask_db.schema.oracle.objects import Creation
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(Creation(f"ALTER TABLE {p}queue ADD (removed_at TIMESTAMP(3))")),
    step(
        f"COMMENT ON COLUMN {p}queue.removed_at IS "
        "'UTC; NULL: registered. A creation registers it again'"
    ),
]
