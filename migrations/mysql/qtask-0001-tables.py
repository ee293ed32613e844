"""The first tables. Frozen once released: later changes come in their own migrations.

A step has no way back: MySQL commits each table by itself, and to undo a failed installation must
never drop a table that was there before. `qtask uninstall` removes everything.
"""

from yoyo import step

from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(f"""
CREATE TABLE IF NOT EXISTS {p}queue (
  queue_id INT NOT NULL AUTO_INCREMENT COMMENT 'lane of the queue''s tasks',
  namespace VARCHAR(64) NOT NULL,
  queue VARCHAR(128) NOT NULL COMMENT 'name of the Redis list',
  touched INT NOT NULL DEFAULT 0
    COMMENT 'times that it was registered by a transaction that could not see it',
  paused_at DATETIME(3) NULL COMMENT 'UTC; NULL: not paused',
  PRIMARY KEY (queue_id),
  UNIQUE KEY name (namespace, queue)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'Queues, registered when their first task is created'
"""),
    step(f"""
CREATE TABLE IF NOT EXISTS {p}task (
  task_id BIGINT NOT NULL AUTO_INCREMENT,
  lane INT NOT NULL
    COMMENT 'queue_id: active; -queue_id: parked, its queue takes no tasks; 0: terminal',
  queue_id INT NOT NULL,
  status TINYINT NOT NULL
    COMMENT '20 waiting, 30 processing, 0 finished, 80 cancelled, 90 failed',
  attempts INT NOT NULL DEFAULT 0 COMMENT 'times taken into processing; never goes back',
  attempts_before INT NOT NULL DEFAULT 0 COMMENT 'those made before the task was last retried',
  max_count INT NOT NULL COMMENT 'most attempts since then',
  interval_seconds INT NOT NULL COMMENT 'until an unfinished task is queued again',
  delete_deadline INT NOT NULL COMMENT 'seconds that a terminal task is kept',
  batch_id BIGINT NOT NULL DEFAULT 0
    COMMENT 'the call that handled it last: > 0 the batch of a scan, < 0 a bulk call, 0 another',
  created_at DATETIME(3) NOT NULL COMMENT 'UTC, as all times',
  deadline_at DATETIME(3) NOT NULL COMMENT 'no attempt starts later',
  due_at DATETIME(3) NOT NULL
    COMMENT 'when it next needs attention. Active: queue it or fail it; terminal: purge it',
  started_at DATETIME(3) NOT NULL DEFAULT '1970-01-01'
    COMMENT 'of the last attempt, where there is one',
  ended_at DATETIME(3) NOT NULL DEFAULT '1970-01-01'
    COMMENT 'when it became terminal; before, when a scan handed it out or it failed',
  name VARCHAR(128) NOT NULL,
  order_no VARCHAR(128) NULL COMMENT 'external business number',
  order_key VARCHAR(128) GENERATED ALWAYS AS (IF(status = 0, NULL, order_no)) STORED
    COMMENT 'order_no until the task is finished: finished tasks leave the cold part of the key',
  active TINYINT GENERATED ALWAYS AS (IF(lane = 0 OR order_no IS NULL, NULL, 1)) STORED
    COMMENT 'lets the key be unique among active tasks only',
  payload MEDIUMTEXT NOT NULL COMMENT 'a JSON object, as it was given',
  last_error VARCHAR(2000) NULL,
  PRIMARY KEY (task_id),
  UNIQUE KEY active_order (order_key, name, queue_id, active),
  KEY due (lane, due_at, status, queue_id)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'Tasks, active and terminal'
"""),
    step(f"""
CREATE TABLE IF NOT EXISTS {p}batch (
  batch_id BIGINT NOT NULL,
  relay VARCHAR(64) NOT NULL,
  claimed_at DATETIME(3) NOT NULL,
  lapses_at DATETIME(3) NOT NULL COMMENT 'UTC; then any scan gives the batch back',
  task_ids LONGTEXT NOT NULL COMMENT 'a JSON array',
  PRIMARY KEY (batch_id),
  KEY lapse (lapses_at)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'Journal of the batches that relays have claimed and not confirmed yet'
"""),
    step(f"""
CREATE TABLE IF NOT EXISTS {p}setting (
  name VARCHAR(64) NOT NULL,
  value VARCHAR(255) NOT NULL,
  PRIMARY KEY (name)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'What was chosen at installation; read by the installer only'
"""),
]
