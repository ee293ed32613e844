"""The first tables. Frozen once released: later changes come in their own migrations.

A step has no way back: Oracle commits each statement by itself, and to undo a failed installation
must never drop a table that was there before. `qtask uninstall` removes everything.
"""

from yoyo import step

from qtask_db.dialects.oracle_schema import Creation
from qtask_db.settings import Settings, requested

settings = Settings().updated(requested())
p = settings.prefix
tablespace = f"\nTABLESPACE {settings.tablespace}" if settings.tablespace else ""
indexed = settings.index_tablespace or settings.tablespace
index_tablespace = f" TABLESPACE {indexed}" if indexed else ""
cache = f"CACHE {settings.sequence_cache}" if settings.sequence_cache else "NOCACHE"
# Where many instances insert at once, the right end of these indexes is a hot block. The due index
# is read in order within its lane, so its keys cannot be reversed.
spread_key = {
    "none": "",
    "reverse": " REVERSE",
    "hash": " GLOBAL PARTITION BY HASH (task_id) PARTITIONS 16",
}[settings.spread_index]
spread_due = {
    "none": "",
    "reverse": "",
    "hash": " GLOBAL PARTITION BY HASH (lane) PARTITIONS 16",
}[settings.spread_index]

creations = [
    Creation(f"CREATE SEQUENCE {p}queue_seq NOCACHE"),
    Creation(f"CREATE SEQUENCE {p}task_seq {cache} NOORDER"),
    Creation(f"CREATE SEQUENCE {p}batch_seq {cache} NOORDER"),
    Creation(f"""
CREATE TABLE {p}queue (
  queue_id NUMBER(9) NOT NULL,
  namespace VARCHAR2(64 CHAR) NOT NULL,
  queue VARCHAR2(128 CHAR) NOT NULL,
  paused_at TIMESTAMP(3),
  CONSTRAINT {p}queue_pk PRIMARY KEY (queue_id)
    USING INDEX (CREATE UNIQUE INDEX {p}queue_pk ON {p}queue (queue_id){index_tablespace}),
  CONSTRAINT {p}queue_name UNIQUE (namespace, queue)
    USING INDEX (CREATE UNIQUE INDEX {p}queue_name ON {p}queue (namespace, queue){index_tablespace})
){tablespace}
"""),
    Creation(f"""
CREATE TABLE {p}task (
  task_id NUMBER(18) NOT NULL,
  lane NUMBER(9) NOT NULL,
  queue_id NUMBER(9) NOT NULL,
  status NUMBER(2) NOT NULL,
  attempts NUMBER(9) DEFAULT 0 NOT NULL,
  attempts_before NUMBER(9) DEFAULT 0 NOT NULL,
  max_count NUMBER(9) NOT NULL,
  interval_seconds NUMBER(10) NOT NULL,
  delete_deadline NUMBER(10) NOT NULL,
  batch_id NUMBER(18) DEFAULT 0 NOT NULL,
  created_at TIMESTAMP(3) NOT NULL,
  deadline_at TIMESTAMP(3) NOT NULL,
  due_at TIMESTAMP(3) NOT NULL,
  started_at TIMESTAMP(3) DEFAULT TIMESTAMP '1970-01-01 00:00:00' NOT NULL,
  ended_at TIMESTAMP(3) DEFAULT TIMESTAMP '1970-01-01 00:00:00' NOT NULL,
  name VARCHAR2(128 CHAR) NOT NULL,
  order_no VARCHAR2(128 CHAR),
  order_key VARCHAR2(128 CHAR) GENERATED ALWAYS AS (
    CASE WHEN status <> 0 AND order_no IS NOT NULL THEN order_no END
  ) VIRTUAL,
  order_name VARCHAR2(128 CHAR) GENERATED ALWAYS AS (
    CASE WHEN status <> 0 AND order_no IS NOT NULL THEN name END
  ) VIRTUAL,
  order_queue_id NUMBER(9) GENERATED ALWAYS AS (
    CASE WHEN status <> 0 AND order_no IS NOT NULL THEN queue_id END
  ) VIRTUAL,
  active NUMBER(18) GENERATED ALWAYS AS (
    CASE WHEN status <> 0 AND order_no IS NOT NULL THEN
      CASE lane WHEN 0 THEN -task_id ELSE 1 END
    END
  ) VIRTUAL,
  payload CLOB NOT NULL,
  last_error CLOB,
  CONSTRAINT {p}task_pk PRIMARY KEY (task_id)
    USING INDEX (CREATE UNIQUE INDEX {p}task_pk ON {p}task (task_id){spread_key}{index_tablespace})
){tablespace}
LOB (payload) STORE AS (CACHE)
"""),
    Creation(f"""
CREATE UNIQUE INDEX {p}active_order
ON {p}task (order_key, order_name, order_queue_id, active){index_tablespace}
"""),
    Creation(f"""
CREATE INDEX {p}due
ON {p}task (lane, due_at, task_id, status, queue_id){spread_due}{index_tablespace}
"""),
    Creation(f"""
CREATE TABLE {p}batch (
  batch_id NUMBER(18) NOT NULL,
  relay VARCHAR2(64 CHAR) NOT NULL,
  claimed_at TIMESTAMP(3) NOT NULL,
  lapses_at TIMESTAMP(3) NOT NULL,
  task_ids CLOB NOT NULL,
  CONSTRAINT {p}batch_pk PRIMARY KEY (batch_id)
    USING INDEX (CREATE UNIQUE INDEX {p}batch_pk ON {p}batch (batch_id){index_tablespace})
){tablespace}
LOB (task_ids) STORE AS (CACHE)
"""),
    Creation(f"CREATE INDEX {p}lapse ON {p}batch (lapses_at){index_tablespace}"),
    Creation(f"""
CREATE TABLE {p}setting (
  name VARCHAR2(64 CHAR) NOT NULL,
  value VARCHAR2(255 CHAR) NOT NULL,
  CONSTRAINT {p}setting_pk PRIMARY KEY (name)
    USING INDEX (CREATE UNIQUE INDEX {p}setting_pk ON {p}setting (name){index_tablespace})
){tablespace}
"""),
]
steps = [step(creation) for creation in creations]

COMMENTS = {
    "queue": "Queues, registered when their first task is created",
    "queue.queue_id": "lane of the queue''s tasks",
    "queue.namespace": "one of several systems in this schema",
    "queue.queue": "name of the Redis list",
    "queue.paused_at": "UTC; NULL: not paused",
    "task": "Tasks, active and terminal",
    "task.task_id": "from the sequence",
    "task.lane": "queue_id: active; -queue_id: parked, its queue takes no tasks; 0: terminal",
    "task.queue_id": "the queue that its messages go to",
    "task.status": "20 waiting, 30 processing, 0 finished, 80 cancelled, 90 failed",
    "task.attempts": "times taken into processing; never goes back",
    "task.attempts_before": "those made before the task was last retried",
    "task.max_count": "most attempts since then",
    "task.interval_seconds": "until an unfinished task is queued again",
    "task.delete_deadline": "seconds that a terminal task is kept",
    "task.batch_id": "the call that handled it last: > 0 the batch of a scan, < 0 a bulk start, "
    "0 another",
    "task.created_at": "UTC, as all times",
    "task.deadline_at": "no attempt starts later",
    "task.due_at": "when it next needs attention. Active: queue it or fail it; terminal: purge it",
    "task.started_at": "of the last attempt, where there is one",
    "task.ended_at": "when it became terminal; before, when a scan handed it out or it failed",
    "task.name": "what the task is",
    "task.order_no": "external business number",
    "task.order_key": "order_no until the task is finished: only such tasks are in the index",
    "task.order_name": "name of the same tasks",
    "task.order_queue_id": "queue_id of the same tasks",
    "task.active": "1 while active, else -task_id: lets the index be unique among active tasks",
    "task.payload": "a JSON object, as it was given",
    "task.last_error": "why the last attempt failed, as its consumer said",
    "batch": "Journal of the batches that relays have claimed and not confirmed yet",
    "batch.batch_id": "from the sequence",
    "batch.relay": "name of the relay that claimed it",
    "batch.claimed_at": "UTC",
    "batch.lapses_at": "UTC; then any scan gives the batch back",
    "batch.task_ids": "a JSON array",
    "setting": "What was chosen at installation; read by the installer only",
    "setting.name": "of the setting",
    "setting.value": "as a text",
}
steps += [
    step(f"COMMENT ON {'COLUMN' if '.' in name else 'TABLE'} {p}{name} IS '{text}'")
    for name, text in COMMENTS.items()
]
