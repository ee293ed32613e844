-- qtask-db 0.1.0: the whole schema, for the mysql or mariadb client:
--   mysql --comments --database=NAME < this-file
-- It can be run again: tables are left as they are. EXECUTE grants on the procedures are lost with the
-- procedures that it drops; run the script of the grants afterwards.
SET NAMES utf8mb4;
-- Stored with each procedure, so that it does the same whatever the caller's session says.
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

CREATE TABLE IF NOT EXISTS qtask_queue (
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
COMMENT 'Queues, registered when their first task is created';

CREATE TABLE IF NOT EXISTS qtask_task (
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
COMMENT 'Tasks, active and terminal';

CREATE TABLE IF NOT EXISTS qtask_batch (
  batch_id BIGINT NOT NULL,
  relay VARCHAR(64) NOT NULL,
  claimed_at DATETIME(3) NOT NULL,
  lapses_at DATETIME(3) NOT NULL COMMENT 'UTC; then any scan gives the batch back',
  task_ids LONGTEXT NOT NULL COMMENT 'a JSON array',
  PRIMARY KEY (batch_id),
  KEY lapse (lapses_at)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'Journal of the batches that relays have claimed and not confirmed yet';

CREATE TABLE IF NOT EXISTS qtask_setting (
  name VARCHAR(64) NOT NULL,
  value VARCHAR(255) NOT NULL,
  PRIMARY KEY (name)
)
ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT 'What was chosen at installation; read by the installer only';

DELIMITER $$

-- Every task as people read it: names instead of numbers. Times are UTC.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW qtask_task_list AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.attempts, task.max_count, task.created_at,
  IF(task.attempts = 0, NULL, task.started_at) AS started_at,
  IF(task.lane = 0, task.ended_at, NULL) AS ended_at,
  task.due_at, task.deadline_at, task.last_error
FROM qtask_task AS task
STRAIGHT_JOIN qtask_queue AS queue ON queue.queue_id = task.queue_id$$

-- One row a queue: how many tasks are in which status, how many are due, and for how long the first of them.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW qtask_queue_statistics AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(counted.waiting, 0) AS waiting,
  COALESCE(counted.processing, 0) AS processing,
  COALESCE(counted.due, 0) AS due,
  COALESCE(counted.finished, 0) AS finished,
  COALESCE(counted.cancelled, 0) AS cancelled,
  COALESCE(counted.failed, 0) AS failed,
  COALESCE(GREATEST(0, TIMESTAMPDIFF(MICROSECOND, counted.first_due_at, UTC_TIMESTAMP(3))) / 1000000, 0) AS lag_seconds
FROM qtask_queue AS queue
LEFT JOIN (
  SELECT
    queue_id,
    SUM(status = 20) AS waiting,
    SUM(status = 30) AS processing,
    SUM(lane > 0 AND due_at <= UTC_TIMESTAMP(3)) AS due,
    SUM(status = 0) AS finished,
    SUM(status = 80) AS cancelled,
    SUM(status = 90) AS failed,
    MIN(IF(lane > 0, due_at, NULL)) AS first_due_at
  FROM qtask_task
  GROUP BY queue_id
) AS counted ON counted.queue_id = queue.queue_id$$

-- One row a queue: for how many of its active tasks a message should be in Redis, and where the others are.
-- `waiting` and `requeued` (which an earlier attempt still counts as processing) were handed out by relays and nobody
-- has started them since, `unconfirmed` of them in a batch that may not have been pushed yet. `fresh` may have been
-- pushed by their creators. `due` wait for a relay, `parked` for the queue to open, `later` for their time; `running`
-- are with consumers.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW qtask_queue_audit AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(counted.waiting, 0) AS waiting,
  COALESCE(counted.requeued, 0) AS requeued,
  COALESCE(counted.unconfirmed, 0) AS unconfirmed,
  COALESCE(counted.fresh, 0) AS fresh,
  COALESCE(counted.due, 0) AS due,
  COALESCE(counted.parked, 0) AS parked,
  COALESCE(counted.later, 0) AS later,
  COALESCE(counted.running, 0) AS running
FROM qtask_queue AS queue
LEFT JOIN (
  SELECT
    queue_id,
    SUM(place = 'handed out' AND status = 20) AS waiting,
    SUM(place = 'handed out' AND status = 30) AS requeued,
    SUM(place = 'handed out' AND unconfirmed) AS unconfirmed,
    SUM(place = 'fresh') AS fresh,
    SUM(place = 'due') AS due,
    SUM(place = 'parked') AS parked,
    SUM(place = 'later') AS later,
    SUM(place = 'running') AS running
  FROM (
    SELECT
      task.queue_id,
      task.status,
      batch.batch_id IS NOT NULL AS unconfirmed,
      CASE
        WHEN task.lane < 0 THEN 'parked'
        WHEN task.due_at <= UTC_TIMESTAMP(3) THEN 'due'
        WHEN task.batch_id > 0 THEN 'handed out'
        WHEN task.status = 30 THEN 'running'
        WHEN task.attempts = 0 AND task.due_at <= task.created_at + INTERVAL 5 SECOND THEN 'fresh'
        ELSE 'later'
      END AS place
    FROM qtask_task AS task
    LEFT JOIN qtask_batch AS batch ON batch.batch_id = task.batch_id
    WHERE task.lane <> 0
  ) AS active
  GROUP BY queue_id
) AS counted ON counted.queue_id = queue.queue_id$$

-- The tasks whose time has come and that no relay has taken yet.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW qtask_due_backlog AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.due_at,
  TIMESTAMPDIFF(MICROSECOND, task.due_at, UTC_TIMESTAMP(3)) / 1000000 AS overdue_seconds
FROM qtask_queue AS queue
JOIN qtask_task AS task ON task.lane = queue.queue_id
WHERE task.due_at <= UTC_TIMESTAMP(3)$$

-- The tasks that have failed and are not purged yet, and why.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW qtask_failed_tasks AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no,
  task.attempts, task.created_at,
  IF(task.attempts = 0, NULL, task.started_at) AS started_at,
  task.ended_at,
  task.due_at AS purged_at,
  IF(
    task.attempts - task.attempts_before >= task.max_count, 'attempts used up', 'deadline passed'
  ) AS reason,
  task.last_error
FROM qtask_task AS task
JOIN qtask_queue AS queue ON queue.queue_id = task.queue_id
WHERE task.lane = 0 AND task.status = 90$$

-- The batches that a relay has claimed and not confirmed: more than a few, or one past its lease, needs a look.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW qtask_unconfirmed_batches AS
SELECT
  batch_id, relay, claimed_at, lapses_at,
  lapses_at <= UTC_TIMESTAMP(3) AS lapsed,
  JSON_LENGTH(task_ids) AS tasks
FROM qtask_batch$$

DROP PROCEDURE IF EXISTS qtask_create_task$$
CREATE PROCEDURE qtask_create_task (
  IN in_name LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_payload LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_interval BIGINT,
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_options LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  OUT out_task_id BIGINT,
  OUT out_created TINYINT,
  OUT out_pushable TINYINT
)
COMMENT 'qtask-db 0.1.0 940e1dba35c70a5c'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates a real-time task. Its creator pushes the message itself once the transaction has
  committed; a relay does it where the creator has not within 5 s.

  Parameters
    in_name       what the task is, 1 to 128 characters
    in_payload    a JSON object of at most 65536 bytes, without the keys task_id and task_attempt
    in_interval   seconds until an unfinished task is queued again, 1 to 1576800000
    in_queue      name of the Redis list, 1 to 128 characters
    in_options    namespace (1 to 64 characters, default default),
                  order_no (1 to 128 characters, default none),
                  deadline (seconds, 1 to 1576800000, default 604800),
                  delete_deadline (seconds, 0 to 1576800000, default 0),
                  max_count (1 to 1000000, default 100)
  Result
    out_task_id   the task
    out_created   1, or 0 where an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
    out_pushable  1 where the caller is to push the message: created, and the queue is not paused
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key
  Transaction
    Joins the caller's.
  */
  CALL qtask_add_task(
    in_name, in_payload, NULL, in_interval, in_queue, in_options,
    out_task_id, out_created, out_pushable
  );
  SELECT out_task_id AS task_id, out_created AS created, out_pushable AS pushable;
END$$

DROP PROCEDURE IF EXISTS qtask_delay_task$$
CREATE PROCEDURE qtask_delay_task (
  IN in_name LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_payload LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_delay BIGINT,
  IN in_interval BIGINT,
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_options LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  OUT out_task_id BIGINT,
  OUT out_created TINYINT
)
COMMENT 'qtask-db 0.1.0 c2688abfc6f2e79c'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates a delayed task. A relay pushes its message when the delay has passed.

  Parameters
    in_name       what the task is, 1 to 128 characters
    in_payload    a JSON object of at most 65536 bytes, without the keys task_id and task_attempt
    in_delay      seconds until the task is first queued, 0 to 1576800000
    in_interval   seconds until an unfinished task is queued again, 1 to 1576800000
    in_queue      name of the Redis list, 1 to 128 characters
    in_options    as for create_task; the deadline counts from the creation, not from the end of the delay
  Result
    out_task_id   the task
    out_created   1, or 0 where an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key
  Transaction
    Joins the caller's.
  */
  DECLARE v_pushable TINYINT;

  IF in_delay IS NULL OR in_delay NOT BETWEEN 0 AND 1576800000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_delay must be 0 to 1576800000 (seconds)';
  END IF;
  CALL qtask_add_task(
    in_name, in_payload, in_delay, in_interval, in_queue, in_options,
    out_task_id, out_created, v_pushable
  );
  SELECT out_task_id AS task_id, out_created AS created;
END$$

DROP PROCEDURE IF EXISTS qtask_create_tasks$$
CREATE PROCEDURE qtask_create_tasks (
  IN in_tasks LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 de1b8bcf193d24f0'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates many tasks of both kinds in one statement: all of them, or none where one is refused.

  Parameters
    in_tasks      a JSON array of at most 10000 objects with the keys
                  name, payload, interval, queue as for create_task,
                  delay as for delay_task (a task without it is real-time),
                  and the options of create_task.
                  The payload is an object, or a string that holds one: a string keeps its text,
                  and so its numbers to the last digit.
  Result
    one row for each element, in the order of the input: task_id, created, pushable
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key
    (the text names the first bad element, counted from 1)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_batch_id BIGINT DEFAULT -((UUID_SHORT() & 4611686018427387903) << 1);
  DECLARE v_last_id BIGINT;
  DECLARE v_tasks JSON;
  DECLARE v_plain TINYINT;
  DECLARE v_alone TINYINT DEFAULT FALSE;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    IF v_alone THEN
      ROLLBACK;
    END IF;
    RESIGNAL;
  END;

  BEGIN
    DECLARE EXIT HANDLER FOR 3140, 3141, 3157
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks must be a JSON array of objects, not nested too deeply';
    SET v_tasks = in_tasks;
    IF v_tasks IS NULL OR NOT JSON_VALID(v_tasks) OR JSON_TYPE(v_tasks) <> 'ARRAY' THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks must be a JSON array of objects';
    END IF;
  END;
  IF JSON_LENGTH(v_tasks) > 10000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks must have at most 10000 elements';
  END IF;
  IF (LOCATE(X'ED', CAST(in_tasks AS BINARY)) > 0 AND CONVERT(CONVERT(in_tasks USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_tasks) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks must have characters of Unicode only';
  END IF;

  CALL qtask_find_alone(v_alone);
  IF v_alone THEN
    START TRANSACTION;
  END IF;
  SELECT COALESCE(MAX(task_id), 0) INTO v_last_id FROM qtask_task;

  -- In the caller's transaction an INSERT that is refused would lock the end of the table until it ends.
  SET v_plain = v_alone;
  IF NOT v_plain THEN
    SELECT COUNT(*) = 0
    INTO v_plain
    FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        queue VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.queue',
        namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.namespace',
        order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.order_no',
        deadline INT PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        max_count INT PATH '$.max_count'
      )) AS given
    STRAIGHT_JOIN qtask_queue AS registered
      ON registered.namespace = COALESCE(given.namespace, 'default')
      AND registered.queue = given.queue
    STRAIGHT_JOIN qtask_task AS task FORCE INDEX (active_order)
      ON task.order_key = given.order_no
      AND task.name = given.name
      AND task.queue_id = registered.queue_id
      AND task.active = 1;
  END IF;

  -- Almost always all elements are sound, their queues are known and none is a duplicate: then this is all.
  -- Else a column is NULL (1048), the unique key speaks (1062) or a payload is no JSON, and create_others looks
  -- at each of them.
  IF v_plain THEN BEGIN
    DECLARE EXIT HANDLER FOR 1048, 1062, 3140, 3141, 3157 SET v_plain = FALSE;
    INSERT INTO qtask_task (
      lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline,
      max_count, batch_id, created_at, deadline_at, due_at
    )
    SELECT
      queue_id, queue_id, IF(sound, 20, NULL), name, order_no,
      IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload),
      interval_seconds,
      COALESCE(delete_deadline, 0),
      COALESCE(max_count, 100),
      IF(delay IS NULL, v_batch_id, v_batch_id - 1),
      v_now,
      v_now + INTERVAL COALESCE(deadline, 604800) SECOND,
      v_now + INTERVAL LEAST(
        COALESCE(delay, 5), COALESCE(deadline, 604800)
      ) SECOND
    FROM (
      SELECT
        given.*,
        JSON_UNQUOTE(order_no_given) AS order_no,
        registered.queue_id,
        JSON_LENGTH(task) = (name IS NOT NULL) + (payload IS NOT NULL) + (delay_given IS NOT NULL)
          + (interval_seconds_given IS NOT NULL) + (given.queue IS NOT NULL) + (namespace_given IS NOT NULL)
          + (order_no_given IS NOT NULL) + (deadline_given IS NOT NULL)
          + (delete_deadline_given IS NOT NULL) + (max_count_given IS NOT NULL)
          AND CHAR_LENGTH(name) BETWEEN 1 AND 128 AND ' ' NOT IN (LEFT(name, 1), RIGHT(name, 1))
          AND CHAR_LENGTH(given.queue) BETWEEN 1 AND 128 AND ' ' NOT IN (LEFT(given.queue, 1), RIGHT(given.queue, 1))
          AND (namespace_given IS NULL OR JSON_TYPE(namespace_given) = 'STRING')
          AND (order_no_given IS NULL OR (
            JSON_TYPE(order_no_given) = 'STRING'
            AND CHAR_LENGTH(JSON_UNQUOTE(order_no_given)) BETWEEN 1 AND 128 AND ' ' NOT IN (LEFT(JSON_UNQUOTE(order_no_given), 1), RIGHT(JSON_UNQUOTE(order_no_given), 1))
          ))
          AND (interval_seconds_given IS NULL OR (
            JSON_TYPE(interval_seconds_given) LIKE '%INTEGER' AND interval_seconds BETWEEN 1 AND 1576800000
          ))
          AND (delay_given IS NULL OR (
            JSON_TYPE(delay_given) LIKE '%INTEGER' AND delay BETWEEN 0 AND 1576800000
          ))
          AND (deadline_given IS NULL OR (
            JSON_TYPE(deadline_given) LIKE '%INTEGER' AND deadline BETWEEN 1 AND 1576800000
          ))
          AND (delete_deadline_given IS NULL OR (
            JSON_TYPE(delete_deadline_given) LIKE '%INTEGER' AND delete_deadline BETWEEN 0 AND 1576800000
          ))
          AND (max_count_given IS NULL OR (
            JSON_TYPE(max_count_given) LIKE '%INTEGER' AND max_count BETWEEN 1 AND 1000000
          ))
          AND LENGTH(IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload)) <= 65536
          AND LOCATE(_utf8mb4 X'00', IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload)) = 0
          AND JSON_VALID(IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload))
          AND LOCATE('"task_', JSON_KEYS(IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload))) = 0
          AND LOCATE('\\', JSON_KEYS(IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload))) = 0 AS sound
      FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        task JSON PATH '$',
        name LONGTEXT PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        delay_given JSON PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        interval_seconds_given JSON PATH '$.interval',
        queue LONGTEXT PATH '$.queue',
        namespace_given JSON PATH '$.namespace',
        order_no_given JSON PATH '$.order_no',
        deadline INT PATH '$.deadline',
        deadline_given JSON PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        delete_deadline_given JSON PATH '$.delete_deadline',
        max_count INT PATH '$.max_count',
        max_count_given JSON PATH '$.max_count'
      )) AS given
      LEFT JOIN qtask_queue AS registered
        ON registered.namespace = COALESCE(JSON_UNQUOTE(namespace_given), 'default')
        AND registered.queue = given.queue
    ) AS checked
    ORDER BY element;
  END; END IF;

  IF v_plain THEN
    -- The ids are in the order of the input; the odd batch is that of the delayed tasks.
    SELECT
      task.task_id,
      TRUE AS created,
      task.batch_id = v_batch_id AND registered.paused_at IS NULL AS pushable
    FROM qtask_task AS task
    LEFT JOIN qtask_queue AS registered ON registered.queue_id = task.queue_id
    WHERE task.task_id > v_last_id AND task.batch_id IN (v_batch_id, v_batch_id - 1)
    ORDER BY task.task_id;
  ELSE
    CALL qtask_create_others(v_tasks, v_batch_id, v_now, v_last_id);
  END IF;

  IF v_alone THEN
    COMMIT;
  END IF;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id);
END$$

DROP PROCEDURE IF EXISTS qtask_start_task$$
CREATE PROCEDURE qtask_start_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  OUT out_attempt INT
)
COMMENT 'qtask-db 0.1.0 ac089f0055781d09'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Takes a task into processing: one attempt more, and its interval starts anew.

  Parameters
    in_task_id    the task
    in_attempt    the attempt that the message announced; NULL starts the next one, whichever it is
  Result
    out_attempt   the attempt that was started; pass it to finish_task, fail_task and extend_task
  Errors
    invalid_argument, task_not_found, task_not_active,
    stale_attempt (another consumer has taken the announced attempt),
    attempts_exhausted, deadline_passed
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  IF in_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_task_id must not be NULL';
  END IF;

  UPDATE qtask_task
  SET
    lane = queue_id,
    status = 30,
    attempts = LAST_INSERT_ID(attempts + 1),
    batch_id = 0,
    started_at = v_now,
    due_at = LEAST(v_now + INTERVAL interval_seconds SECOND, deadline_at)
  WHERE task_id = in_task_id
    AND lane <> 0
    AND (in_attempt IS NULL OR attempts + 1 = in_attempt)
    AND attempts - attempts_before < max_count
    AND deadline_at > v_now;

  IF ROW_COUNT() = 0 THEN
    CALL qtask_refuse_start(in_task_id, in_attempt, v_now);
  END IF;
  SET out_attempt = LAST_INSERT_ID();
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id);
  SELECT out_attempt AS attempt;
END$$

DROP PROCEDURE IF EXISTS qtask_start_tasks$$
CREATE PROCEDURE qtask_start_tasks (
  IN in_tasks LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 4374cac0b989cf33'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Takes many tasks into processing at once. One that cannot be started is left as it is and does not
  hinder the others.

  Parameters
    in_tasks      a JSON array of at most 10000 objects {"task_id": 17, "attempt": 1}, with the attempt
                  that the message announced; without attempt, the next one, whichever it is
  Result
    one row for each task that was started: task_id, attempt, interval_seconds
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_batch_id BIGINT DEFAULT -((UUID_SHORT() & 4611686018427387903) << 1);
  DECLARE v_alone TINYINT DEFAULT FALSE;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    IF v_alone THEN
      ROLLBACK;
    END IF;
    RESIGNAL;
  END;

  CALL qtask_check_tasks(in_tasks);
  CALL qtask_find_alone(v_alone);
  IF v_alone THEN
    START TRANSACTION;
  END IF;

  UPDATE JSON_TABLE(in_tasks, '$[*]' COLUMNS (
    task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt'
  )) AS given
  STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
  SET
    task.lane = task.queue_id,
    task.status = 30,
    task.attempts = task.attempts + 1,
    task.batch_id = v_batch_id,
    task.started_at = v_now,
    task.due_at = LEAST(v_now + INTERVAL task.interval_seconds SECOND, task.deadline_at)
  WHERE task.lane <> 0
    AND (given.attempt IS NULL OR task.attempts + 1 = given.attempt)
    AND task.attempts - task.attempts_before < task.max_count
    AND task.deadline_at > v_now;

  SELECT DISTINCT task.task_id, task.attempts AS attempt, task.interval_seconds
  FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (task_id BIGINT PATH '$.task_id')) AS given
  STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
  WHERE task.batch_id = v_batch_id;
  IF v_alone THEN
    COMMIT;
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_finish_task$$
CREATE PROCEDURE qtask_finish_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT
)
COMMENT 'qtask-db 0.1.0 780a3459325a1f82'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Finishes a task that is being processed. To finish it once more by the same attempt changes nothing.

  Parameters
    in_task_id    the task
    in_attempt    the attempt that start_task returned; NULL finishes whichever is under way
  Errors
    invalid_argument, task_not_found, task_not_active, task_not_processing,
    stale_attempt (a later attempt was started)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);

  IF in_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_task_id must not be NULL';
  END IF;

  UPDATE qtask_task
  SET
    lane = 0,
    status = 0,
    ended_at = v_now,
    due_at = v_now + INTERVAL delete_deadline SECOND
  WHERE task_id = in_task_id
    AND status = 30
    AND (in_attempt IS NULL OR attempts = in_attempt);

  IF ROW_COUNT() = 0 AND NOT EXISTS (
    SELECT 1
    FROM qtask_task
    WHERE task_id = in_task_id
      AND status = 0
      AND (in_attempt IS NULL OR attempts = in_attempt)
  ) THEN
    CALL qtask_refuse_task(in_task_id, in_attempt);
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_finish_tasks$$
CREATE PROCEDURE qtask_finish_tasks (
  IN in_tasks LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 23c99d8981308e7d'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Finishes many tasks at once. One that cannot be finished is left as it is and does not hinder the others.

  Parameters
    in_tasks      a JSON array of at most 10000 objects {"task_id": 17, "attempt": 1};
                  without attempt, whichever is under way
  Result
    one row for each task that was refused: task_id, attempt, error_number (as finish_task raises it)
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_alone TINYINT DEFAULT FALSE;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    IF v_alone THEN
      ROLLBACK;
    END IF;
    RESIGNAL;
  END;

  CALL qtask_check_tasks(in_tasks);
  CALL qtask_find_alone(v_alone);
  IF v_alone THEN
    START TRANSACTION;
  END IF;

  UPDATE JSON_TABLE(in_tasks, '$[*]' COLUMNS (
    task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt'
  )) AS given
  STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
  SET
    task.lane = 0,
    task.status = 0,
    task.ended_at = v_now,
    task.due_at = v_now + INTERVAL task.delete_deadline SECOND
  WHERE task.status = 30
    AND (given.attempt IS NULL OR task.attempts = given.attempt);

  -- Locks and so reads the present state, not that of the caller's snapshot.
  SELECT given.task_id, given.attempt,
    CASE
      WHEN task.task_id IS NULL THEN 20106
      WHEN task.lane = 0 THEN 20107
      WHEN given.attempt <> task.attempts THEN 20109
      ELSE 20108
    END AS error_number
  FROM (
    SELECT DISTINCT task_id, attempt
    FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
      task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt'
    )) AS named
  ) AS given
  LEFT JOIN qtask_task AS task ON task.task_id = given.task_id
  WHERE task.task_id IS NULL
    OR task.status <> 0
    OR given.attempt <> task.attempts
  LOCK IN SHARE MODE;
  IF v_alone THEN
    COMMIT;
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_fail_task$$
CREATE PROCEDURE qtask_fail_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_error LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_delay BIGINT,
  OUT out_status TINYINT
)
COMMENT 'qtask-db 0.1.0 4cf6ef56942f619a'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Ends an attempt without success: the task waits for the next one, or has failed where that was the last.

  Parameters
    in_task_id    the task
    in_attempt    the attempt that start_task returned; NULL fails whichever is under way
    in_error      why, for people; cut after 2000 characters; NULL keeps the one before
    in_delay      seconds until the task is queued again, 0 to 1576800000; NULL is its interval
  Result
    out_status    20 waiting, or 90 failed
  Errors
    invalid_argument, task_not_found, task_not_active, task_not_processing,
    stale_attempt (a later attempt was started)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  IF in_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_task_id must not be NULL';
  END IF;
  IF in_delay NOT BETWEEN 0 AND 1576800000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_delay must be NULL or 0 to 1576800000 (seconds)';
  END IF;
  IF (LOCATE(X'ED', CAST(in_error AS BINARY)) > 0 AND CONVERT(CONVERT(in_error USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_error) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_error must have characters of Unicode only';
  END IF;

  UPDATE qtask_task
  SET
    status = LAST_INSERT_ID(IF(
      attempts - attempts_before < max_count, 20, 90
    )),
    lane = IF(status = 90, 0, queue_id),
    ended_at = v_now,
    due_at = IF(
      status = 90,
      v_now + INTERVAL IF(delete_deadline = 0, 604800, delete_deadline) SECOND,
      LEAST(v_now + INTERVAL COALESCE(in_delay, interval_seconds) SECOND, deadline_at)
    ),
    last_error = COALESCE(LEFT(in_error, 2000), last_error)
  WHERE task_id = in_task_id
    AND status = 30
    AND (in_attempt IS NULL OR attempts = in_attempt);

  IF ROW_COUNT() = 0 THEN
    CALL qtask_refuse_task(in_task_id, in_attempt);
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20109, MESSAGE_TEXT = 'the task changed while it was being failed: try again';
  END IF;
  SET out_status = LAST_INSERT_ID();
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id);
  SELECT out_status AS status;
END$$

DROP PROCEDURE IF EXISTS qtask_extend_task$$
CREATE PROCEDURE qtask_extend_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_seconds BIGINT
)
COMMENT 'qtask-db 0.1.0 475bc1842ac971df'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Heartbeat of a long run: the task is queued again that much later, counted from now, never after its deadline.

  Parameters
    in_task_id    the task
    in_attempt    the attempt that start_task returned; NULL extends whichever is under way
    in_seconds    1 to 1576800000; NULL is the task's interval
  Errors
    invalid_argument, task_not_found, task_not_active, task_not_processing,
    stale_attempt (a later attempt was started)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);

  IF in_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_task_id must not be NULL';
  END IF;
  IF in_seconds NOT BETWEEN 1 AND 1576800000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_seconds must be NULL or 1 to 1576800000';
  END IF;

  UPDATE qtask_task
  SET
    lane = queue_id,
    due_at = LEAST(v_now + INTERVAL COALESCE(in_seconds, interval_seconds) SECOND, deadline_at)
  WHERE task_id = in_task_id
    AND status = 30
    AND (in_attempt IS NULL OR attempts = in_attempt);

  IF ROW_COUNT() = 0 THEN
    CALL qtask_refuse_task(in_task_id, in_attempt);
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_cancel_task$$
CREATE PROCEDURE qtask_cancel_task (
  IN in_task_id BIGINT
)
COMMENT 'qtask-db 0.1.0 cb0efad0948576a9'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Cancels an active task. A run that is under way is not stopped, but it can no longer finish the task.

  Parameters
    in_task_id    the task
  Errors
    invalid_argument, task_not_found, task_not_active
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);

  IF in_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_task_id must not be NULL';
  END IF;

  UPDATE qtask_task
  SET
    lane = 0,
    status = 80,
    ended_at = v_now,
    due_at = v_now + INTERVAL IF(delete_deadline = 0, 604800, delete_deadline) SECOND
  WHERE task_id = in_task_id
    AND lane <> 0;

  IF ROW_COUNT() = 0 THEN
    CALL qtask_refuse_task(in_task_id, NULL);
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_retry_task$$
CREATE PROCEDURE qtask_retry_task (
  IN in_task_id BIGINT,
  IN in_deadline BIGINT
)
COMMENT 'qtask-db 0.1.0 f48d7384857b596b'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Revives a failed or cancelled task: it is due at once, with all its attempts and a new deadline.
  Attempts go on counting, so that a consumer of the former life stays fenced off.

  Parameters
    in_task_id    the task
    in_deadline   seconds from now, 1 to 1576800000; NULL is 604800
  Errors
    invalid_argument, task_not_found,
    task_not_retryable (it is active or finished),
    duplicate_order (another task with its order number is active)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE EXIT HANDLER FOR 1062
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20113, MESSAGE_TEXT = 'another task with the same order_no is active';

  IF in_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_task_id must not be NULL';
  END IF;
  IF in_deadline NOT BETWEEN 1 AND 1576800000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_deadline must be NULL or 1 to 1576800000 (seconds)';
  END IF;

  UPDATE qtask_task
  SET
    lane = queue_id,
    status = 20,
    attempts_before = attempts,
    batch_id = 0,
    deadline_at = v_now + INTERVAL COALESCE(in_deadline, 604800) SECOND,
    due_at = v_now
  WHERE task_id = in_task_id
    AND status IN (80, 90);

  IF ROW_COUNT() = 0 THEN
    IF EXISTS (SELECT 1 FROM qtask_task WHERE task_id = in_task_id) THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20112, MESSAGE_TEXT = 'only failed and cancelled tasks can be retried';
    END IF;
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20106, MESSAGE_TEXT = 'there is no task with this in_task_id';
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_pause_queue$$
CREATE PROCEDURE qtask_pause_queue (
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 9fdf095695ed085d'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Pauses a queue: its tasks are handed out no more until it is resumed, and still expire. Messages that are
  in Redis already stay there. A queue may be paused before its first task is created.

  Parameters
    in_queue      name of the queue, 1 to 128 characters
    in_namespace  1 to 64 characters; NULL is default
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  CALL qtask_check_queue(in_queue, in_namespace);
  INSERT INTO qtask_queue (namespace, queue, paused_at)
  VALUES (COALESCE(in_namespace, 'default'), in_queue, UTC_TIMESTAMP(3))
  ON DUPLICATE KEY UPDATE paused_at = COALESCE(paused_at, UTC_TIMESTAMP(3));
END$$

DROP PROCEDURE IF EXISTS qtask_resume_queue$$
CREATE PROCEDURE qtask_resume_queue (
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 3965997ffd3d8ba1'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Resumes a paused queue; what waited is handed out by the next scans. A queue that is not paused stays as it is.

  Parameters
    in_queue      name of the queue, 1 to 128 characters
    in_namespace  1 to 64 characters; NULL is default
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  CALL qtask_check_queue(in_queue, in_namespace);
  INSERT INTO qtask_queue (namespace, queue, paused_at)
  VALUES (COALESCE(in_namespace, 'default'), in_queue, NULL)
  ON DUPLICATE KEY UPDATE paused_at = NULL;
END$$

DROP PROCEDURE IF EXISTS qtask_redrive_tasks$$
CREATE PROCEDURE qtask_redrive_tasks (
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_age BIGINT,
  IN in_limit BIGINT,
  OUT out_redriven INT
)
COMMENT 'qtask-db 0.1.0 efec027fda656515'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Makes waiting tasks due again whose messages relays have handed out and nobody has started, in one short
  transaction: for when Redis has lost them. All others keep their times: a delay, the delay after a
  failure, the push grace. Call it until it redrives fewer than it may.

  Parameters
    in_queue      of this queue; NULL is any
    in_namespace  of this namespace; NULL is any
    in_age        handed out at least so many seconds ago, 0 to 1576800000; NULL is 0. Relays hand out what
                  was redriven: who calls again passes the seconds since the first call
    in_limit      most tasks to redrive, 1 to 10000
  Result
    out_redriven  how many are due again
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now DATETIME(3);
  DECLARE v_left BIGINT DEFAULT in_limit;

  IF in_age NOT BETWEEN 0 AND 1576800000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_age must be NULL or 0 to 1576800000 (seconds)';
  END IF;
  IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_limit must be 1 to 10000';
  END IF;

  CALL qtask_begin_work();
  SET v_now = UTC_TIMESTAMP(3);

  BEGIN
    DECLARE v_queue_id INT;
    DECLARE v_ids LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE v_some INT;
    DECLARE v_done TINYINT DEFAULT FALSE;
    DECLARE c_queues CURSOR FOR
      SELECT queue_id
      FROM qtask_queue
      WHERE (in_queue IS NULL OR queue = in_queue)
        AND (in_namespace IS NULL OR namespace = in_namespace);
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      ROLLBACK;
      RESIGNAL;
    END;

    OPEN c_queues;
    each_queue: LOOP
      FETCH c_queues INTO v_queue_id;
      IF v_done OR v_left = 0 THEN
        LEAVE each_queue;
      END IF;

      SELECT JSON_ARRAYAGG(task_id), COUNT(*)
      INTO v_ids, v_some
      FROM (
        SELECT task_id
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = v_queue_id
          AND due_at > v_now
          AND status = 20
          AND batch_id > 0
          AND ended_at <= v_now - INTERVAL COALESCE(in_age, 0) SECOND
        ORDER BY due_at
        LIMIT v_left
        FOR UPDATE SKIP LOCKED
      ) AS handed_out;

      UPDATE JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.due_at = v_now,
        task.batch_id = 0;
      SET v_left = v_left - v_some;
    END LOOP;
    CLOSE c_queues;
    COMMIT;
  END;
  SET out_redriven = in_limit - v_left;
  SELECT out_redriven AS redriven;
END$$

DROP PROCEDURE IF EXISTS qtask_explain_task$$
CREATE PROCEDURE qtask_explain_task (
  IN in_task_id BIGINT
)
COMMENT 'qtask-db 0.1.0 8f73ebd81ae5d22b'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Tells why a task is where it is, in words. Times are UTC.

  Parameters
    in_task_id    the task
  Result
    one row: task_id, status, explanation (one sentence a line: what it is, what happened, what comes next)
  Errors
    invalid_argument, task_not_found
  Transaction
    Joins the caller's.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_task_id BIGINT;

  IF in_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_task_id must not be NULL';
  END IF;
  -- A statement of its own: within an expression it would lock the row.
  SELECT task_id INTO v_task_id FROM qtask_task WHERE task_id = in_task_id;
  IF v_task_id IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20106, MESSAGE_TEXT = 'there is no task with this in_task_id';
  END IF;

  SELECT
    task.task_id,
    task.status,
    CONCAT_WS('\n',
      CONCAT(
        'Task ', task.task_id, ' "', task.name, '" of queue ', queue.queue, ' in namespace ', queue.namespace,
        COALESCE(CONCAT(', order number ', task.order_no), ''), '.'
      ),
      CONCAT(
        'Created ', task.created_at, '; deadline ', task.deadline_at, '; queued again every ',
        task.interval_seconds, ' s until it is finished.'
      ),
      IF(
        task.attempts = 0,
        'It has never been started.',
        CONCAT(
          'Attempts: ', task.attempts - task.attempts_before, ' of ', task.max_count,
          IF(task.attempts_before = 0, '', CONCAT(', and ', task.attempts_before, ' before it was retried')),
          '; the last one started ', task.started_at, '.'
        )
      ),
      CONCAT('Last error: ', task.last_error),
      CASE
        WHEN task.status = 0 THEN
          CONCAT('Finished ', task.ended_at, '.')
        WHEN task.status = 80 THEN
          CONCAT('Cancelled ', task.ended_at, '; it can be retried.')
        WHEN task.status = 90 THEN
          CONCAT(
            'Failed ', task.ended_at, ' because ',
            IF(
              task.attempts - task.attempts_before >= task.max_count,
              'its attempts were used up', 'its deadline passed'
            ),
            '; it can be retried.'
          )
        WHEN task.status = 30 AND task.batch_id <= 0 THEN
          'A consumer is processing it.'
        WHEN batch.batch_id IS NOT NULL THEN
          CONCAT(
            'Relay ', batch.relay, ' took it at ', batch.claimed_at,
            ' and has not confirmed that the message is in Redis; any relay may take it again from ',
            batch.lapses_at, '.'
          )
        WHEN task.status = 30 THEN
          CONCAT(
            'Attempt ', task.attempts, ' has not ended within its interval;',
            ' a relay has put the message on the queue again.'
          )
        WHEN task.batch_id > 0 AND task.due_at > v_now THEN
          'A relay has put its message on the queue; no consumer has started it since.'
        ELSE 'It waits.'
      END,
      CASE
        WHEN task.lane = 0 AND task.due_at <= v_now THEN 'Next: the purge deletes it.'
        WHEN task.lane = 0 THEN CONCAT('Next: the purge deletes it after ', task.due_at, '.')
        WHEN task.deadline_at <= v_now THEN 'Next: its deadline has passed, so the next scan fails it.'
        WHEN queue.paused_at IS NOT NULL THEN
          CONCAT(
            'Next: nothing, because the queue is paused since ', queue.paused_at,
            '; resume it, or the task fails at its deadline.'
          )
        WHEN task.lane < 0 THEN 'Next: a relay queues it as soon as the queue has room.'
        WHEN task.due_at <= v_now THEN
          CONCAT('Next: it is due since ', task.due_at, '; the next scan of a relay queues it. Is one running?')
        WHEN task.attempts - task.attempts_before >= task.max_count THEN
          CONCAT('Next: this was its last attempt; it fails at ', task.due_at, ' unless it is finished.')
        WHEN task.due_at >= task.deadline_at THEN
          CONCAT('Next: it fails at its deadline, ', task.deadline_at, ', unless it is finished.')
        ELSE CONCAT('Next: it is queued at ', task.due_at, ' unless it is finished before.')
      END
    ) AS explanation
  FROM qtask_task AS task
  JOIN qtask_queue AS queue ON queue.queue_id = task.queue_id
  LEFT JOIN qtask_batch AS batch ON batch.batch_id = task.batch_id
  WHERE task.task_id = in_task_id;
END$$

DROP PROCEDURE IF EXISTS qtask_list_tasks$$
CREATE PROCEDURE qtask_list_tasks (
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_status BIGINT,
  IN in_order_no LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_limit BIGINT
)
COMMENT 'qtask-db 0.1.0 4fad171a7298a50b'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Lists tasks, the newest first. An order number is found through its index while its task is not finished; finished
  tasks are searched among the newest 100000 ids; other searches read the newest tasks until enough are found.

  Parameters
    in_queue      of this queue; NULL is any
    in_status     0 finished, 20 waiting, 30 processing,
                  80 cancelled or 90 failed; NULL is any
    in_order_no   with this order number; NULL is any
    in_namespace  of this namespace; NULL is any
    in_limit      most rows, 1 to 10000
  Result
    rows of the view task_list
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_newest BIGINT;

  IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_limit must be 1 to 10000';
  END IF;
  IF in_status NOT IN (0, 20, 30, 80, 90) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_status must be NULL or one of 0, 20, 30, 80, 90';
  END IF;

  IF in_order_no IS NOT NULL THEN
    -- A statement of its own: within an expression it would lock the end of the table.
    SELECT MAX(task_id) INTO v_newest FROM qtask_task;
    SELECT task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error
    FROM (
      SELECT task_id AS found_id
      FROM qtask_task
      WHERE order_key = in_order_no
      UNION ALL
      SELECT task_id
      FROM qtask_task
      WHERE order_no = in_order_no
        AND status = 0
        AND task_id > v_newest - 100000
    ) AS found
    STRAIGHT_JOIN qtask_task_list AS task ON task.task_id = found.found_id
    WHERE (in_queue IS NULL OR queue = in_queue)
      AND (in_status IS NULL OR status = in_status)
      AND (in_namespace IS NULL OR namespace = in_namespace)
    ORDER BY task_id DESC
    LIMIT in_limit;
  ELSE
    SELECT task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error
    FROM qtask_task_list
    WHERE (in_queue IS NULL OR queue = in_queue)
      AND (in_status IS NULL OR status = in_status)
      AND (in_namespace IS NULL OR namespace = in_namespace)
    ORDER BY task_id DESC
    LIMIT in_limit;
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_scan_tasks$$
CREATE PROCEDURE qtask_scan_tasks (
  IN in_relay LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_limit BIGINT,
  IN in_lease BIGINT,
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_held LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  OUT out_batch_id BIGINT,
  OUT out_wait_ms BIGINT
)
COMMENT 'qtask-db 0.1.0 dbee6c0744280a3d'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Claims due tasks for a relay, which then pushes their messages and calls confirm_batch.
  Due tasks whose deadline has passed or whose attempts are used up fail instead. A batch whose
  lease has run out unconfirmed is given back first, so that this scan can claim its tasks.

  Parameters
    in_relay      name of the relay, 1 to 64 characters
    in_limit      most tasks to claim, 1 to 10000; queues with due tasks share it evenly
    in_lease      seconds within which the batch must be confirmed, 1 to 1576800000
    in_namespace  serve this namespace only; NULL serves all
    in_held       a JSON array of queue names that can take no message now; NULL is none.
                  Their tasks, as those of paused queues, are not claimed but still expire.
  Result
    out_batch_id  pass it to confirm_batch or release_batch; NULL where nothing was claimed
    out_wait_ms   milliseconds until the next task is due; 0: there is more now; NULL: none is active
    rows          task_id, attempt (to announce), queue, payload; each queue in due order
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now DATETIME(3);
  DECLARE v_held LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT COALESCE(in_held, '[]');
  DECLARE v_claimed LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT '[]';
  DECLARE v_parked LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT '[]';
  DECLARE v_expired INT DEFAULT 0;
  DECLARE v_full TINYINT DEFAULT FALSE;

  IF in_relay IS NULL OR CHAR_LENGTH(in_relay) NOT BETWEEN 1 AND 64 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_relay must have 1 to 64 characters';
  END IF;
  IF (LOCATE(X'ED', CAST(in_relay AS BINARY)) > 0 AND CONVERT(CONVERT(in_relay USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_relay) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_relay must have characters of Unicode only';
  END IF;
  IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_limit must be 1 to 10000';
  END IF;
  IF in_lease IS NULL OR in_lease NOT BETWEEN 1 AND 1576800000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_lease must be 1 to 1576800000 (seconds)';
  END IF;
  IF NOT JSON_VALID(v_held) OR JSON_TYPE(v_held) <> 'ARRAY' THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_held must be NULL or a JSON array of queue names';
  END IF;

  CALL qtask_begin_work();
  SET out_batch_id = NULL;
  SET v_now = UTC_TIMESTAMP(3);

  BEGIN
    DECLARE v_queue_id INT;
    DECLARE v_closed TINYINT;
    DECLARE v_share INT;
    DECLARE v_some INT;
    DECLARE v_more INT;
    DECLARE v_left INT DEFAULT in_limit;
    DECLARE v_done TINYINT DEFAULT FALSE;
    DECLARE c_queues CURSOR FOR
      SELECT queue_id, closed, GREATEST(1, in_limit DIV COUNT(*) OVER ())
      FROM (
        SELECT
          queue_id,
          paused_at IS NOT NULL OR EXISTS (
            SELECT 1 FROM JSON_TABLE(v_held, '$[*]' COLUMNS (name LONGTEXT PATH '$')) AS held WHERE held.name = queue
          ) AS closed
        FROM qtask_queue
        WHERE in_namespace IS NULL OR namespace = in_namespace
      ) AS queue
      WHERE (
        SELECT due_at
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = queue.queue_id
        ORDER BY lane, due_at
        LIMIT 1
      ) <= v_now OR (
        SELECT due_at
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = -queue.queue_id
        ORDER BY lane, due_at
        LIMIT 1
      ) <= IF(queue.closed, v_now, TIMESTAMP'9999-12-31 00:00:00')
      -- Where there are more queues than in_limit, each gets its turn.
      ORDER BY RAND();
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      ROLLBACK;
      RESIGNAL;
    END;

    CALL qtask_give_back_lapsed(v_now);

    SET v_done = FALSE;
    OPEN c_queues;
    each_queue: LOOP
      FETCH c_queues INTO v_queue_id, v_closed, v_share;
      IF v_done THEN
        LEAVE each_queue;
      END IF;
      SET v_share = LEAST(v_share, v_left);
      IF v_closed THEN
        CALL qtask_lock_due(-v_queue_id, v_now, v_share, v_now, v_parked, v_some, v_expired);
        CALL qtask_lock_due(v_queue_id, v_now, v_share, v_now, v_parked, v_more, v_expired);
      ELSE
        CALL qtask_lock_due(-v_queue_id, TIMESTAMP'9999-12-31 00:00:00', v_share, v_now, v_claimed, v_some, v_expired);
        CALL qtask_lock_due(v_queue_id, v_now, v_share - v_some, v_now, v_claimed, v_more, v_expired);
        SET v_full = v_full OR v_some + v_more >= v_share;
        SET v_left = v_left - v_some - v_more;
      END IF;
    END LOOP;
    CLOSE c_queues;

    IF v_expired > 0 THEN
      UPDATE JSON_TABLE(
        JSON_MERGE_PRESERVE(v_claimed, v_parked), '$[*]' COLUMNS (task_id BIGINT PATH '$')
      ) AS given
      STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.lane = 0,
        task.status = 90,
        task.ended_at = v_now,
        task.due_at = v_now + INTERVAL IF(delete_deadline = 0, 604800, delete_deadline) SECOND
      WHERE (deadline_at <= v_now OR attempts - attempts_before >= max_count);
    END IF;

    IF v_parked <> '[]' THEN
      UPDATE JSON_TABLE(v_parked, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.lane = -task.queue_id,
        task.due_at = task.deadline_at
      WHERE task.lane <> 0;
    END IF;

    IF v_claimed <> '[]' THEN
      SET out_batch_id = ((UUID_SHORT() & 4611686018427387903) << 1);
      UPDATE JSON_TABLE(v_claimed, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.lane = task.queue_id,
        task.batch_id = out_batch_id,
        task.ended_at = v_now,
        task.due_at = LEAST(v_now + INTERVAL task.interval_seconds SECOND, task.deadline_at)
      WHERE task.lane <> 0;
      IF ROW_COUNT() > 0 THEN
        INSERT INTO qtask_batch (batch_id, relay, claimed_at, lapses_at, task_ids)
        VALUES (out_batch_id, in_relay, v_now, v_now + INTERVAL in_lease SECOND, v_claimed);
      ELSE
        SET out_batch_id = NULL;
      END IF;
    END IF;

    IF v_full THEN
      SET out_wait_ms = 0;
    ELSE
      CALL qtask_find_next_due(v_now, in_namespace, v_held, out_wait_ms);
    END IF;
    COMMIT;
  END;

  SELECT out_batch_id AS batch_id, out_wait_ms AS wait_ms;
  SELECT task.task_id, task.attempts + 1 AS attempt, queue.queue, task.payload
  FROM JSON_TABLE(v_claimed, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
  STRAIGHT_JOIN qtask_queue AS queue ON queue.queue_id = task.queue_id
  WHERE task.batch_id = out_batch_id AND task.lane <> 0;
  -- With autocommit off, the last SELECT has opened a transaction, which the next call would refuse.
  COMMIT;
END$$

DROP PROCEDURE IF EXISTS qtask_next_due$$
CREATE PROCEDURE qtask_next_due (
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_held LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  OUT out_wait_ms BIGINT
)
COMMENT 'qtask-db 0.1.0 89344f1ef1d065f6'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Tells cheaply how long a relay may sleep before it scans again.

  Parameters
    in_namespace  as for scan_tasks
    in_held       as for scan_tasks
  Result
    out_wait_ms   milliseconds until the next task is due; 0: one is due now; NULL: none is active
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  IF NOT JSON_VALID(COALESCE(in_held, '[]')) OR JSON_TYPE(COALESCE(in_held, '[]')) <> 'ARRAY' THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_held must be NULL or a JSON array of queue names';
  END IF;
  CALL qtask_find_next_due(NULL, in_namespace, COALESCE(in_held, '[]'), out_wait_ms);
  SELECT out_wait_ms AS wait_ms;
END$$

DROP PROCEDURE IF EXISTS qtask_confirm_batch$$
CREATE PROCEDURE qtask_confirm_batch (
  IN in_batch_id BIGINT,
  IN in_relay LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 767a51a04c42aa98'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Says that all messages of a batch are in Redis; its journal entry is deleted.

  Parameters
    in_batch_id   the batch that scan_tasks returned
    in_relay      the relay that claimed it
  Errors
    invalid_argument, transaction_open,
    batch_not_found (confirmed or released before, or given back after its lease)
  Transaction
    Commits by itself.
  */
  IF in_batch_id IS NULL OR in_relay IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_batch_id and in_relay must not be NULL';
  END IF;

  CALL qtask_begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      ROLLBACK;
      RESIGNAL;
    END;

    DELETE FROM qtask_batch
    WHERE batch_id = in_batch_id AND relay = in_relay;
    IF ROW_COUNT() = 0 THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20114, MESSAGE_TEXT = 'in_relay has no such unconfirmed batch';
    END IF;
    COMMIT;
  END;
END$$

DROP PROCEDURE IF EXISTS qtask_release_batch$$
CREATE PROCEDURE qtask_release_batch (
  IN in_batch_id BIGINT,
  IN in_relay LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 6f56e26a65067aae'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Says that a batch could not be pushed: its tasks are due again at once.

  Parameters
    in_batch_id   the batch that scan_tasks returned
    in_relay      the relay that claimed it
  Errors
    invalid_argument, transaction_open,
    batch_not_found (confirmed or released before, or given back after its lease)
  Transaction
    Commits by itself.
  */
  DECLARE v_batch_id BIGINT;

  IF in_batch_id IS NULL OR in_relay IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_batch_id and in_relay must not be NULL';
  END IF;

  CALL qtask_begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      ROLLBACK;
      RESIGNAL;
    END;

    SELECT batch_id
    INTO v_batch_id
    FROM qtask_batch
    WHERE batch_id = in_batch_id AND relay = in_relay
    FOR UPDATE;
    IF v_batch_id IS NULL THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20114, MESSAGE_TEXT = 'in_relay has no such unconfirmed batch';
    END IF;
    CALL qtask_give_back(v_batch_id);
    COMMIT;
  END;
END$$

DROP PROCEDURE IF EXISTS qtask_expire_tasks$$
CREATE PROCEDURE qtask_expire_tasks (
  IN in_limit BIGINT,
  OUT out_expired INT
)
COMMENT 'qtask-db 0.1.0 ae6b1738f843f527'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Fails active tasks whose deadline has passed, or whose attempts are used up and whose last interval
  has passed, in one short transaction. Scans do the same; this is for where no relay runs. Call it
  until it fails fewer than it may.

  Parameters
    in_limit      most tasks to fail, 1 to 10000
  Result
    out_expired   how many have failed
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now DATETIME(3);
  DECLARE v_left BIGINT DEFAULT in_limit;

  IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_limit must be 1 to 10000';
  END IF;

  CALL qtask_begin_work();
  SET v_now = UTC_TIMESTAMP(3);

  BEGIN
    DECLARE v_lane INT;
    DECLARE v_first_at DATETIME(3);
    DECLARE v_ids LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
    DECLARE v_some INT;
    DECLARE v_done TINYINT DEFAULT FALSE;
    DECLARE c_lanes CURSOR FOR
      SELECT lane
      FROM (
        SELECT queue_id AS lane FROM qtask_queue
        UNION ALL
        SELECT -queue_id FROM qtask_queue
      ) AS found
      WHERE (
        SELECT due_at
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = found.lane
        ORDER BY lane, due_at
        LIMIT 1
      ) <= v_now;
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      ROLLBACK;
      RESIGNAL;
    END;

    OPEN c_lanes;
    each_lane: LOOP
      FETCH c_lanes INTO v_lane;
      IF v_done OR v_left = 0 THEN
        LEAVE each_lane;
      END IF;

      -- Those before the first expired one need not be locked to be looked at.
      SELECT MIN(due_at)
      INTO v_first_at
      FROM (
        SELECT due_at
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = v_lane
          AND due_at <= v_now
          AND (deadline_at <= v_now OR attempts - attempts_before >= max_count)
        ORDER BY due_at
        LIMIT 1
      ) AS expired;

      SELECT JSON_ARRAYAGG(task_id), COUNT(*)
      INTO v_ids, v_some
      FROM (
        SELECT task_id
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = v_lane
          AND due_at BETWEEN v_first_at AND v_now
          AND (deadline_at <= v_now OR attempts - attempts_before >= max_count)
        ORDER BY due_at
        LIMIT v_left
        FOR UPDATE SKIP LOCKED
      ) AS expired;

      UPDATE JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.lane = 0,
        task.status = 90,
        task.ended_at = v_now,
        task.due_at = v_now + INTERVAL IF(delete_deadline = 0, 604800, delete_deadline) SECOND;
      SET v_left = v_left - v_some;
    END LOOP;
    CLOSE c_lanes;
    COMMIT;
  END;
  SET out_expired = in_limit - v_left;
  SELECT out_expired AS expired;
END$$

DROP PROCEDURE IF EXISTS qtask_purge_tasks$$
CREATE PROCEDURE qtask_purge_tasks (
  IN in_limit BIGINT,
  OUT out_deleted INT
)
COMMENT 'qtask-db 0.1.0 c2dc90b70a18b7bf'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Deletes terminal tasks whose delete time has come, in one short transaction. Call it until it deletes
  fewer than it may.

  Parameters
    in_limit      most tasks to delete, 1 to 10000
  Result
    out_deleted   how many were deleted
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_ids LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT '[]';
  DECLARE v_expired INT DEFAULT 0;

  IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_limit must be 1 to 10000';
  END IF;

  CALL qtask_begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      ROLLBACK;
      RESIGNAL;
    END;

    CALL qtask_lock_due(0, UTC_TIMESTAMP(3), in_limit, UTC_TIMESTAMP(3), v_ids, out_deleted, v_expired);
    IF out_deleted > 0 THEN
      DELETE task
      FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id;
    END IF;
    COMMIT;
  END;
  SELECT out_deleted AS deleted;
END$$

DROP PROCEDURE IF EXISTS qtask_add_task$$
CREATE PROCEDURE qtask_add_task (
  IN in_name LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_payload LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_delay BIGINT,
  IN in_interval BIGINT,
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_options LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  OUT out_task_id BIGINT,
  OUT out_created TINYINT,
  OUT out_pushable TINYINT
)
COMMENT 'qtask-db 0.1.0 e48b76992fba04c7'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: checks and stores one task, real-time where in_delay is NULL.

  The plain read may miss a queue that was registered after the caller's snapshot; the INSERT then finds
  it. The unique key decides between creating and finding the active duplicate, so no two callers can
  both create; where the duplicate ends between the two steps, they are taken again.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'default';
  DECLARE v_option LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL;
  DECLARE v_deadline BIGINT DEFAULT 604800;
  DECLARE v_delete_deadline BIGINT DEFAULT 0;
  DECLARE v_max_count BIGINT DEFAULT 100;
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  BEGIN
    DECLARE EXIT HANDLER FOR 3140, 3141, 3157
      CALL qtask_check_task(in_name, in_payload, in_interval, in_queue);
    IF NOT COALESCE(
      CHAR_LENGTH(in_name) BETWEEN 1 AND 128
      AND ' ' NOT IN (LEFT(in_name, 1), RIGHT(in_name, 1))
      AND CHAR_LENGTH(in_queue) BETWEEN 1 AND 128
      AND ' ' NOT IN (LEFT(in_queue, 1), RIGHT(in_queue, 1))
      AND in_interval BETWEEN 1 AND 1576800000
      AND LENGTH(in_payload) <= 65536
      AND LOCATE('\\', in_payload) = 0
      AND LOCATE(_utf8mb4 X'00', in_payload) = 0
      AND NOT LOCATE(X'ED', CAST(CONCAT(in_name, in_queue, in_payload) AS BINARY)) > 0
      AND JSON_VALID(in_payload)
      AND LOCATE('"task_', JSON_KEYS(in_payload)) = 0,
      FALSE
    ) THEN
      CALL qtask_check_task(in_name, in_payload, in_interval, in_queue);
    END IF;
  END;
  IF in_options IS NOT NULL THEN
    BEGIN
      -- Most often a simple order number is all there is.
      DECLARE EXIT HANDLER FOR 3140, 3141, 3157
        CALL qtask_read_options(
          in_options, v_namespace, v_order_no, v_deadline, v_delete_deadline, v_max_count
        );
      SET v_option = IF(
        JSON_VALID(in_options) AND JSON_LENGTH(in_options) = 1,
        JSON_EXTRACT(in_options, '$.order_no'),
        NULL
      );
      IF JSON_TYPE(v_option) = 'STRING' AND CHAR_LENGTH(v_option) BETWEEN 3 AND 130
        AND LOCATE('\\', v_option) = 0 AND LOCATE(' ', v_option) = 0 AND NOT LOCATE(X'ED', CAST(v_option AS BINARY)) > 0 THEN
        SET v_order_no = SUBSTRING(v_option, 2, CHAR_LENGTH(v_option) - 2);
      ELSE
        CALL qtask_read_options(
          in_options, v_namespace, v_order_no, v_deadline, v_delete_deadline, v_max_count
        );
      END IF;
    END;
  END IF;

  SELECT queue_id, paused_at IS NOT NULL
  INTO v_queue_id, v_paused
  FROM qtask_queue
  WHERE namespace = v_namespace AND queue = in_queue;
  IF v_queue_id IS NULL THEN
    INSERT INTO qtask_queue (namespace, queue)
    VALUES (v_namespace, in_queue)
    ON DUPLICATE KEY UPDATE queue_id = LAST_INSERT_ID(queue_id);
    SET v_queue_id = LAST_INSERT_ID();
    SET v_paused = FALSE;
  END IF;

  IF v_order_no IS NOT NULL AND NOT @@autocommit THEN
    -- A plain read first: an INSERT that is refused would lock the gap until the caller's transaction ends.
    SELECT task_id INTO out_task_id
    FROM qtask_task
    WHERE order_key = v_order_no AND name = in_name AND queue_id = v_queue_id AND active = 1;
    IF out_task_id IS NOT NULL THEN
      CALL qtask_find_duplicate(v_order_no, in_name, v_queue_id, out_task_id);
    END IF;
  END IF;

  SET out_created = FALSE;
  WHILE out_task_id IS NULL DO
    BEGIN
      DECLARE EXIT HANDLER FOR 1062
        CALL qtask_find_duplicate(v_order_no, in_name, v_queue_id, out_task_id);
      INSERT INTO qtask_task (
        lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline, max_count,
        created_at, deadline_at, due_at
      )
      VALUES (
        v_queue_id, v_queue_id, 20, in_name, v_order_no, in_payload,
        in_interval, v_delete_deadline, v_max_count,
        v_now, v_now + INTERVAL v_deadline SECOND,
        v_now + INTERVAL LEAST(COALESCE(in_delay, 5), v_deadline) SECOND
      );
      SET out_task_id = LAST_INSERT_ID();
      SET out_created = TRUE;
    END;
  END WHILE;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id);
  SET out_pushable = out_created AND in_delay IS NULL AND NOT v_paused;
END$$

DROP PROCEDURE IF EXISTS qtask_create_others$$
CREATE PROCEDURE qtask_create_others (
  IN in_tasks JSON,
  IN in_batch_id BIGINT,
  IN in_now DATETIME(3),
  IN in_last_id BIGINT
)
COMMENT 'qtask-db 0.1.0 bde84c08d95af0e3'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: what create_tasks does where its plain INSERT was refused: tells what is wrong, registers new queues,
  creates what is no duplicate, and returns the rows. Duplicates are left out, not ignored: INSERT IGNORE would
  pass over other errors, too. Where one comes into being meanwhile, all is looked at again.
  */
  DECLARE v_duplicates JSON DEFAULT '[]';
  DECLARE v_new_queues INT;
  DECLARE v_race INT DEFAULT 0;
  DECLARE v_done TINYINT DEFAULT FALSE;

  CALL qtask_check_new_tasks(in_tasks, v_new_queues);
  IF v_new_queues > 0 THEN
    CALL qtask_find_queues(in_tasks);
  END IF;

  WHILE NOT v_done DO
    CALL qtask_find_duplicates(in_tasks, v_race > 0, v_duplicates);
    BEGIN
      DECLARE EXIT HANDLER FOR 1062
      BEGIN
        SET v_race = v_race + 1;
        IF v_race > 10 THEN
          RESIGNAL;
        END IF;
      END;
      INSERT INTO qtask_task (
        lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline,
      max_count, batch_id, created_at, deadline_at, due_at
      )
      SELECT
        queue_id, queue_id, IF(TRUE, 20, NULL), name, order_no,
      IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload),
      interval_seconds,
      COALESCE(delete_deadline, 0),
      COALESCE(max_count, 100),
      IF(delay IS NULL, in_batch_id, in_batch_id - 1),
      in_now,
      in_now + INTERVAL COALESCE(deadline, 604800) SECOND,
      in_now + INTERVAL LEAST(
        COALESCE(delay, 5), COALESCE(deadline, 604800)
      ) SECOND
      FROM (
      SELECT
        found.*, queue.queue_id, queue.paused_at,
        MIN(element) OVER (
          PARTITION BY
            order_no, IF(order_no IS NULL, element, 0), name, queue.queue_id
        ) AS leader
      FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        queue VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.queue',
        namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.namespace',
        order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.order_no',
        deadline INT PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        max_count INT PATH '$.max_count'
      )) AS found
      STRAIGHT_JOIN qtask_queue AS queue
        ON queue.namespace = COALESCE(found.namespace, 'default')
        AND queue.queue = found.queue
    ) AS given
      WHERE leader = element AND element NOT IN (
        SELECT duplicate.element
        FROM JSON_TABLE(v_duplicates, '$[*]' COLUMNS (
        element INT PATH '$[0]', task_id BIGINT PATH '$[1]'
      )) AS duplicate
      )
      ORDER BY element;
      SET v_done = TRUE;
    END;
  END WHILE;

  -- What was created has its ids in the order of the input; an element that repeats an order number shares
  -- the id of the first one, its leader.
  WITH mine AS (
    SELECT task_id, ROW_NUMBER() OVER (ORDER BY task_id) AS place
    FROM qtask_task
    WHERE task_id > in_last_id AND batch_id IN (in_batch_id, in_batch_id - 1)
  ),
  numbered AS (
    SELECT
      given.element, given.leader, given.delay, given.paused_at,
      duplicate.task_id AS duplicate_id,
      COUNT(IF(given.leader = given.element AND duplicate.element IS NULL, 1, NULL))
        OVER (ORDER BY given.element) AS place
    FROM (
      SELECT
        found.*, queue.queue_id, queue.paused_at,
        MIN(element) OVER (
          PARTITION BY
            order_no, IF(order_no IS NULL, element, 0), name, queue.queue_id
        ) AS leader
      FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        queue VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.queue',
        namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.namespace',
        order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.order_no',
        deadline INT PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        max_count INT PATH '$.max_count'
      )) AS found
      STRAIGHT_JOIN qtask_queue AS queue
        ON queue.namespace = COALESCE(found.namespace, 'default')
        AND queue.queue = found.queue
    ) AS given
    LEFT JOIN JSON_TABLE(v_duplicates, '$[*]' COLUMNS (
        element INT PATH '$[0]', task_id BIGINT PATH '$[1]'
      )) AS duplicate ON duplicate.element = given.leader
  )
  SELECT
    COALESCE(given.duplicate_id, mine.task_id) AS task_id,
    mine.task_id IS NOT NULL AND given.leader = given.element AS created,
    mine.task_id IS NOT NULL AND given.leader = given.element
      AND given.delay IS NULL AND given.paused_at IS NULL AS pushable
  FROM numbered AS given
  JOIN numbered AS leader ON leader.element = given.leader
  LEFT JOIN mine ON mine.place = leader.place AND leader.duplicate_id IS NULL
  ORDER BY given.element;
END$$

DROP PROCEDURE IF EXISTS qtask_find_duplicate$$
CREATE PROCEDURE qtask_find_duplicate (
  IN in_order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_queue_id INT,
  OUT out_task_id BIGINT
)
COMMENT 'qtask-db 0.1.0 1ff9c1b7ed3381eb'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the active task with an order number, which stays active until the caller's transaction ends.

  Reads and locks the entry of the unique key only. Who ends a task locks the row first and the entry then;
  to lock the row from here would be the other way round, and a deadlock.
  */
  SELECT task_id INTO out_task_id
  FROM qtask_task FORCE INDEX (active_order)
  WHERE order_key = in_order_no AND name = in_name AND queue_id = in_queue_id AND active = 1
  LOCK IN SHARE MODE;
END$$

DROP PROCEDURE IF EXISTS qtask_find_duplicates$$
CREATE PROCEDURE qtask_find_duplicates (
  IN in_tasks JSON,
  IN in_thorough TINYINT,
  OUT out_duplicates JSON
)
COMMENT 'qtask-db 0.1.0 10b311a4e3bcc136'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: the elements of create_tasks whose order number belongs to an active task, and that task:
  [[element, task_id], ...]. One at a time, so that only entries of the unique key are locked.

  A plain read chooses the elements to look at, as in add_task; after a race in_thorough looks at all, because
  the caller's snapshot may be too old to show the winner.
  */
  DECLARE v_element INT;
  DECLARE v_order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_queue_id INT;
  DECLARE v_task_id BIGINT;
  DECLARE v_done TINYINT DEFAULT FALSE;
  DECLARE c_leaders CURSOR FOR
    SELECT given.element, given.order_no, given.name, given.queue_id
    FROM (
      SELECT
        found.*, queue.queue_id, queue.paused_at,
        MIN(element) OVER (
          PARTITION BY
            order_no, IF(order_no IS NULL, element, 0), name, queue.queue_id
        ) AS leader
      FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        queue VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.queue',
        namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.namespace',
        order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.order_no',
        deadline INT PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        max_count INT PATH '$.max_count'
      )) AS found
      STRAIGHT_JOIN qtask_queue AS queue
        ON queue.namespace = COALESCE(found.namespace, 'default')
        AND queue.queue = found.queue
    ) AS given
    WHERE given.order_no IS NOT NULL AND given.leader = given.element AND (
      in_thorough OR EXISTS (
        SELECT 1
        FROM qtask_task AS task
        WHERE task.order_key = given.order_no
          AND task.name = given.name
          AND task.queue_id = given.queue_id
          AND task.active = 1
      )
    )
    ORDER BY given.order_no, given.name, given.queue_id;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;

  SET out_duplicates = '[]';
  OPEN c_leaders;
  each_leader: LOOP
    FETCH c_leaders INTO v_element, v_order_no, v_name, v_queue_id;
    IF v_done THEN
      LEAVE each_leader;
    END IF;
    CALL qtask_find_duplicate(v_order_no, v_name, v_queue_id, v_task_id);
    IF v_task_id IS NOT NULL THEN
      SET out_duplicates = JSON_MERGE_PRESERVE(
        out_duplicates, JSON_ARRAY(JSON_ARRAY(v_element, v_task_id))
      );
    END IF;
    SET v_done = FALSE;
  END LOOP;
  CLOSE c_leaders;
END$$

DROP PROCEDURE IF EXISTS qtask_check_task$$
CREATE PROCEDURE qtask_check_task (
  IN in_name LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_payload LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_interval BIGINT,
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 f3de7a4e98db658a'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: raises what create_task and delay_task do not allow.
  */
  IF in_name IS NULL OR CHAR_LENGTH(in_name) NOT BETWEEN 1 AND 128
    OR ' ' IN (LEFT(in_name, 1), RIGHT(in_name, 1)) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_name must have 1 to 128 characters, no blank at either end';
  END IF;
  IF in_queue IS NULL OR CHAR_LENGTH(in_queue) NOT BETWEEN 1 AND 128
    OR ' ' IN (LEFT(in_queue, 1), RIGHT(in_queue, 1)) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_queue must have 1 to 128 characters, no blank at either end';
  END IF;
  IF (LOCATE(X'ED', CAST(in_name AS BINARY)) > 0 AND CONVERT(CONVERT(in_name USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_name) OR (LOCATE(X'ED', CAST(in_queue AS BINARY)) > 0 AND CONVERT(CONVERT(in_queue USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_queue) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_name and in_queue must have characters of Unicode only';
  END IF;
  IF in_interval IS NULL OR in_interval NOT BETWEEN 1 AND 1576800000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_interval must be 1 to 1576800000 (seconds)';
  END IF;
  IF LENGTH(in_payload) > 65536 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20104, MESSAGE_TEXT = 'in_payload must have at most 65536 bytes';
  END IF;
  BEGIN
    -- MySQL reads the text once, here; MariaDB has no JSON type and reads it in each function.
    DECLARE v_payload JSON;
    DECLARE EXIT HANDLER FOR 3140, 3141, 3157
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20103, MESSAGE_TEXT = 'in_payload must be a JSON object, not nested too deeply';
    SET v_payload = in_payload;
    IF v_payload IS NULL OR NOT JSON_VALID(v_payload) OR JSON_TYPE(v_payload) <> 'OBJECT'
      OR LOCATE(_utf8mb4 X'00', in_payload) > 0 OR (LOCATE(X'ED', CAST(in_payload AS BINARY)) > 0 AND CONVERT(CONVERT(in_payload USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_payload) THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20103, MESSAGE_TEXT = 'in_payload must be a JSON object';
    END IF;
    IF JSON_CONTAINS_PATH(v_payload, 'one', '$.task_id', '$.task_attempt')
      OR (LOCATE('\\u', in_payload) > 0 AND EXISTS (
        SELECT 1
        FROM JSON_TABLE(JSON_KEYS(v_payload), '$[*]' COLUMNS (name LONGTEXT PATH '$')) AS given_key
        WHERE name IN ('task_id', 'task_attempt')
      )) THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20105, MESSAGE_TEXT = 'in_payload must not have the keys task_id and task_attempt';
    END IF;
  END;
END$$

DROP PROCEDURE IF EXISTS qtask_check_new_tasks$$
CREATE PROCEDURE qtask_check_new_tasks (
  IN in_tasks JSON,
  OUT out_new_queues INT
)
COMMENT 'qtask-db 0.1.0 adfd16911ca4a348'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses what create_tasks does not allow, by the rules of add_task and read_options; counts the
  elements whose queue is not registered yet. A problem is an element's number, an error's and its text.
  */
  DECLARE v_problem VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_number INT;
  DECLARE v_message VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE EXIT HANDLER FOR 3140, 3141, 3157
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20103, MESSAGE_TEXT = 'in_tasks has a payload that is no JSON object, or is nested too deeply';

  SELECT MIN(CONCAT(LPAD(element, 5, '0'), problem)), COALESCE(SUM(queue_id IS NULL), 0)
  INTO v_problem, out_new_queues
  FROM (
    SELECT
      given.element,
      queue.queue_id,
      CASE
        WHEN given.task IS NULL OR JSON_TYPE(given.task) <> 'OBJECT' THEN
          '20101 it must be an object'
        WHEN JSON_LENGTH(given.task) <> has_name + has_payload + has_delay + has_interval + has_queue
          + has_namespace + has_order_no + has_deadline + has_delete_deadline + has_max_count THEN
          CONCAT('20102 ', LEFT(JSON_EXTRACT(JSON_KEYS(JSON_REMOVE(
            given.task, '$.name', '$.payload', '$.delay', '$.interval', '$.queue',
            '$.namespace', '$.order_no', '$.deadline', '$.delete_deadline', '$.max_count'
          )), '$[0]'), 40), ' is no key of a task')
        WHEN given.name IS NULL OR CHAR_LENGTH(given.name) NOT BETWEEN 1 AND 128
          OR ' ' IN (LEFT(given.name, 1), RIGHT(given.name, 1)) THEN
          '20101 name must have 1 to 128 characters, no blank at either end'
        WHEN given.queue IS NULL OR CHAR_LENGTH(given.queue) NOT BETWEEN 1 AND 128
          OR ' ' IN (LEFT(given.queue, 1), RIGHT(given.queue, 1)) THEN
          '20101 queue must have 1 to 128 characters, no blank at either end'
        WHEN given.interval_seconds IS NULL OR given.interval_seconds NOT REGEXP '^[0-9]{1,10}$' OR given.interval_seconds NOT BETWEEN 1 AND 1576800000 THEN
          '20101 interval must be 1 to 1576800000 (seconds)'
        WHEN given.delay NOT REGEXP '^[0-9]{1,10}$' OR given.delay NOT BETWEEN 0 AND 1576800000 THEN
          '20101 delay must be 0 to 1576800000 (seconds)'
        WHEN JSON_TYPE(given.namespace) <> 'NULL' AND (
          JSON_TYPE(given.namespace) <> 'STRING'
          OR CHAR_LENGTH(JSON_UNQUOTE(given.namespace)) NOT BETWEEN 1 AND 64
          OR ' ' IN (LEFT(JSON_UNQUOTE(given.namespace), 1), RIGHT(JSON_UNQUOTE(given.namespace), 1))
        ) THEN
          '20101 namespace must have 1 to 64 characters, no blank at either end'
        WHEN JSON_TYPE(given.order_no) <> 'NULL' AND (
          JSON_TYPE(given.order_no) <> 'STRING'
          OR CHAR_LENGTH(JSON_UNQUOTE(given.order_no)) NOT BETWEEN 1 AND 128
          OR ' ' IN (LEFT(JSON_UNQUOTE(given.order_no), 1), RIGHT(JSON_UNQUOTE(given.order_no), 1))
        ) THEN
          '20101 order_no must be a string of 1 to 128 characters, no blank at either end'
        WHEN given.deadline NOT REGEXP '^[0-9]{1,10}$' OR given.deadline NOT BETWEEN 1 AND 1576800000 THEN
          '20101 deadline must be 1 to 1576800000 (seconds)'
        WHEN given.delete_deadline NOT REGEXP '^[0-9]{1,10}$' OR given.delete_deadline NOT BETWEEN 0 AND 1576800000 THEN
          '20101 delete_deadline must be 0 to 1576800000 (seconds)'
        WHEN given.max_count NOT REGEXP '^[0-9]{1,10}$' OR given.max_count NOT BETWEEN 1 AND 1000000 THEN
          '20101 max_count must be 1 to 1000000'
        WHEN LENGTH(given.payload_text) > 65536 THEN
          '20104 payload must have at most 65536 bytes'
        WHEN given.payload_text IS NULL OR NOT JSON_VALID(given.payload_text)
          OR JSON_TYPE(given.payload_text) <> 'OBJECT'
          OR LOCATE(_utf8mb4 X'00', given.payload_text) > 0 THEN
          '20103 payload must be a JSON object'
        WHEN JSON_CONTAINS_PATH(given.payload_text, 'one', '$.task_id', '$.task_attempt')
          OR (LOCATE('\\u', given.payload_text) > 0 AND EXISTS (
        SELECT 1
        FROM JSON_TABLE(JSON_KEYS(given.payload_text), '$[*]' COLUMNS (name LONGTEXT PATH '$')) AS given_key
        WHERE name IN ('task_id', 'task_attempt')
      )) THEN
          '20105 payload must not have the keys task_id and task_attempt'
      END AS problem
    FROM (
      SELECT
        found.*,
        IF(JSON_TYPE(payload) = 'STRING', JSON_UNQUOTE(payload), payload) AS payload_text
      FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        task JSON PATH '$',
        name LONGTEXT PATH '$.name',
        payload JSON PATH '$.payload',
        delay LONGTEXT PATH '$.delay' DEFAULT '-1' ON ERROR,
        interval_seconds LONGTEXT PATH '$.interval' DEFAULT '-1' ON ERROR,
        queue LONGTEXT PATH '$.queue',
        namespace JSON PATH '$.namespace',
        order_no JSON PATH '$.order_no',
        deadline LONGTEXT PATH '$.deadline' DEFAULT '-1' ON ERROR,
        delete_deadline LONGTEXT PATH '$.delete_deadline' DEFAULT '-1' ON ERROR,
        max_count LONGTEXT PATH '$.max_count' DEFAULT '-1' ON ERROR,
        has_name INT EXISTS PATH '$.name',
        has_payload INT EXISTS PATH '$.payload',
        has_delay INT EXISTS PATH '$.delay',
        has_interval INT EXISTS PATH '$.interval',
        has_queue INT EXISTS PATH '$.queue',
        has_namespace INT EXISTS PATH '$.namespace',
        has_order_no INT EXISTS PATH '$.order_no',
        has_deadline INT EXISTS PATH '$.deadline',
        has_delete_deadline INT EXISTS PATH '$.delete_deadline',
        has_max_count INT EXISTS PATH '$.max_count'
      )) AS found
    ) AS given
    LEFT JOIN qtask_queue AS queue
      ON queue.namespace = COALESCE(JSON_UNQUOTE(given.namespace), 'default')
      AND queue.queue = given.queue
  ) AS checked;

  IF v_problem IS NOT NULL THEN
    SET v_number = SUBSTRING(v_problem, 6, 5);
    SET v_message = CONCAT('in_tasks, element ', LEFT(v_problem, 5) + 0, ': ', SUBSTRING(v_problem, 12));
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = v_number, MESSAGE_TEXT = v_message;
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_read_options$$
CREATE PROCEDURE qtask_read_options (
  IN in_options LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  INOUT out_namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  INOUT out_order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  INOUT out_deadline BIGINT,
  INOUT out_delete_deadline BIGINT,
  INOUT out_max_count BIGINT
)
COMMENT 'qtask-db 0.1.0 8b48968404b100a2'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: reads the options of a task. One that is absent or null leaves its parameter as it is.
  */
  DECLARE v_rest LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_message VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE EXIT HANDLER FOR 3140, 3141, 3157
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_options is nested too deeply';

  IF NOT JSON_VALID(in_options) OR JSON_TYPE(in_options) <> 'OBJECT' THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_options must be NULL or a JSON object';
  END IF;
  IF (LOCATE(X'ED', CAST(in_options AS BINARY)) > 0 AND CONVERT(CONVERT(in_options USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_options) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_options must have characters of Unicode only';
  END IF;
  SET v_rest = JSON_REMOVE(
    in_options, '$.namespace', '$.order_no', '$.deadline', '$.delete_deadline', '$.max_count'
  );
  IF JSON_LENGTH(v_rest) > 0 THEN
    SET v_message = CONCAT(
      LEFT(JSON_EXTRACT(JSON_KEYS(v_rest), '$[0]'), 40),
      ' is no option: namespace, order_no, deadline, delete_deadline, max_count are'
    );
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20102, MESSAGE_TEXT = v_message;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.namespace');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING'
      OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND 64
      OR ' ' IN (LEFT(JSON_UNQUOTE(v_value), 1), RIGHT(JSON_UNQUOTE(v_value), 1)) THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'namespace must have 1 to 64 characters, no blank at either end';
    END IF;
    SET out_namespace = JSON_UNQUOTE(v_value);
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.order_no');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING'
      OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND 128
      OR ' ' IN (LEFT(JSON_UNQUOTE(v_value), 1), RIGHT(JSON_UNQUOTE(v_value), 1)) THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'order_no must be a string of 1 to 128 characters, no blank at either end';
    END IF;
    SET out_order_no = JSON_UNQUOTE(v_value);
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.deadline');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) NOT LIKE '%INTEGER' OR v_value NOT BETWEEN 1 AND 1576800000 THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'deadline must be 1 to 1576800000 (seconds)';
    END IF;
    SET out_deadline = v_value;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.delete_deadline');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) NOT LIKE '%INTEGER' OR v_value NOT BETWEEN 0 AND 1576800000 THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'delete_deadline must be 0 to 1576800000 (seconds)';
    END IF;
    SET out_delete_deadline = v_value;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.max_count');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) NOT LIKE '%INTEGER' OR v_value NOT BETWEEN 1 AND 1000000 THEN
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'max_count must be 1 to 1000000';
    END IF;
    SET out_max_count = v_value;
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_find_queues$$
CREATE PROCEDURE qtask_find_queues (
  IN in_tasks JSON
)
COMMENT 'qtask-db 0.1.0 0fe0ed8eed149ce4'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: registers the queues of create_tasks that are new. The plain read may miss one that was registered
  after the caller's snapshot; the INSERT then changes it, and so makes it visible.
  */
  INSERT INTO qtask_queue (namespace, queue)
  SELECT DISTINCT COALESCE(given.namespace, 'default'), given.queue
  FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.name',
        payload JSON PATH '$.payload',
        delay INT PATH '$.delay',
        interval_seconds INT PATH '$.interval',
        queue VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.queue',
        namespace VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.namespace',
        order_no VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.order_no',
        deadline INT PATH '$.deadline',
        delete_deadline INT PATH '$.delete_deadline',
        max_count INT PATH '$.max_count'
      )) AS given
  ON DUPLICATE KEY UPDATE touched = qtask_queue.touched + 1;
END$$

DROP PROCEDURE IF EXISTS qtask_check_tasks$$
CREATE PROCEDURE qtask_check_tasks (
  IN in_tasks LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 4b13e7500e4069cc'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses what start_tasks and finish_tasks cannot read.
  */
  DECLARE EXIT HANDLER FOR 3140, 3141, 3157
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks is nested too deeply';

  IF in_tasks IS NULL OR NOT JSON_VALID(in_tasks) OR JSON_TYPE(in_tasks) <> 'ARRAY' THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks must be a JSON array of objects with task_id and attempt';
  END IF;
  IF JSON_LENGTH(in_tasks) > 10000 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks must have at most 10000 elements';
  END IF;
  IF EXISTS (
    SELECT 1
    FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
      task_id JSON PATH '$.task_id',
      attempt JSON PATH '$.attempt',
      has_attempt INT EXISTS PATH '$.attempt'
    )) AS given
    WHERE NOT COALESCE(JSON_TYPE(given.task_id) LIKE '%INTEGER' AND CHAR_LENGTH(given.task_id) <= 18, FALSE)
      OR (given.has_attempt AND NOT COALESCE(JSON_TYPE(given.attempt) LIKE '%INTEGER' AND CHAR_LENGTH(given.attempt) <= 18, FALSE))
  ) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_tasks: task_id of each element, and attempt where given, must be integers';
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_check_queue$$
CREATE PROCEDURE qtask_check_queue (
  IN in_queue LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
)
COMMENT 'qtask-db 0.1.0 92df438715c9290d'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses names that no queue can have.
  */
  IF in_queue IS NULL OR CHAR_LENGTH(in_queue) NOT BETWEEN 1 AND 128
    OR ' ' IN (LEFT(in_queue, 1), RIGHT(in_queue, 1)) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_queue must have 1 to 128 characters, no blank at either end';
  END IF;
  IF CHAR_LENGTH(in_namespace) NOT BETWEEN 1 AND 64
    OR ' ' IN (LEFT(in_namespace, 1), RIGHT(in_namespace, 1)) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_namespace must have 1 to 64 characters, no blank at either end';
  END IF;
  IF (LOCATE(X'ED', CAST(in_queue AS BINARY)) > 0 AND CONVERT(CONVERT(in_queue USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_queue) OR (LOCATE(X'ED', CAST(in_namespace AS BINARY)) > 0 AND CONVERT(CONVERT(in_namespace USING utf16) USING utf8mb4) COLLATE utf8mb4_bin <> in_namespace) THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20101, MESSAGE_TEXT = 'in_queue and in_namespace must have characters of Unicode only';
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_refuse_start$$
CREATE PROCEDURE qtask_refuse_start (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_now DATETIME(3)
)
COMMENT 'qtask-db 0.1.0 5461b76bd19d337a'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: raises the reason why a task was not started.
  */
  DECLARE v_lane INT;
  DECLARE v_attempts INT;
  DECLARE v_exhausted TINYINT;
  DECLARE v_deadline_at DATETIME(3);

  SELECT lane, attempts, attempts - attempts_before >= max_count, deadline_at
  INTO v_lane, v_attempts, v_exhausted, v_deadline_at
  FROM qtask_task
  WHERE task_id = in_task_id
  LOCK IN SHARE MODE;

  IF v_lane IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20106, MESSAGE_TEXT = 'there is no task with this in_task_id';
  ELSEIF v_lane = 0 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20107, MESSAGE_TEXT = 'the task is finished, cancelled or failed';
  ELSEIF in_attempt <> v_attempts + 1 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20109, MESSAGE_TEXT = 'in_attempt is not the next attempt of the task: another consumer has it';
  ELSEIF in_now >= v_deadline_at THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20111, MESSAGE_TEXT = 'the deadline of the task has passed';
  ELSEIF v_exhausted THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20110, MESSAGE_TEXT = 'the task has been started max_count times';
  END IF;
  SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20109, MESSAGE_TEXT = 'the task changed while it was being started: try again';
END$$

DROP PROCEDURE IF EXISTS qtask_refuse_task$$
CREATE PROCEDURE qtask_refuse_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT
)
COMMENT 'qtask-db 0.1.0 dee489aaad537781'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: raises the reason why a running attempt cannot be finished, failed or extended, if there is one.
  */
  DECLARE v_lane INT;
  DECLARE v_status TINYINT;
  DECLARE v_attempts INT;

  SELECT lane, status, attempts
  INTO v_lane, v_status, v_attempts
  FROM qtask_task
  WHERE task_id = in_task_id
  LOCK IN SHARE MODE;

  IF v_lane IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20106, MESSAGE_TEXT = 'there is no task with this in_task_id';
  ELSEIF v_lane = 0 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20107, MESSAGE_TEXT = 'the task is finished, cancelled or failed';
  ELSEIF in_attempt <> v_attempts THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20109, MESSAGE_TEXT = 'in_attempt is not the present attempt of the task';
  ELSEIF v_status <> 30 THEN
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20108, MESSAGE_TEXT = 'the task is waiting: start it first';
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_find_alone$$
CREATE PROCEDURE qtask_find_alone (
  OUT out_alone TINYINT
)
COMMENT 'qtask-db 0.1.0 0960351d45368b19'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: whether the caller has autocommit on and no transaction open, so that a call of two
  statements opens a transaction of its own. If so, the next transaction is in READ COMMITTED; else the server refuses SET TRANSACTION
  with error 1568.
  */
  SET out_alone = @@autocommit;
  IF out_alone THEN
    BEGIN
      DECLARE EXIT HANDLER FOR 1568 SET out_alone = FALSE;
      SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    END;
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_begin_work$$
CREATE PROCEDURE qtask_begin_work ()
COMMENT 'qtask-db 0.1.0 f6254c2a8e708124'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: opens the transaction of a procedure that commits by itself, in READ COMMITTED, so that its
  locking reads take no gaps. Where the caller's own transaction is open the server refuses
  SET TRANSACTION with error 1568.
  */
  DECLARE EXIT HANDLER FOR 1568
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 20115, MESSAGE_TEXT = 'this procedure commits by itself: end your transaction first';

  -- MariaDB cuts JSON_ARRAYAGG there; the default of one MiB holds the ids of any batch.
  IF @@SESSION.group_concat_max_len < 1048576 THEN
    SET SESSION group_concat_max_len = 1048576;
  END IF;
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  START TRANSACTION;
END$$

DROP PROCEDURE IF EXISTS qtask_lock_due$$
CREATE PROCEDURE qtask_lock_due (
  IN in_lane INT,
  IN in_until DATETIME(3),
  IN in_limit INT,
  IN in_now DATETIME(3),
  INOUT out_ids LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  OUT out_found INT,
  INOUT out_expired INT
)
COMMENT 'qtask-db 0.1.0 2c5dee74e5d0b99a'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: locks the first tasks of a lane that nobody else has locked and appends their ids to out_ids;
  adds to out_expired how many of them have no attempt left or are past their deadline.
  */
  DECLARE v_ids LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_expired INT;

  SELECT JSON_ARRAYAGG(task_id), COUNT(*), SUM(expired)
  INTO v_ids, out_found, v_expired
  FROM (
    SELECT
      task_id,
      (deadline_at <= in_now OR attempts - attempts_before >= max_count) AS expired
    FROM qtask_task FORCE INDEX (due)
    WHERE lane = in_lane AND due_at <= in_until
    ORDER BY due_at
    LIMIT in_limit
    FOR UPDATE SKIP LOCKED
  ) AS due;

  IF out_found > 0 THEN
    SET out_ids = JSON_MERGE_PRESERVE(out_ids, v_ids);
    SET out_expired = out_expired + v_expired;
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_give_back$$
CREATE PROCEDURE qtask_give_back (
  IN in_batch_id BIGINT
)
COMMENT 'qtask-db 0.1.0 c6b3148196da1320'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: makes those tasks of a batch due again that nobody has touched since, and forgets the batch.
  They keep their place in the queue: due since the batch was claimed.
  */
  DECLARE v_task_ids LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_untouched LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  DECLARE v_claimed_at DATETIME(3);

  SELECT task_ids, claimed_at
  INTO v_task_ids, v_claimed_at
  FROM qtask_batch
  WHERE batch_id = in_batch_id;

  -- A task that somebody has locked is in a consumer's hands: its message has arrived.
  SELECT JSON_ARRAYAGG(task_id)
  INTO v_untouched
  FROM (
    SELECT task.task_id
    FROM (
      SELECT DISTINCT task_id
      FROM JSON_TABLE(v_task_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS journal
    ) AS given
    STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
    WHERE task.batch_id = in_batch_id AND task.lane > 0
    FOR UPDATE SKIP LOCKED
  ) AS untouched;

  UPDATE JSON_TABLE(v_untouched, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN qtask_task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
  SET
    task.due_at = v_claimed_at,
    task.batch_id = 0;

  DELETE FROM qtask_batch
  WHERE batch_id = in_batch_id;
END$$

DROP PROCEDURE IF EXISTS qtask_give_back_lapsed$$
CREATE PROCEDURE qtask_give_back_lapsed (
  IN in_now DATETIME(3)
)
COMMENT 'qtask-db 0.1.0 98bee22242b1099f'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: gives back one batch whose lease has run out unconfirmed; the next scan finds the next one.
  */
  DECLARE v_batch_id BIGINT;

  SELECT batch_id
  INTO v_batch_id
  FROM qtask_batch FORCE INDEX (lapse)
  WHERE lapses_at <= in_now
  ORDER BY lapses_at
  LIMIT 1
  FOR UPDATE SKIP LOCKED;

  IF v_batch_id IS NOT NULL THEN
    CALL qtask_give_back(v_batch_id);
  END IF;
END$$

DROP PROCEDURE IF EXISTS qtask_find_next_due$$
CREATE PROCEDURE qtask_find_next_due (
  IN in_after DATETIME(3),
  IN in_namespace LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN in_held LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  OUT out_wait_ms BIGINT
)
COMMENT 'qtask-db 0.1.0 eee793787c196f06'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: milliseconds until a scan has something to do that it could not do before in_after;
  in_after NULL counts what is due already. NULL where there is nothing at all.
  */
  DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
  DECLARE v_after DATETIME(3) DEFAULT COALESCE(in_after, TIMESTAMP'1970-01-01 00:00:00');
  DECLARE v_due_at DATETIME(3);

  SELECT MIN(LEAST(
    COALESCE(active_at, TIMESTAMP'9999-12-31 00:00:00'),
    COALESCE(IF(closed OR parked_at IS NULL, parked_at, v_now), TIMESTAMP'9999-12-31 00:00:00')
  ))
  INTO v_due_at
  FROM (
    SELECT
      paused_at IS NOT NULL OR EXISTS (
        SELECT 1 FROM JSON_TABLE(in_held, '$[*]' COLUMNS (name LONGTEXT PATH '$')) AS held WHERE held.name = queue
      ) AS closed,
      (
        SELECT due_at
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = queue.queue_id AND due_at > v_after
        ORDER BY lane, due_at
        LIMIT 1
      ) AS active_at,
      (
        SELECT due_at
        FROM qtask_task FORCE INDEX (due)
        WHERE lane = -queue.queue_id AND due_at > v_after
        ORDER BY lane, due_at
        LIMIT 1
      ) AS parked_at
    FROM qtask_queue AS queue
    WHERE in_namespace IS NULL OR namespace = in_namespace
  ) AS lane;

  SELECT LEAST(COALESCE(v_due_at, TIMESTAMP'9999-12-31 00:00:00'), COALESCE(MIN(lapses_at), TIMESTAMP'9999-12-31 00:00:00'))
  INTO v_due_at
  FROM qtask_batch;

  SET out_wait_ms = IF(
    v_due_at < TIMESTAMP'9999-12-31 00:00:00',
    GREATEST(0, CEILING(TIMESTAMPDIFF(MICROSECOND, v_now, v_due_at) / 1000)),
    NULL
  );
END$$

DELIMITER ;

REPLACE INTO qtask_setting (name, value) VALUES ('payload_limit', '65536');
REPLACE INTO qtask_setting (name, value) VALUES ('push_grace', '5');
REPLACE INTO qtask_setting (name, value) VALUES ('maintenance_minutes', '0');
REPLACE INTO qtask_setting (name, value) VALUES ('digest of qtask_task_list', 'cf022fe6bef6b2d7');
REPLACE INTO qtask_setting (name, value) VALUES ('digest of qtask_queue_statistics', 'ec6996b45c5efcd6');
REPLACE INTO qtask_setting (name, value) VALUES ('digest of qtask_queue_audit', '2b444159bbdbdd8c');
REPLACE INTO qtask_setting (name, value) VALUES ('digest of qtask_due_backlog', 'a6c1a9628adde3ed');
REPLACE INTO qtask_setting (name, value) VALUES ('digest of qtask_failed_tasks', '6241d2b50ca2bf84');
REPLACE INTO qtask_setting (name, value) VALUES ('digest of qtask_unconfirmed_batches', '2f868de7c4a81b60');
REPLACE INTO qtask_setting (name, value) VALUES ('version', '0.1.0');
