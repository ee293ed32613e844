"""The history of attempts that did not succeed, what ended_at says meanwhile, and the queue that
hears of a task's failure.
"""

from yoyo import step

from qtask_db.schema.oracle.objects import Creation
from qtask_db.settings import Settings, requested

settings = Settings().updated(requested())
p = settings.prefix
tablespace = f"\nTABLESPACE {settings.tablespace}" if settings.tablespace else ""
indexed = settings.index_tablespace or settings.tablespace
index_tablespace = f" TABLESPACE {indexed}" if indexed else ""

COMMENTS = {
    "TABLE {p}attempt": "History: attempts that did not succeed, kept as long as their task",
    "COLUMN {p}attempt.task_id": "the task",
    "COLUMN {p}attempt.attempt": "its number",
    "COLUMN {p}attempt.started_at": "UTC, as all times",
    "COLUMN {p}attempt.ended_at": "of one that never ended: when that was found",
    "COLUMN {p}attempt.outcome": "failed, rejected, snoozed, lapsed (never ended), expired (at "
    "the deadline), cancelled",
    "COLUMN {p}attempt.worker": "as it names itself, if it does",
    "COLUMN {p}attempt.error": "why, as its consumer said",
    "COLUMN {p}attempt.traceback": "where in the program",
    "COLUMN {p}task.on_failure": "queue on which its end in failure creates a task",
    "COLUMN {p}task.ended_at": "when it ended; of an active task, when a scan last claimed it, or "
    "an attempt last ended; after a lapse, when the attempt before had started",
}
steps = [
    step(
        Creation(f"""
CREATE TABLE {p}attempt (
  task_id NUMBER(18) NOT NULL,
  attempt NUMBER(9) NOT NULL,
  started_at TIMESTAMP(3) NOT NULL,
  ended_at TIMESTAMP(3) NOT NULL,
  outcome VARCHAR2(10 CHAR) NOT NULL,
  worker VARCHAR2(64 CHAR),
  error CLOB,
  traceback CLOB,
  CONSTRAINT {p}attempt_pk PRIMARY KEY (task_id, attempt)
    USING INDEX (CREATE UNIQUE INDEX {p}attempt_pk ON {p}attempt (task_id, attempt){index_tablespace})
){tablespace}
LOB (error) STORE AS (CACHE)
LOB (traceback) STORE AS (CACHE)
""")  # noqa: E501
    ),
    step(Creation(f"ALTER TABLE {p}task ADD (on_failure VARCHAR2(128 CHAR))")),
    *(step(f"COMMENT ON {name.format(p=p)} IS '{text}'") for name, text in COMMENTS.items()),
]
