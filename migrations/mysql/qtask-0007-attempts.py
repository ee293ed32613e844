"""The history of attempts that did not succeed, what ended_at says meanwhile, and the queue that
hears of a task's failure.

The servers change the columns without a look at the rows.
"""

from yoyo import step

from qtask_db.schema.mysql.ddl import Addition, Comment
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(f"""
CREATE TABLE IF NOT EXISTS {p}attempt (
  task_id BIGINT NOT NULL,
  attempt INT NOT NULL,
  started_at DATETIME(3) NOT NULL COMMENT 'UTC, as all times',
  ended_at DATETIME(3) NOT NULL COMMENT 'of one that never ended: when that was found',
  outcome VARCHAR(10) NOT NULL
    COMMENT 'failed, rejected, snoozed, lapsed (never ended), expired (at the deadline), cancelled',
  worker VARCHAR(64) NULL COMMENT 'as it names itself, if it does',
  error MEDIUMTEXT NULL,
  traceback MEDIUMTEXT NULL,
  PRIMARY KEY (task_id, attempt)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'History: attempts that did not succeed, kept as long as their task'
"""),
    step(
        Addition(
            f"{p}task",
            "on_failure",
            "VARCHAR(128) NULL COMMENT 'queue on which its end in failure creates a task'",
        )
    ),
    step(
        Comment(
            f"{p}task",
            "ended_at",
            "DATETIME(3)",
            "1970-01-01 00:00:00.000",
            "when it ended; of an active task, when a scan last claimed it, or an attempt last "
            "ended; after a lapse, when the attempt before had started",
        )
    ),
]
