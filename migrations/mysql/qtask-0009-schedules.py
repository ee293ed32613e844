"""Schedules: what makes a task each so many seconds, or at the times of a cron expression."""

from yoyo import step

from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix

steps = [
    step(f"""
CREATE TABLE IF NOT EXISTS {p}schedule (
  namespace VARCHAR(64) NOT NULL COMMENT 'of the schedule and of its tasks',
  schedule VARCHAR(96) NOT NULL COMMENT 'its name',
  revision BIGINT NOT NULL DEFAULT 1
    COMMENT 'counts the changes: what was computed before one is not done after it',
  is_cron TINYINT NOT NULL COMMENT '1: times of a cron expression, 0: every so many seconds',
  every_seconds INT NULL,
  cron VARCHAR(100) NULL,
  zone VARCHAR(64) NULL COMMENT 'of the cron expression',
  misfire VARCHAR(4) NOT NULL COMMENT 'ticks that nobody ran in time: skip, once or all',
  max_catch_up INT NOT NULL COMMENT 'most ticks that all runs at one time: the newest',
  overlap VARCHAR(5) NOT NULL COMMENT 'while the last task is active: allow or skip',
  paused_at DATETIME(3) NULL COMMENT 'UTC; NULL: not paused',
  since_at DATETIME(3) NOT NULL COMMENT 'UTC; ticks up to then do not count',
  next_at DATETIME(3) NOT NULL COMMENT 'the next tick, or, of a cron expression, not later than it',
  due_at DATETIME(3) NOT NULL
    COMMENT 'when it next needs attention: at next_at, later after an error, never while paused',
  last_at DATETIME(3) NULL COMMENT 'the tick of the last task',
  last_task_id BIGINT NULL,
  last_error VARCHAR(2000) NULL COMMENT 'why the last tick made no task',
  owner VARCHAR(128) NULL COMMENT 'the file or program that it comes from',
  name VARCHAR(128) NOT NULL COMMENT 'of its tasks, as the columns below',
  queue VARCHAR(128) NOT NULL,
  payload MEDIUMTEXT NOT NULL COMMENT 'a JSON object, as it was given: tasks have their tick, too',
  interval_seconds INT NOT NULL,
  deadline INT NULL COMMENT 'seconds, as delete_deadline; NULL: the default',
  delete_deadline INT NULL,
  max_count INT NULL,
  on_failure VARCHAR(128) NULL COMMENT 'queue on which the end in failure of one creates a task',
  PRIMARY KEY (namespace, schedule),
  KEY due (is_cron, due_at)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'Schedules, which make tasks'
"""),
]
