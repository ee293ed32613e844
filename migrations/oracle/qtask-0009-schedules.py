"""Schedules: what makes a task each so many seconds, or at the times of a cron expression."""

from yoyo import step

from qtask_db.schema.oracle.objects import Creation
from qtask_db.settings import Settings, requested

settings = Settings().updated(requested())
p = settings.prefix
tablespace = f"\nTABLESPACE {settings.tablespace}" if settings.tablespace else ""
indexed = settings.index_tablespace or settings.tablespace
index_tablespace = f" TABLESPACE {indexed}" if indexed else ""

creations = [
    Creation(f"""
CREATE TABLE {p}schedule (
  namespace VARCHAR2(64 CHAR) NOT NULL,
  schedule VARCHAR2(96 CHAR) NOT NULL,
  revision NUMBER(18) DEFAULT 1 NOT NULL,
  is_cron NUMBER(1) NOT NULL,
  every_seconds NUMBER(10),
  cron VARCHAR2(100 CHAR),
  zone VARCHAR2(64 CHAR),
  misfire VARCHAR2(4 CHAR) NOT NULL,
  max_catch_up NUMBER(9) NOT NULL,
  overlap VARCHAR2(5 CHAR) NOT NULL,
  paused_at TIMESTAMP(3),
  since_at TIMESTAMP(3) NOT NULL,
  next_at TIMESTAMP(3) NOT NULL,
  due_at TIMESTAMP(3) NOT NULL,
  last_at TIMESTAMP(3),
  last_task_id NUMBER(18),
  last_error CLOB,
  owner VARCHAR2(128 CHAR),
  name VARCHAR2(128 CHAR) NOT NULL,
  queue VARCHAR2(128 CHAR) NOT NULL,
  payload CLOB NOT NULL,
  interval_seconds NUMBER(10) NOT NULL,
  deadline NUMBER(10),
  delete_deadline NUMBER(10),
  max_count NUMBER(9),
  on_failure VARCHAR2(128 CHAR),
  CONSTRAINT {p}schedule_pk PRIMARY KEY (namespace, schedule)
    USING INDEX (
      CREATE UNIQUE INDEX {p}schedule_pk ON {p}schedule (namespace, schedule){index_tablespace}
    )
){tablespace}
LOB (payload) STORE AS (CACHE)
"""),
    Creation(f"""
CREATE INDEX {p}schedule_due
ON {p}schedule (is_cron, due_at, namespace, schedule){index_tablespace}
"""),
]
steps = [step(creation) for creation in creations]

COMMENTS = {
    "schedule": "Schedules, which make tasks",
    "schedule.namespace": "of the schedule and of its tasks",
    "schedule.schedule": "its name",
    "schedule.revision": "counts the changes: what was computed before one is not done after it",
    "schedule.is_cron": "1: times of a cron expression, 0: every so many seconds",
    "schedule.every_seconds": "NULL: it has a cron expression",
    "schedule.cron": "NULL: every so many seconds",
    "schedule.zone": "of the cron expression",
    "schedule.misfire": "ticks that nobody ran in time: skip, once or all",
    "schedule.max_catch_up": "most ticks that all runs at one time: the newest",
    "schedule.overlap": "while the last task is active: allow or skip",
    "schedule.paused_at": "UTC; NULL: not paused",
    "schedule.since_at": "UTC; ticks up to then do not count",
    "schedule.next_at": "the next tick, or, of a cron expression, not later than it",
    "schedule.due_at": "when it next needs attention: at next_at, later after an error, never "
    "while paused",
    "schedule.last_at": "the tick of the last task",
    "schedule.last_task_id": "the last task",
    "schedule.last_error": "why the last tick made no task",
    "schedule.owner": "the file or program that it comes from",
    "schedule.name": "of its tasks, as the columns below",
    "schedule.queue": "the queue of its tasks",
    "schedule.payload": "a JSON object, as it was given: tasks have their tick, too",
    "schedule.interval_seconds": "until an unfinished task is queued again",
    "schedule.deadline": "seconds, as delete_deadline; NULL: the default",
    "schedule.delete_deadline": "NULL: the default",
    "schedule.max_count": "NULL: the default",
    "schedule.on_failure": "queue on which the end in failure of one creates a task",
}
steps += [
    step(f"COMMENT ON {'COLUMN' if '.' in name else 'TABLE'} {p}{name} IS '{text}'")
    for name, text in COMMENTS.items()
]
