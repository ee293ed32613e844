-- qtask-db 0.1.0: the whole schema, for SQL*Plus or SQLcl:
--   sqlplus user@service @this-file
-- It can be run again: tables, indexes and sequences that are there already are left as they are, and ORA-00955
-- says so. Grants on the package and the views are kept.
SET DEFINE OFF
SET SQLBLANKLINES ON
WHENEVER SQLERROR CONTINUE
-- Stored with the package: texts are measured in characters.
ALTER SESSION SET NLS_LENGTH_SEMANTICS = CHAR
/

CREATE SEQUENCE qtask_queue_seq NOCACHE
/

CREATE SEQUENCE qtask_task_seq CACHE 1000 NOORDER
/

CREATE SEQUENCE qtask_batch_seq CACHE 1000 NOORDER
/

CREATE TABLE qtask_queue (
  queue_id NUMBER(9) NOT NULL,
  namespace VARCHAR2(64 CHAR) NOT NULL,
  queue VARCHAR2(128 CHAR) NOT NULL,
  paused_at TIMESTAMP(3),
  CONSTRAINT qtask_queue_pk PRIMARY KEY (queue_id)
    USING INDEX (CREATE UNIQUE INDEX qtask_queue_pk ON qtask_queue (queue_id)),
  CONSTRAINT qtask_queue_name UNIQUE (namespace, queue)
    USING INDEX (CREATE UNIQUE INDEX qtask_queue_name ON qtask_queue (namespace, queue))
)
/

CREATE TABLE qtask_task (
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
  CONSTRAINT qtask_task_pk PRIMARY KEY (task_id)
    USING INDEX (CREATE UNIQUE INDEX qtask_task_pk ON qtask_task (task_id))
)
LOB (payload) STORE AS (CACHE)
/

CREATE UNIQUE INDEX qtask_active_order
ON qtask_task (order_key, order_name, order_queue_id, active)
/

CREATE INDEX qtask_due
ON qtask_task (lane, due_at, task_id, status, queue_id)
/

CREATE TABLE qtask_batch (
  batch_id NUMBER(18) NOT NULL,
  relay VARCHAR2(64 CHAR) NOT NULL,
  claimed_at TIMESTAMP(3) NOT NULL,
  lapses_at TIMESTAMP(3) NOT NULL,
  task_ids CLOB NOT NULL,
  CONSTRAINT qtask_batch_pk PRIMARY KEY (batch_id)
    USING INDEX (CREATE UNIQUE INDEX qtask_batch_pk ON qtask_batch (batch_id))
)
LOB (task_ids) STORE AS (CACHE)
/

CREATE INDEX qtask_lapse ON qtask_batch (lapses_at)
/

CREATE TABLE qtask_setting (
  name VARCHAR2(64 CHAR) NOT NULL,
  value VARCHAR2(255 CHAR) NOT NULL,
  CONSTRAINT qtask_setting_pk PRIMARY KEY (name)
    USING INDEX (CREATE UNIQUE INDEX qtask_setting_pk ON qtask_setting (name))
)
/

COMMENT ON TABLE qtask_queue IS 'Queues, registered when their first task is created'
/

COMMENT ON COLUMN qtask_queue.queue_id IS 'lane of the queue''s tasks'
/

COMMENT ON COLUMN qtask_queue.namespace IS 'one of several systems in this schema'
/

COMMENT ON COLUMN qtask_queue.queue IS 'name of the Redis list'
/

COMMENT ON COLUMN qtask_queue.paused_at IS 'UTC; NULL: not paused'
/

COMMENT ON TABLE qtask_task IS 'Tasks, active and terminal'
/

COMMENT ON COLUMN qtask_task.task_id IS 'from the sequence'
/

COMMENT ON COLUMN qtask_task.lane IS 'queue_id: active; -queue_id: parked, its queue takes no tasks; 0: terminal'
/

COMMENT ON COLUMN qtask_task.queue_id IS 'the queue that its messages go to'
/

COMMENT ON COLUMN qtask_task.status IS '20 waiting, 30 processing, 0 finished, 80 cancelled, 90 failed'
/

COMMENT ON COLUMN qtask_task.attempts IS 'times taken into processing; never goes back'
/

COMMENT ON COLUMN qtask_task.attempts_before IS 'those made before the task was last retried'
/

COMMENT ON COLUMN qtask_task.max_count IS 'most attempts since then'
/

COMMENT ON COLUMN qtask_task.interval_seconds IS 'until an unfinished task is queued again'
/

COMMENT ON COLUMN qtask_task.delete_deadline IS 'seconds that a terminal task is kept'
/

COMMENT ON COLUMN qtask_task.batch_id IS 'the call that handled it last: > 0 the batch of a scan, < 0 a bulk start, 0 another'
/

COMMENT ON COLUMN qtask_task.created_at IS 'UTC, as all times'
/

COMMENT ON COLUMN qtask_task.deadline_at IS 'no attempt starts later'
/

COMMENT ON COLUMN qtask_task.due_at IS 'when it next needs attention. Active: queue it or fail it; terminal: purge it'
/

COMMENT ON COLUMN qtask_task.started_at IS 'of the last attempt, where there is one'
/

COMMENT ON COLUMN qtask_task.ended_at IS 'when it became terminal; before, when a scan handed it out or it failed'
/

COMMENT ON COLUMN qtask_task.name IS 'what the task is'
/

COMMENT ON COLUMN qtask_task.order_no IS 'external business number'
/

COMMENT ON COLUMN qtask_task.order_key IS 'order_no until the task is finished: only such tasks are in the index'
/

COMMENT ON COLUMN qtask_task.order_name IS 'name of the same tasks'
/

COMMENT ON COLUMN qtask_task.order_queue_id IS 'queue_id of the same tasks'
/

COMMENT ON COLUMN qtask_task.active IS '1 while active, else -task_id: lets the index be unique among active tasks'
/

COMMENT ON COLUMN qtask_task.payload IS 'a JSON object, as it was given'
/

COMMENT ON COLUMN qtask_task.last_error IS 'why the last attempt failed, as its consumer said'
/

COMMENT ON TABLE qtask_batch IS 'Journal of the batches that relays have claimed and not confirmed yet'
/

COMMENT ON COLUMN qtask_batch.batch_id IS 'from the sequence'
/

COMMENT ON COLUMN qtask_batch.relay IS 'name of the relay that claimed it'
/

COMMENT ON COLUMN qtask_batch.claimed_at IS 'UTC'
/

COMMENT ON COLUMN qtask_batch.lapses_at IS 'UTC; then any scan gives the batch back'
/

COMMENT ON COLUMN qtask_batch.task_ids IS 'a JSON array'
/

COMMENT ON TABLE qtask_setting IS 'What was chosen at installation; read by the installer only'
/

COMMENT ON COLUMN qtask_setting.name IS 'of the setting'
/

COMMENT ON COLUMN qtask_setting.value IS 'as a text'
/

-- Every task as people read it: names instead of numbers. Times are UTC.
CREATE OR REPLACE VIEW qtask_task_list AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.attempts, task.max_count, task.created_at,
  CASE WHEN task.attempts > 0 THEN task.started_at END AS started_at,
  CASE WHEN task.lane = 0 THEN task.ended_at END AS ended_at,
  task.due_at, task.deadline_at, task.last_error
FROM qtask_task task
JOIN qtask_queue queue ON queue.queue_id = task.queue_id
/

-- One row a queue: how many tasks are in which status, how many are due, and for how long the first of them.
CREATE OR REPLACE VIEW qtask_queue_statistics AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(tally.waiting, 0) AS waiting,
  COALESCE(tally.processing, 0) AS processing,
  COALESCE(tally.due, 0) AS due,
  COALESCE(tally.finished, 0) AS finished,
  COALESCE(tally.cancelled, 0) AS cancelled,
  COALESCE(tally.failed, 0) AS failed,
  COALESCE(GREATEST(0, (EXTRACT(DAY FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - tally.first_due_at)) * 86400 + EXTRACT(HOUR FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - tally.first_due_at)) * 3600
    + EXTRACT(MINUTE FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - tally.first_due_at)) * 60 + EXTRACT(SECOND FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - tally.first_due_at)))), 0) AS lag_seconds
FROM qtask_queue queue
LEFT JOIN (
  SELECT
    queue_id,
    COUNT(CASE status WHEN 20 THEN 1 END) AS waiting,
    COUNT(CASE status WHEN 30 THEN 1 END) AS processing,
    COUNT(CASE WHEN lane > 0 AND due_at <= SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 1 END) AS due,
    COUNT(CASE status WHEN 0 THEN 1 END) AS finished,
    COUNT(CASE status WHEN 80 THEN 1 END) AS cancelled,
    COUNT(CASE status WHEN 90 THEN 1 END) AS failed,
    MIN(CASE WHEN lane > 0 THEN due_at END) AS first_due_at
  FROM qtask_task
  GROUP BY queue_id
) tally ON tally.queue_id = queue.queue_id
/

-- One row a queue: for how many of its active tasks a message should be in Redis, and where the others are.
-- `waiting` and `requeued` (which an earlier attempt still counts as processing) were handed out by relays and nobody
-- has started them since, `unconfirmed` of them in a batch that may not have been pushed yet. `fresh` may have been
-- pushed by their creators. `due` wait for a relay, `parked` for the queue to open, `later` for their time; `running`
-- are with consumers.
CREATE OR REPLACE VIEW qtask_queue_audit AS
SELECT
  queue.namespace,
  queue.queue,
  queue.paused_at,
  COALESCE(tally.waiting, 0) AS waiting,
  COALESCE(tally.requeued, 0) AS requeued,
  COALESCE(tally.unconfirmed, 0) AS unconfirmed,
  COALESCE(tally.fresh, 0) AS fresh,
  COALESCE(tally.due, 0) AS due,
  COALESCE(tally.parked, 0) AS parked,
  COALESCE(tally.later, 0) AS later,
  COALESCE(tally.running, 0) AS running
FROM qtask_queue queue
LEFT JOIN (
  SELECT
    queue_id,
    COUNT(CASE WHEN place = 'handed out' AND status = 20 THEN 1 END) AS waiting,
    COUNT(CASE WHEN place = 'handed out' AND status = 30 THEN 1 END) AS requeued,
    COUNT(CASE WHEN place = 'handed out' AND unconfirmed = 1 THEN 1 END) AS unconfirmed,
    COUNT(CASE WHEN place = 'fresh' THEN 1 END) AS fresh,
    COUNT(CASE WHEN place = 'due' THEN 1 END) AS due,
    COUNT(CASE WHEN place = 'parked' THEN 1 END) AS parked,
    COUNT(CASE WHEN place = 'later' THEN 1 END) AS later,
    COUNT(CASE WHEN place = 'running' THEN 1 END) AS running
  FROM (
    SELECT
      task.queue_id,
      task.status,
      CASE WHEN batch.batch_id IS NOT NULL THEN 1 ELSE 0 END AS unconfirmed,
      CASE
        WHEN task.lane < 0 THEN 'parked'
        WHEN task.due_at <= SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 'due'
        WHEN task.batch_id > 0 THEN 'handed out'
        WHEN task.status = 30 THEN 'running'
        WHEN task.attempts = 0 AND task.due_at <= task.created_at + NUMTODSINTERVAL(5, 'SECOND') THEN 'fresh'
        ELSE 'later'
      END AS place
    FROM qtask_task task
    LEFT JOIN qtask_batch batch ON batch.batch_id = task.batch_id
    WHERE task.lane <> 0
  ) active
  GROUP BY queue_id
) tally ON tally.queue_id = queue.queue_id
/

-- The tasks whose time has come and that no relay has taken yet.
CREATE OR REPLACE VIEW qtask_due_backlog AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no, task.status,
  task.due_at,
  (EXTRACT(DAY FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - task.due_at)) * 86400 + EXTRACT(HOUR FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - task.due_at)) * 3600
    + EXTRACT(MINUTE FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - task.due_at)) * 60 + EXTRACT(SECOND FROM (SYS_EXTRACT_UTC(SYSTIMESTAMP) - task.due_at))) AS overdue_seconds
FROM qtask_queue queue
JOIN qtask_task task ON task.lane = queue.queue_id
WHERE task.due_at <= SYS_EXTRACT_UTC(SYSTIMESTAMP)
/

-- The tasks that have failed and are not purged yet, and why.
CREATE OR REPLACE VIEW qtask_failed_tasks AS
SELECT
  task.task_id, queue.namespace, queue.queue, task.name, task.order_no,
  task.attempts, task.created_at,
  CASE WHEN task.attempts > 0 THEN task.started_at END AS started_at,
  task.ended_at,
  task.due_at AS purged_at,
  CASE
    WHEN task.attempts - task.attempts_before >= task.max_count THEN 'attempts used up'
    ELSE 'deadline passed'
  END AS reason,
  task.last_error
FROM qtask_task task
JOIN qtask_queue queue ON queue.queue_id = task.queue_id
WHERE task.lane = 0 AND task.status = 90
/

-- The batches that a relay has claimed and not confirmed: more than a few, or one past its lease, needs a look.
CREATE OR REPLACE VIEW qtask_unconfirmed_batches AS
SELECT
  batch_id, relay, claimed_at, lapses_at,
  CASE WHEN lapses_at <= SYS_EXTRACT_UTC(SYSTIMESTAMP) THEN 1 ELSE 0 END AS lapsed,
  REGEXP_COUNT(task_ids, ',') + 1 AS tasks
FROM qtask_batch
/

CREATE OR REPLACE PACKAGE qtask AUTHID DEFINER AS
  -- qtask-db 0.1.0 ab3d142854342280

  -- What a task is doing.
  status_finished CONSTANT NUMBER := 0;
  status_waiting CONSTANT NUMBER := 20;
  status_processing CONSTANT NUMBER := 30;
  status_cancelled CONSTANT NUMBER := 80;
  status_failed CONSTANT NUMBER := 90;

  -- What the procedures raise.
  invalid_argument EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_argument, -20101);
  unknown_option EXCEPTION;
  PRAGMA EXCEPTION_INIT(unknown_option, -20102);
  invalid_payload EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_payload, -20103);
  payload_too_large EXCEPTION;
  PRAGMA EXCEPTION_INIT(payload_too_large, -20104);
  reserved_key EXCEPTION;
  PRAGMA EXCEPTION_INIT(reserved_key, -20105);
  task_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_found, -20106);
  task_not_active EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_active, -20107);
  task_not_processing EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_processing, -20108);
  stale_attempt EXCEPTION;
  PRAGMA EXCEPTION_INIT(stale_attempt, -20109);
  attempts_exhausted EXCEPTION;
  PRAGMA EXCEPTION_INIT(attempts_exhausted, -20110);
  deadline_passed EXCEPTION;
  PRAGMA EXCEPTION_INIT(deadline_passed, -20111);
  task_not_retryable EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_retryable, -20112);
  duplicate_order EXCEPTION;
  PRAGMA EXCEPTION_INIT(duplicate_order, -20113);
  batch_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(batch_not_found, -20114);
  transaction_open EXCEPTION;
  PRAGMA EXCEPTION_INIT(transaction_open, -20115);

  -- Rows of the bulk calls' results.
  TYPE created_task IS RECORD (element NUMBER, task_id NUMBER, created NUMBER, pushable NUMBER);
  TYPE created_tasks IS TABLE OF created_task INDEX BY PLS_INTEGER;
  TYPE started_task IS RECORD (task_id NUMBER, attempt NUMBER, interval_seconds NUMBER);
  TYPE started_tasks IS TABLE OF started_task INDEX BY PLS_INTEGER;
  TYPE refused_task IS RECORD (task_id NUMBER, attempt NUMBER, error_number NUMBER);
  TYPE refused_tasks IS TABLE OF refused_task INDEX BY PLS_INTEGER;

  PROCEDURE create_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    out_pushable OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  );
  /*
  Creates a real-time task. Its creator pushes the message itself once the transaction has
  committed; a relay does it where the creator has not within 5 s.

  Parameters
    in_name       what the task is, 1 to 128 characters
    in_payload    a JSON object of at most 65536 bytes, without the keys task_id and task_attempt
    in_interval   seconds until an unfinished task is queued again, 1 to 1576800000
    in_queue      name of the Redis list, 1 to 128 characters
    in_namespace  1 to 64 characters; NULL is default
    in_order_no   1 to 128 characters; NULL is none
    in_deadline   seconds, 1 to 1576800000; NULL is 604800
    in_delete_deadline  seconds, 0 to 1576800000; NULL is 0
    in_max_count  1 to 1000000; NULL is 100
  Result
    out_task_id   the task
    out_created   1, or 0 where an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
    out_pushable  1 where the caller is to push the message: created, and the queue is not paused
  Errors
    invalid_argument, invalid_payload, payload_too_large, reserved_key
  Transaction
    Joins the caller's.
  */

  PROCEDURE delay_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  );
  /*
  Creates a delayed task. A relay pushes its message when the delay has passed.

  Parameters
    in_name       what the task is, 1 to 128 characters
    in_payload    a JSON object of at most 65536 bytes, without the keys task_id and task_attempt
    in_delay      seconds until the task is first queued, 0 to 1576800000
    in_interval   seconds until an unfinished task is queued again, 1 to 1576800000
    in_queue      name of the Redis list, 1 to 128 characters
    in_namespace  1 to 64 characters; NULL is default
    in_order_no   1 to 128 characters; NULL is none
    in_deadline   seconds from the creation, not from the end of the delay, 1 to 1576800000; NULL is 604800
    in_delete_deadline  seconds, 0 to 1576800000; NULL is 0
    in_max_count  1 to 1000000; NULL is 100
  Result
    out_task_id   the task
    out_created   1, or 0 where an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
  Errors
    invalid_argument, invalid_payload, payload_too_large, reserved_key
  Transaction
    Joins the caller's.
  */

  PROCEDURE create_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE start_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    out_attempt OUT NUMBER
  );
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

  PROCEDURE start_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE finish_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL
  );
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

  PROCEDURE finish_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE fail_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_error IN CLOB DEFAULT NULL,
    in_delay IN NUMBER DEFAULT NULL,
    out_status OUT NUMBER
  );
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

  PROCEDURE extend_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_seconds IN NUMBER DEFAULT NULL
  );
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

  PROCEDURE cancel_task (
    in_task_id IN NUMBER
  );
  /*
  Cancels an active task. A run that is under way is not stopped, but it can no longer finish the task.

  Parameters
    in_task_id    the task
  Errors
    invalid_argument, task_not_found, task_not_active
  Transaction
    Joins the caller's.
  */

  PROCEDURE retry_task (
    in_task_id IN NUMBER,
    in_deadline IN NUMBER DEFAULT NULL
  );
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

  PROCEDURE pause_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  );
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

  PROCEDURE resume_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  );
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

  PROCEDURE redrive_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_age IN NUMBER DEFAULT NULL,
    in_limit IN NUMBER,
    out_redriven OUT NUMBER
  );
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

  PROCEDURE explain_task (
    in_task_id IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE list_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_status IN NUMBER DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_limit IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE scan_tasks (
    in_relay IN VARCHAR2,
    in_limit IN NUMBER,
    in_lease IN NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_batch_id OUT NUMBER,
    out_wait_ms OUT NUMBER,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE next_due (
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_wait_ms OUT NUMBER
  );
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

  PROCEDURE confirm_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  );
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

  PROCEDURE release_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  );
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

  PROCEDURE expire_tasks (
    in_limit IN NUMBER,
    out_expired OUT NUMBER
  );
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

  PROCEDURE purge_tasks (
    in_limit IN NUMBER,
    out_deleted OUT NUMBER
  );
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
END qtask;
/
SHOW ERRORS

CREATE OR REPLACE PACKAGE BODY qtask AS
  -- qtask-db 0.1.0 cc2169ebb3636e07

  TYPE ids IS TABLE OF NUMBER INDEX BY PLS_INTEGER;
  TYPE new_task IS RECORD (
    element NUMBER,
    is_object NUMBER,
    unknown_key VARCHAR2(4000),
    name VARCHAR2(128 CHAR),
    payload CLOB,
    delay NUMBER,
    interval_seconds NUMBER,
    queue VARCHAR2(128 CHAR),
    namespace VARCHAR2(64 CHAR),
    order_no VARCHAR2(128 CHAR),
    deadline NUMBER,
    delete_deadline NUMBER,
    max_count NUMBER,
    queue_id NUMBER,
    paused NUMBER
  );
  TYPE new_tasks IS TABLE OF new_task INDEX BY PLS_INTEGER;

  PROCEDURE add_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2,
    in_order_no IN VARCHAR2,
    in_deadline IN NUMBER,
    in_delete_deadline IN NUMBER,
    in_max_count IN NUMBER,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    out_pushable OUT NUMBER
  );
  /*
  Internal: checks and stores one task, real-time where in_delay is NULL.
  */

  PROCEDURE find_duplicate (
    in_order_no IN VARCHAR2,
    in_name IN VARCHAR2,
    in_queue_id IN NUMBER,
    out_task_id OUT NUMBER
  );
  /*
  Internal: the active task with an order number, which stays active until the caller's transaction ends.
  */

  PROCEDURE check_task (
    in_label IN VARCHAR2,
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2
  );
  /*
  Internal: raises what create_task, delay_task and create_tasks do not allow. in_label begins the errors' texts.
  */

  PROCEDURE check_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2
  );
  /*
  Internal: refuses names that no queue can have.
  */

  PROCEDURE refuse_start (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER,
    in_now IN TIMESTAMP
  );
  /*
  Internal: raises the reason why a task was not started.
  */

  PROCEDURE refuse_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER
  );
  /*
  Internal: raises the reason why a running attempt cannot be finished, failed or extended, if there is one.
  */

  PROCEDURE begin_work;
  /*
  Internal: refuses a caller's open transaction, which a procedure that commits by itself would commit, too.
  */

  PROCEDURE lock_due (
    in_lane IN NUMBER,
    in_until IN TIMESTAMP,
    in_limit IN NUMBER,
    in_now IN TIMESTAMP,
    out_ids IN OUT NOCOPY ids,
    out_found OUT NUMBER,
    out_expired IN OUT NOCOPY ids
  );
  /*
  Internal: locks the first tasks of a lane that nobody else has locked; appends the ids of those that have no
  attempt left or are past their deadline to out_expired, those of the others to out_ids. SKIP LOCKED locks
  what is fetched, not what is found at OPEN, so no row is locked in vain.
  */

  PROCEDURE give_back (
    in_batch_id IN NUMBER
  );
  /*
  Internal: makes those tasks of a batch due again that nobody has touched since, and forgets the batch.
  They keep their place in the queue: due since the batch was claimed.
  */

  PROCEDURE give_back_lapsed (
    in_now IN TIMESTAMP
  );
  /*
  Internal: gives back one batch whose lease has run out unconfirmed; the next scan finds the next one.
  */

  PROCEDURE find_next_due (
    in_after IN TIMESTAMP,
    in_namespace IN VARCHAR2,
    in_held IN CLOB,
    out_wait_ms OUT NUMBER
  );
  /*
  Internal: milliseconds until a scan has something to do that it could not do before in_after;
  in_after NULL counts what is due already. NULL where there is nothing at all.
  */

  PROCEDURE store_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval_seconds IN NUMBER,
    in_queue_id IN NUMBER,
    in_order_no IN VARCHAR2,
    in_deadline IN NUMBER,
    in_delete_deadline IN NUMBER,
    in_max_count IN NUMBER,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER
  );
  /*
  Internal: stores one task, or finds the active one with its order number.

  The unique index decides between creating and finding, so no two callers can both create; where the
  duplicate ends between the two steps, they are taken again.
  */

  PROCEDURE find_queue (
    in_namespace IN VARCHAR2,
    in_queue IN VARCHAR2,
    out_queue_id OUT NUMBER,
    out_paused OUT NUMBER
  );
  /*
  Internal: a queue's number, registered where it is new, and whether it is paused.
  */

  PROCEDURE check_options (
    in_label IN VARCHAR2,
    in_namespace IN VARCHAR2,
    in_order_no IN VARCHAR2,
    in_deadline IN NUMBER,
    in_delete_deadline IN NUMBER,
    in_max_count IN NUMBER
  );
  /*
  Internal: raises which option of a new task is not allowed; one that is NULL has its default.
  */

  PROCEDURE check_payload (
    in_label IN VARCHAR2,
    in_payload IN CLOB
  );
  /*
  Internal: refuses a payload that is too large, no JSON object, or has a key that messages add.
  */

  FUNCTION utf8_length (
    in_text IN CLOB
  )
  RETURN NUMBER;
  /*
  Internal: the bytes of a text in UTF-8, whatever the character set of the database is.
  */

  FUNCTION json_depth (
    in_json IN CLOB
  )
  RETURN NUMBER;
  /*
  Internal: how deeply a JSON text is nested, 0 where that is no matter. What the brackets hold is taken away until
  only they are left, then the innermost pairs as often as there are any.
  */

  PROCEDURE read_tasks (
    in_tasks IN CLOB,
    out_ids OUT NOCOPY ids,
    out_attempts OUT NOCOPY ids
  );
  /*
  Internal: reads the arguments of start_tasks and finish_tasks, each pair once and in the order of the ids, in which
  all calls then lock them; refuses what cannot be read.
  */

  PROCEDURE check_held (
    in_held IN CLOB
  );
  /*
  Internal: refuses what is no list of queues.
  */

  PROCEDURE fail_expired (
    in_ids IN ids,
    in_now IN TIMESTAMP
  );
  /*
  Internal: fails tasks whose time is over.
  */

  FUNCTION json_array_of (
    in_ids IN ids
  )
  RETURN CLOB;
  /*
  Internal: ids as a JSON array.
  */

  PROCEDURE create_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    out_pushable OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  )
  IS
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'create_task');
    add_task(
      in_name, in_payload, NULL, in_interval, in_queue,
      in_namespace, in_order_no, in_deadline, in_delete_deadline, in_max_count,
      out_task_id, out_created, out_pushable
    );
  END create_task;

  PROCEDURE delay_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  )
  IS
    v_pushable NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'delay_task');
    IF in_delay IS NULL OR in_delay NOT BETWEEN 0 AND 1576800000 OR in_delay <> TRUNC(in_delay) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_delay must be 0 to 1576800000 (seconds)');
    END IF;
    add_task(
      in_name, in_payload, in_delay, in_interval, in_queue,
      in_namespace, in_order_no, in_deadline, in_delete_deadline, in_max_count,
      out_task_id, out_created, v_pushable
    );
  END delay_task;

  PROCEDURE create_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    CURSOR c_tasks IS
      SELECT
        element,
        CASE WHEN SUBSTR(task, 1, 1) = '{' THEN 1 ELSE 0 END,
        CASE WHEN SUBSTR(task, 1, 1) = '{' THEN
          TO_CHAR(SUBSTR(REGEXP_SUBSTR(JSON_MERGEPATCH(task, '{"name":null,"payload":null,"delay":null,"interval":null,"queue":null,"namespace":null,"order_no":null,"deadline":null,"delete_deadline":null,"max_count":null}' RETURNING CLOB), '"[^"]*"'), 1, 40))
        END,
        name,
        COALESCE(payload_text, payload_object),
        CASE
          WHEN delay IS NULL OR REGEXP_LIKE(delay, '^\[ *null *\]$') THEN NULL
          WHEN REGEXP_LIKE(delay, '^\[ *[0-9]{1,10} *\]$') THEN TO_NUMBER(REGEXP_SUBSTR(delay, '[0-9]+'))
          ELSE -1
        END,
        CASE
          WHEN interval_seconds IS NULL OR REGEXP_LIKE(interval_seconds, '^\[ *null *\]$') THEN NULL
          WHEN REGEXP_LIKE(interval_seconds, '^\[ *[0-9]{1,10} *\]$') THEN TO_NUMBER(REGEXP_SUBSTR(interval_seconds, '[0-9]+'))
          ELSE -1
        END,
        queue,
        CASE
          WHEN namespace_given IS NULL OR REGEXP_LIKE(namespace_given, '^\[ *null *\]$') THEN NULL
          WHEN REGEXP_LIKE(namespace_given, '^\[ *"') THEN COALESCE(namespace, ' ')
          ELSE ' '
        END,
        CASE
          WHEN order_no_given IS NULL OR REGEXP_LIKE(order_no_given, '^\[ *null *\]$') THEN NULL
          WHEN REGEXP_LIKE(order_no_given, '^\[ *"') THEN COALESCE(order_no, ' ')
          ELSE ' '
        END,
        CASE
          WHEN deadline IS NULL OR REGEXP_LIKE(deadline, '^\[ *null *\]$') THEN NULL
          WHEN REGEXP_LIKE(deadline, '^\[ *[0-9]{1,10} *\]$') THEN TO_NUMBER(REGEXP_SUBSTR(deadline, '[0-9]+'))
          ELSE -1
        END,
        CASE
          WHEN delete_deadline IS NULL OR REGEXP_LIKE(delete_deadline, '^\[ *null *\]$') THEN NULL
          WHEN REGEXP_LIKE(delete_deadline, '^\[ *[0-9]{1,10} *\]$') THEN TO_NUMBER(REGEXP_SUBSTR(delete_deadline, '[0-9]+'))
          ELSE -1
        END,
        CASE
          WHEN max_count IS NULL OR REGEXP_LIKE(max_count, '^\[ *null *\]$') THEN NULL
          WHEN REGEXP_LIKE(max_count, '^\[ *[0-9]{1,10} *\]$') THEN TO_NUMBER(REGEXP_SUBSTR(max_count, '[0-9]+'))
          ELSE -1
        END,
        NULL,
        NULL
      FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        task CLOB FORMAT JSON PATH '$',
        name VARCHAR2(128 CHAR) PATH '$.name',
        payload_text CLOB PATH '$.payload',
        payload_object CLOB FORMAT JSON PATH '$.payload',
        delay VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.delay' EMPTY ARRAY ON ERROR,
        interval_seconds VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.interval' EMPTY ARRAY ON ERROR,
        queue VARCHAR2(128 CHAR) PATH '$.queue',
        namespace VARCHAR2(64 CHAR) PATH '$.namespace',
        namespace_given VARCHAR2(1000) FORMAT JSON WITH WRAPPER PATH '$.namespace' EMPTY ARRAY ON ERROR,
        order_no VARCHAR2(128 CHAR) PATH '$."order_no"',
        order_no_given VARCHAR2(1000) FORMAT JSON WITH WRAPPER PATH '$."order_no"' EMPTY ARRAY ON ERROR,
        deadline VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.deadline' EMPTY ARRAY ON ERROR,
        delete_deadline VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."delete_deadline"' EMPTY ARRAY ON ERROR,
        max_count VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."max_count"' EMPTY ARRAY ON ERROR
      ));
    v_found NUMBER;
    v_label VARCHAR2(100);
    v_tasks new_tasks;
    v_task new_task;
    v_ids ids;
    v_made created_tasks;
    v_row created_task;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'create_tasks');
    SELECT COUNT(*)
    INTO v_found
    FROM dual
    WHERE in_tasks IS JSON STRICT AND REGEXP_LIKE(in_tasks, '^[' || CHR(9) || CHR(10) || CHR(13) || ' ]*\[');
    IF v_found = 0 THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_tasks must be a JSON array of objects');
    END IF;
    OPEN c_tasks;
    FETCH c_tasks BULK COLLECT INTO v_tasks LIMIT 10001;
    CLOSE c_tasks;
    IF v_tasks.COUNT > 10000 THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_tasks must have at most 10000 elements');
    END IF;

    FOR i IN 1 .. v_tasks.COUNT LOOP
      v_task := v_tasks(i);
      v_label := 'in_tasks, element ' || i || ': ';
      IF v_task.is_object = 0 THEN
        RAISE_APPLICATION_ERROR(-20101, v_label || 'it must be an object');
      END IF;
      IF v_task.unknown_key IS NOT NULL THEN
        RAISE_APPLICATION_ERROR(-20102, v_label || v_task.unknown_key || ' is no key of a task');
      END IF;
      check_task(v_label, v_task.name, v_task.payload, v_task.interval_seconds, v_task.queue);
      IF v_task.delay NOT BETWEEN 0 AND 1576800000 OR v_task.delay <> TRUNC(v_task.delay) THEN
        RAISE_APPLICATION_ERROR(-20101, v_label || 'delay must be 0 to 1576800000 (seconds)');
      END IF;
      check_options(
        v_label, v_task.namespace, v_task.order_no, v_task.deadline, v_task.delete_deadline, v_task.max_count
      );
    END LOOP;

    BEGIN
      SAVEPOINT qtask_create_tasks;
      FOR i IN 1 .. v_tasks.COUNT LOOP
        -- Most often all have the same queue.
        IF i > 1 AND v_tasks(i).queue = v_task.queue
          AND COALESCE(v_tasks(i).namespace, ' ') = COALESCE(v_task.namespace, ' ') THEN
          v_tasks(i).queue_id := v_task.queue_id;
          v_tasks(i).paused := v_task.paused;
        ELSE
          v_task := v_tasks(i);
          find_queue(v_task.namespace, v_task.queue, v_task.queue_id, v_task.paused);
          v_tasks(i).queue_id := v_task.queue_id;
          v_tasks(i).paused := v_task.paused;
        END IF;
      END LOOP;

      -- Almost always none is a duplicate: then this is all.
      BEGIN
        SAVEPOINT qtask_create_plainly;
        FORALL i IN 1 .. v_tasks.COUNT
          INSERT INTO qtask_task (
            task_id, lane, queue_id, status, name, order_no, payload, interval_seconds,
          delete_deadline, max_count, created_at, deadline_at, due_at
          )
          VALUES (
            qtask_task_seq.NEXTVAL, v_tasks(i).queue_id, v_tasks(i).queue_id, 20,
          v_tasks(i).name, v_tasks(i).order_no, v_tasks(i).payload, v_tasks(i).interval_seconds,
          COALESCE(v_tasks(i).delete_deadline, 0),
          COALESCE(v_tasks(i).max_count, 100),
          v_now,
          v_now + NUMTODSINTERVAL(COALESCE(v_tasks(i).deadline, 604800), 'SECOND'),
          v_now + NUMTODSINTERVAL(LEAST(COALESCE(v_tasks(i).delay, 5), COALESCE(v_tasks(i).deadline, 604800)), 'SECOND')
          )
          RETURNING task_id BULK COLLECT INTO v_ids;
      EXCEPTION
        WHEN DUP_VAL_ON_INDEX THEN
          ROLLBACK TO qtask_create_plainly;
          v_ids.DELETE;
      END;

      FOR i IN 1 .. v_tasks.COUNT LOOP
        v_task := v_tasks(i);
        v_row.element := i;
        IF v_ids.COUNT > 0 THEN
          v_row.task_id := v_ids(i);
          v_row.created := 1;
        ELSE
          store_task(
            v_task.name, v_task.payload, v_task.delay, v_task.interval_seconds, v_task.queue_id,
            v_task.order_no, v_task.deadline, v_task.delete_deadline, v_task.max_count,
            v_row.task_id, v_row.created
          );
        END IF;
        v_row.pushable :=
          CASE WHEN v_row.created = 1 AND v_task.delay IS NULL AND v_task.paused = 0 THEN 1 ELSE 0 END;
        v_made(i) := v_row;
      END LOOP;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK TO qtask_create_tasks;
        RAISE;
    END;

    OPEN out_rows FOR
      SELECT task_id, created, pushable
      FROM TABLE(v_made)
      ORDER BY element;
  END create_tasks;

  PROCEDURE start_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    out_attempt OUT NUMBER
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'start_task');
    IF in_task_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_task_id must not be NULL');
    END IF;

    UPDATE qtask_task
    SET
      lane = queue_id,
      status = 30,
      attempts = attempts + 1,
      batch_id = 0,
      started_at = v_now,
      due_at = LEAST(v_now + NUMTODSINTERVAL(interval_seconds, 'SECOND'), deadline_at)
    WHERE task_id = in_task_id
      AND lane <> 0
      AND (in_attempt IS NULL OR attempts + 1 = in_attempt)
      AND attempts - attempts_before < max_count
      AND deadline_at > v_now
    RETURNING attempts INTO out_attempt;

    IF SQL%ROWCOUNT = 0 THEN
      refuse_start(in_task_id, in_attempt, v_now);
    END IF;
  END start_task;

  PROCEDURE start_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    v_batch_id NUMBER := -qtask_batch_seq.NEXTVAL;
    v_ids ids;
    v_attempts ids;
    v_started_ids ids;
    v_started_attempts ids;
    v_intervals ids;
    v_row started_task;
    v_started started_tasks;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'start_tasks');
    read_tasks(in_tasks, v_ids, v_attempts);

    BEGIN
      SAVEPOINT qtask_start_tasks;
      -- An element that names a task again, with another attempt, finds it started.
      FORALL i IN 1 .. v_ids.COUNT
        UPDATE qtask_task
        SET
          lane = queue_id,
          status = 30,
          attempts = attempts + 1,
          batch_id = v_batch_id,
          started_at = v_now,
          due_at = LEAST(v_now + NUMTODSINTERVAL(interval_seconds, 'SECOND'), deadline_at)
        WHERE task_id = v_ids(i)
          AND lane <> 0
          AND batch_id <> v_batch_id
          AND (v_attempts(i) IS NULL OR attempts + 1 = v_attempts(i))
          AND attempts - attempts_before < max_count
          AND deadline_at > v_now
        RETURNING task_id, attempts, interval_seconds BULK COLLECT INTO v_started_ids, v_started_attempts, v_intervals;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK TO qtask_start_tasks;
        RAISE;
    END;

    FOR i IN 1 .. v_started_ids.COUNT LOOP
      v_row.task_id := v_started_ids(i);
      v_row.attempt := v_started_attempts(i);
      v_row.interval_seconds := v_intervals(i);
      v_started(i) := v_row;
    END LOOP;
    OPEN out_rows FOR
      SELECT task_id, attempt, interval_seconds
      FROM TABLE(v_started);
  END start_tasks;

  PROCEDURE finish_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    v_found NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'finish_task');
    IF in_task_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_task_id must not be NULL');
    END IF;

    UPDATE qtask_task
    SET
      lane = 0,
      status = 0,
      ended_at = v_now,
      due_at = v_now + NUMTODSINTERVAL(delete_deadline, 'SECOND')
    WHERE task_id = in_task_id
      AND status = 30
      AND (in_attempt IS NULL OR attempts = in_attempt);

    IF SQL%ROWCOUNT = 0 THEN
      SELECT COUNT(*)
      INTO v_found
      FROM qtask_task
      WHERE task_id = in_task_id
        AND status = 0
        AND (in_attempt IS NULL OR attempts = in_attempt);
      IF v_found = 0 THEN
        refuse_task(in_task_id, in_attempt);
      END IF;
    END IF;
  END finish_task;

  PROCEDURE finish_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    v_ids ids;
    v_attempts ids;
    v_counts ids;
    v_found NUMBER;
    v_refusal refused_task;
    v_refused refused_tasks;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'finish_tasks');
    read_tasks(in_tasks, v_ids, v_attempts);

    BEGIN
      SAVEPOINT qtask_finish_tasks;
      FORALL i IN 1 .. v_ids.COUNT
        UPDATE qtask_task
        SET
          lane = 0,
          status = 0,
          ended_at = v_now,
          due_at = v_now + NUMTODSINTERVAL(delete_deadline, 'SECOND')
        WHERE task_id = v_ids(i)
          AND status = 30
          AND (v_attempts(i) IS NULL OR attempts = v_attempts(i));
      FOR i IN 1 .. v_ids.COUNT LOOP
        v_counts(i) := SQL%BULK_ROWCOUNT(i);
      END LOOP;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK TO qtask_finish_tasks;
        RAISE;
    END;

    FOR i IN 1 .. v_ids.COUNT LOOP
      IF v_counts(i) = 0 THEN
        SELECT COUNT(*)
        INTO v_found
        FROM qtask_task
        WHERE task_id = v_ids(i)
          AND status = 0
          AND (v_attempts(i) IS NULL OR attempts = v_attempts(i));
        IF v_found = 0 THEN
          BEGIN
            refuse_task(v_ids(i), v_attempts(i));
            -- It changed meanwhile; the caller may try again.
            RAISE stale_attempt;
          EXCEPTION
            WHEN task_not_found OR task_not_active OR task_not_processing OR stale_attempt THEN
              v_refusal.task_id := v_ids(i);
              v_refusal.attempt := v_attempts(i);
              v_refusal.error_number := -SQLCODE;
              v_refused(v_refused.COUNT + 1) := v_refusal;
          END;
        END IF;
      END IF;
    END LOOP;

    OPEN out_rows FOR
      SELECT task_id, attempt, error_number
      FROM TABLE(v_refused);
  END finish_tasks;

  PROCEDURE fail_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_error IN CLOB DEFAULT NULL,
    in_delay IN NUMBER DEFAULT NULL,
    out_status OUT NUMBER
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    -- A CLOB counts what lies beyond the first 65,536 characters of Unicode as two, a VARCHAR2 as one.
    v_longest VARCHAR2(32767) := SUBSTR(in_error, 1, 4000);
    v_error CLOB := SUBSTR(v_longest, 1, 2000);
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'fail_task');
    IF in_task_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_task_id must not be NULL');
    END IF;
    IF in_delay NOT BETWEEN 0 AND 1576800000 OR in_delay <> TRUNC(in_delay) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_delay must be NULL or 0 to 1576800000 (seconds)');
    END IF;

    UPDATE qtask_task
    SET
      status = CASE WHEN attempts - attempts_before < max_count THEN 20 ELSE 90 END,
      lane = CASE WHEN attempts - attempts_before < max_count THEN queue_id ELSE 0 END,
      ended_at = v_now,
      due_at =
        CASE WHEN attempts - attempts_before < max_count THEN
          LEAST(v_now + NUMTODSINTERVAL(COALESCE(in_delay, interval_seconds), 'SECOND'), deadline_at)
        ELSE
          v_now + NUMTODSINTERVAL(CASE delete_deadline WHEN 0 THEN 604800 ELSE delete_deadline END, 'SECOND')
        END,
      last_error = COALESCE(v_error, last_error)
    WHERE task_id = in_task_id
      AND status = 30
      AND (in_attempt IS NULL OR attempts = in_attempt)
    RETURNING status INTO out_status;

    IF SQL%ROWCOUNT = 0 THEN
      refuse_task(in_task_id, in_attempt);
      RAISE_APPLICATION_ERROR(-20109, 'the task changed while it was being failed: try again');
    END IF;
  END fail_task;

  PROCEDURE extend_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_seconds IN NUMBER DEFAULT NULL
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'extend_task');
    IF in_task_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_task_id must not be NULL');
    END IF;
    IF in_seconds NOT BETWEEN 1 AND 1576800000 OR in_seconds <> TRUNC(in_seconds) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_seconds must be NULL or 1 to 1576800000');
    END IF;

    UPDATE qtask_task
    SET
      lane = queue_id,
      due_at = LEAST(v_now + NUMTODSINTERVAL(COALESCE(in_seconds, interval_seconds), 'SECOND'), deadline_at)
    WHERE task_id = in_task_id
      AND status = 30
      AND (in_attempt IS NULL OR attempts = in_attempt);

    IF SQL%ROWCOUNT = 0 THEN
      refuse_task(in_task_id, in_attempt);
    END IF;
  END extend_task;

  PROCEDURE cancel_task (
    in_task_id IN NUMBER
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'cancel_task');
    IF in_task_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_task_id must not be NULL');
    END IF;

    UPDATE qtask_task
    SET
      lane = 0,
      status = 80,
      ended_at = v_now,
      due_at = v_now + NUMTODSINTERVAL(CASE delete_deadline WHEN 0 THEN 604800 ELSE delete_deadline END, 'SECOND')
    WHERE task_id = in_task_id
      AND lane <> 0;

    IF SQL%ROWCOUNT = 0 THEN
      refuse_task(in_task_id, NULL);
    END IF;
  END cancel_task;

  PROCEDURE retry_task (
    in_task_id IN NUMBER,
    in_deadline IN NUMBER DEFAULT NULL
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    v_found NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'retry_task');
    IF in_task_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_task_id must not be NULL');
    END IF;
    IF in_deadline NOT BETWEEN 1 AND 1576800000 OR in_deadline <> TRUNC(in_deadline) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_deadline must be NULL or 1 to 1576800000 (seconds)');
    END IF;

    UPDATE qtask_task
    SET
      lane = queue_id,
      status = 20,
      attempts_before = attempts,
      batch_id = 0,
      deadline_at = v_now + NUMTODSINTERVAL(COALESCE(in_deadline, 604800), 'SECOND'),
      due_at = v_now
    WHERE task_id = in_task_id
      AND status IN (80, 90);

    IF SQL%ROWCOUNT = 0 THEN
      SELECT COUNT(*) INTO v_found FROM qtask_task WHERE task_id = in_task_id;
      IF v_found = 1 THEN
        RAISE_APPLICATION_ERROR(-20112, 'only failed and cancelled tasks can be retried');
      END IF;
      RAISE_APPLICATION_ERROR(-20106, 'there is no task with this in_task_id');
    END IF;
  EXCEPTION
    WHEN DUP_VAL_ON_INDEX THEN
      RAISE_APPLICATION_ERROR(-20113, 'another task with the same order_no is active');
  END retry_task;

  PROCEDURE pause_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  )
  IS
    v_queue_id NUMBER;
    v_paused NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'pause_queue');
    check_queue(in_queue, in_namespace);
    find_queue(in_namespace, in_queue, v_queue_id, v_paused);
    UPDATE qtask_queue
    SET paused_at = COALESCE(paused_at, SYS_EXTRACT_UTC(SYSTIMESTAMP))
    WHERE queue_id = v_queue_id;
  END pause_queue;

  PROCEDURE resume_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  )
  IS
    v_queue_id NUMBER;
    v_paused NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'resume_queue');
    check_queue(in_queue, in_namespace);
    find_queue(in_namespace, in_queue, v_queue_id, v_paused);
    UPDATE qtask_queue
    SET paused_at = NULL
    WHERE queue_id = v_queue_id;
  END resume_queue;

  PROCEDURE redrive_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_age IN NUMBER DEFAULT NULL,
    in_limit IN NUMBER,
    out_redriven OUT NUMBER
  )
  IS
    v_now TIMESTAMP(3);
    v_queue VARCHAR2(32767) := SUBSTR(in_queue, 1, 129);
    v_namespace VARCHAR2(32767) := SUBSTR(in_namespace, 1, 65);
    v_ids ids;
    v_left NUMBER := in_limit;
    CURSOR c_queues IS
      SELECT queue_id
      FROM qtask_queue
      WHERE (v_queue IS NULL OR queue = v_queue)
        AND (v_namespace IS NULL OR namespace = v_namespace);
    CURSOR c_handed_out (in_lane NUMBER) IS
      SELECT /*+ INDEX(task qtask_due) */ task.task_id
      FROM qtask_task task
      WHERE task.lane = in_lane
        AND task.due_at > v_now
        AND task.status = 20
        AND task.batch_id > 0
        AND task.ended_at <= v_now - NUMTODSINTERVAL(COALESCE(in_age, 0), 'SECOND')
      ORDER BY task.due_at, task.task_id
      FOR UPDATE SKIP LOCKED;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'redrive_tasks');
    IF in_age NOT BETWEEN 0 AND 1576800000 OR in_age <> TRUNC(in_age) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_age must be NULL or 0 to 1576800000 (seconds)');
    END IF;
    IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 OR in_limit <> TRUNC(in_limit) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_limit must be 1 to 10000');
    END IF;

    begin_work;
    v_now := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    BEGIN
      FOR v_each IN c_queues LOOP
        OPEN c_handed_out(v_each.queue_id);
        FETCH c_handed_out BULK COLLECT INTO v_ids LIMIT v_left;
        CLOSE c_handed_out;
        FORALL i IN 1 .. v_ids.COUNT
          UPDATE qtask_task
          SET
            due_at = v_now,
            batch_id = 0
          WHERE task_id = v_ids(i);
        v_left := v_left - v_ids.COUNT;
        EXIT WHEN v_left = 0;
      END LOOP;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK;
        RAISE;
    END;
    COMMIT;
    out_redriven := in_limit - v_left;
  END redrive_tasks;

  PROCEDURE explain_task (
    in_task_id IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    v_found NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'explain_task');
    IF in_task_id IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_task_id must not be NULL');
    END IF;
    SELECT COUNT(*) INTO v_found FROM qtask_task WHERE task_id = in_task_id;
    IF v_found = 0 THEN
      RAISE_APPLICATION_ERROR(-20106, 'there is no task with this in_task_id');
    END IF;

    OPEN out_rows FOR
      SELECT
        task.task_id,
        task.status,
        TO_CLOB('Task ') || task.task_id || ' "' || task.name || '" of queue ' || queue.queue
          || ' in namespace ' || queue.namespace
          || CASE WHEN task.order_no IS NOT NULL THEN ', order number ' || task.order_no END || '.'
        || CHR(10) || 'Created ' || TO_CHAR(task.created_at, 'YYYY-MM-DD HH24:MI:SS.FF3')
          || '; deadline ' || TO_CHAR(task.deadline_at, 'YYYY-MM-DD HH24:MI:SS.FF3')
          || '; queued again every ' || task.interval_seconds || ' s until it is finished.'
        || CHR(10) || CASE
          WHEN task.attempts = 0 THEN 'It has never been started.'
          ELSE 'Attempts: ' || (task.attempts - task.attempts_before) || ' of ' || task.max_count
            || CASE WHEN task.attempts_before > 0 THEN
              ', and ' || task.attempts_before || ' before it was retried'
            END
            || '; the last one started ' || TO_CHAR(task.started_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || '.'
        END
        || CASE WHEN task.last_error IS NOT NULL THEN TO_CLOB(CHR(10) || 'Last error: ') || task.last_error END
        || CHR(10) || CASE
          WHEN task.status = 0 THEN
            'Finished ' || TO_CHAR(task.ended_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || '.'
          WHEN task.status = 80 THEN
            'Cancelled ' || TO_CHAR(task.ended_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || '; it can be retried.'
          WHEN task.status = 90 THEN
            'Failed ' || TO_CHAR(task.ended_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || ' because '
            || CASE
              WHEN task.attempts - task.attempts_before >= task.max_count THEN 'its attempts were used up'
              ELSE 'its deadline passed'
            END || '; it can be retried.'
          WHEN task.status = 30 AND task.batch_id <= 0 THEN
            'A consumer is processing it.'
          WHEN batch.batch_id IS NOT NULL THEN
            'Relay ' || batch.relay || ' took it at ' || TO_CHAR(batch.claimed_at, 'YYYY-MM-DD HH24:MI:SS.FF3')
            || ' and has not confirmed that the message is in Redis; any relay may take it again from '
            || TO_CHAR(batch.lapses_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || '.'
          WHEN task.status = 30 THEN
            'Attempt ' || task.attempts || ' has not ended within its interval;'
            || ' a relay has put the message on the queue again.'
          WHEN task.batch_id > 0 AND task.due_at > v_now THEN
            'A relay has put its message on the queue; no consumer has started it since.'
          ELSE 'It waits.'
        END
        || CHR(10) || CASE
          WHEN task.lane = 0 AND task.due_at <= v_now THEN 'Next: the purge deletes it.'
          WHEN task.lane = 0 THEN 'Next: the purge deletes it after ' || TO_CHAR(task.due_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || '.'
          WHEN task.deadline_at <= v_now THEN 'Next: its deadline has passed, so the next scan fails it.'
          WHEN queue.paused_at IS NOT NULL THEN
            'Next: nothing, because the queue is paused since ' || TO_CHAR(queue.paused_at, 'YYYY-MM-DD HH24:MI:SS.FF3')
            || '; resume it, or the task fails at its deadline.'
          WHEN task.lane < 0 THEN 'Next: a relay queues it as soon as the queue has room.'
          WHEN task.due_at <= v_now THEN
            'Next: it is due since ' || TO_CHAR(task.due_at, 'YYYY-MM-DD HH24:MI:SS.FF3')
            || '; the next scan of a relay queues it. Is one running?'
          WHEN task.attempts - task.attempts_before >= task.max_count THEN
            'Next: this was its last attempt; it fails at ' || TO_CHAR(task.due_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || ' unless it is finished.'
          WHEN task.due_at >= task.deadline_at THEN
            'Next: it fails at its deadline, ' || TO_CHAR(task.deadline_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || ', unless it is finished.'
          ELSE 'Next: it is queued at ' || TO_CHAR(task.due_at, 'YYYY-MM-DD HH24:MI:SS.FF3') || ' unless it is finished before.'
        END AS explanation
      FROM qtask_task task
      JOIN qtask_queue queue ON queue.queue_id = task.queue_id
      LEFT JOIN qtask_batch batch ON batch.batch_id = task.batch_id
      WHERE task.task_id = in_task_id;
  END explain_task;

  PROCEDURE list_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_status IN NUMBER DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_limit IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  )
  IS
    v_queue VARCHAR2(32767) := SUBSTR(in_queue, 1, 129);
    v_order_no VARCHAR2(32767) := SUBSTR(in_order_no, 1, 129);
    v_namespace VARCHAR2(32767) := SUBSTR(in_namespace, 1, 65);
    v_newest NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'list_tasks');
    IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 OR in_limit <> TRUNC(in_limit) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_limit must be 1 to 10000');
    END IF;
    IF in_status NOT IN (0, 20, 30, 80, 90) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_status must be NULL or one of 0, 20, 30, 80, 90');
    END IF;

    IF v_order_no IS NOT NULL THEN
      SELECT MAX(task_id) INTO v_newest FROM qtask_task;
      OPEN out_rows FOR
        SELECT /*+ FIRST_ROWS(100) */ task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error
        FROM qtask_task_list
        WHERE task_id IN (
            SELECT task_id
            FROM qtask_task
            WHERE order_key = v_order_no
            UNION ALL
            SELECT task_id
            FROM qtask_task
            WHERE order_no = v_order_no
              AND status = 0
              AND task_id > v_newest - 100000
          )
          AND (v_queue IS NULL OR queue = v_queue)
          AND (in_status IS NULL OR status = in_status)
          AND (v_namespace IS NULL OR namespace = v_namespace)
        ORDER BY task_id DESC
        FETCH FIRST in_limit ROWS ONLY;
    ELSE
      OPEN out_rows FOR
        SELECT /*+ FIRST_ROWS(100) */ task_id, namespace, queue, name, order_no, status, attempts, max_count, created_at, started_at, ended_at, due_at, deadline_at, last_error
        FROM qtask_task_list
        WHERE (v_queue IS NULL OR queue = v_queue)
          AND (in_status IS NULL OR status = in_status)
          AND (v_namespace IS NULL OR namespace = v_namespace)
        ORDER BY task_id DESC
        FETCH FIRST in_limit ROWS ONLY;
    END IF;
  END list_tasks;

  PROCEDURE scan_tasks (
    in_relay IN VARCHAR2,
    in_limit IN NUMBER,
    in_lease IN NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_batch_id OUT NUMBER,
    out_wait_ms OUT NUMBER,
    out_rows OUT SYS_REFCURSOR
  )
  IS
    v_now TIMESTAMP(3);
    v_namespace VARCHAR2(32767) := SUBSTR(in_namespace, 1, 65);
    v_held CLOB := COALESCE(in_held, TO_CLOB('[]'));
    v_claimed ids;
    v_parked ids;
    v_expired ids;
    v_task_ids CLOB;
    v_queue_id NUMBER;
    v_closed NUMBER;
    v_share NUMBER;
    v_some NUMBER;
    v_more NUMBER;
    v_left NUMBER := in_limit;
    v_full BOOLEAN := FALSE;
    CURSOR c_queues IS
      SELECT queue_id, closed, GREATEST(1, TRUNC(in_limit / COUNT(*) OVER ()))
      FROM (
        SELECT
          queue.queue_id,
          CASE WHEN queue.paused_at IS NOT NULL OR held.name IS NOT NULL THEN 1 ELSE 0 END AS closed
        FROM qtask_queue queue
        LEFT JOIN (
        SELECT DISTINCT name
        FROM JSON_TABLE(v_held, '$[*]' COLUMNS (name VARCHAR2(128 CHAR) PATH '$'))
      ) held ON held.name = queue.queue
        WHERE v_namespace IS NULL OR queue.namespace = v_namespace
      ) queue
      WHERE EXISTS (
        SELECT 1
        FROM qtask_task task
        WHERE task.lane = queue.queue_id AND task.due_at <= v_now
      ) OR EXISTS (
        SELECT 1
        FROM qtask_task task
        WHERE task.lane = -queue.queue_id
          AND task.due_at <= CASE queue.closed WHEN 1 THEN v_now ELSE TIMESTAMP '9999-12-31 00:00:00' END
      )
      -- Where there are more queues than in_limit, each gets its turn.
      ORDER BY STANDARD_HASH(queue_id || TO_CHAR(v_now, 'SSSSS.FF3'), 'MD5');
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'scan_tasks');
    IF in_relay IS NULL OR LENGTH(in_relay) > 64 OR SUBSTR(in_relay, 1, 1) = ' ' OR SUBSTR(in_relay, -1) = ' ' THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_relay must have 1 to 64 characters');
    END IF;
    IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 OR in_limit <> TRUNC(in_limit) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_limit must be 1 to 10000');
    END IF;
    IF in_lease IS NULL OR in_lease NOT BETWEEN 1 AND 1576800000 OR in_lease <> TRUNC(in_lease) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_lease must be 1 to 1576800000 (seconds)');
    END IF;
    check_held(in_held);

    begin_work;
    v_now := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    BEGIN
      give_back_lapsed(v_now);

      OPEN c_queues;
      LOOP
        FETCH c_queues INTO v_queue_id, v_closed, v_share;
        EXIT WHEN c_queues%NOTFOUND;
        v_share := LEAST(v_share, v_left);
        IF v_closed = 1 THEN
          lock_due(-v_queue_id, v_now, v_share, v_now, v_parked, v_some, v_expired);
          lock_due(v_queue_id, v_now, v_share, v_now, v_parked, v_more, v_expired);
        ELSE
          lock_due(-v_queue_id, TIMESTAMP '9999-12-31 00:00:00', v_share, v_now, v_claimed, v_some, v_expired);
          lock_due(v_queue_id, v_now, v_share - v_some, v_now, v_claimed, v_more, v_expired);
          v_full := v_full OR v_some + v_more >= v_share;
          v_left := v_left - v_some - v_more;
        END IF;
      END LOOP;
      CLOSE c_queues;

      fail_expired(v_expired, v_now);

      FORALL i IN 1 .. v_parked.COUNT
        UPDATE qtask_task
        SET
          lane = -queue_id,
          due_at = deadline_at
        WHERE task_id = v_parked(i);

      IF v_claimed.COUNT > 0 THEN
        out_batch_id := qtask_batch_seq.NEXTVAL;
        FORALL i IN 1 .. v_claimed.COUNT
          UPDATE qtask_task
          SET
            lane = queue_id,
            batch_id = out_batch_id,
            ended_at = v_now,
            due_at = LEAST(v_now + NUMTODSINTERVAL(interval_seconds, 'SECOND'), deadline_at)
          WHERE task_id = v_claimed(i);
        v_task_ids := json_array_of(v_claimed);
        INSERT INTO qtask_batch (batch_id, relay, claimed_at, lapses_at, task_ids)
        VALUES (out_batch_id, in_relay, v_now, v_now + NUMTODSINTERVAL(in_lease, 'SECOND'), v_task_ids);
      END IF;

      IF v_full THEN
        out_wait_ms := 0;
      ELSE
        find_next_due(v_now, v_namespace, v_held, out_wait_ms);
      END IF;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK;
        RAISE;
    END;
    COMMIT;

    -- From the journal, not from v_task_ids, which is gone before the caller fetches.
    OPEN out_rows FOR
      SELECT /*+ LEADING(batch given task queue) USE_NL(task) USE_NL(queue) */
        task.task_id, task.attempts + 1 AS attempt, queue.queue, task.payload
      FROM
        qtask_batch batch,
        JSON_TABLE(batch.task_ids, '$[*]' COLUMNS (place FOR ORDINALITY, task_id NUMBER PATH '$')) given,
        qtask_task task,
        qtask_queue queue
      WHERE batch.batch_id = out_batch_id
        AND task.task_id = given.task_id
        AND task.batch_id = out_batch_id
        AND task.lane <> 0
        AND queue.queue_id = task.queue_id
      ORDER BY given.place;
  END scan_tasks;

  PROCEDURE next_due (
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_wait_ms OUT NUMBER
  )
  IS
    v_namespace VARCHAR2(32767) := SUBSTR(in_namespace, 1, 65);
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'next_due');
    check_held(in_held);
    find_next_due(NULL, v_namespace, COALESCE(in_held, TO_CLOB('[]')), out_wait_ms);
  END next_due;

  PROCEDURE confirm_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  )
  IS
    v_relay VARCHAR2(32767) := SUBSTR(in_relay, 1, 65);
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'confirm_batch');
    IF in_batch_id IS NULL OR in_relay IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_batch_id and in_relay must not be NULL');
    END IF;

    begin_work;
    BEGIN
      DELETE FROM qtask_batch
      WHERE batch_id = in_batch_id AND relay = v_relay;
      IF SQL%ROWCOUNT = 0 THEN
        RAISE_APPLICATION_ERROR(-20114, 'in_relay has no such unconfirmed batch');
      END IF;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK;
        RAISE;
    END;
    COMMIT;
  END confirm_batch;

  PROCEDURE release_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  )
  IS
    v_relay VARCHAR2(32767) := SUBSTR(in_relay, 1, 65);
    v_batch_id NUMBER;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'release_batch');
    IF in_batch_id IS NULL OR in_relay IS NULL THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_batch_id and in_relay must not be NULL');
    END IF;

    begin_work;
    BEGIN
      SELECT batch_id
      INTO v_batch_id
      FROM qtask_batch
      WHERE batch_id = in_batch_id AND relay = v_relay
      FOR UPDATE;
      give_back(v_batch_id);
    EXCEPTION
      WHEN NO_DATA_FOUND THEN
        ROLLBACK;
        RAISE_APPLICATION_ERROR(-20114, 'in_relay has no such unconfirmed batch');
      WHEN OTHERS THEN
        ROLLBACK;
        RAISE;
    END;
    COMMIT;
  END release_batch;

  PROCEDURE expire_tasks (
    in_limit IN NUMBER,
    out_expired OUT NUMBER
  )
  IS
    v_now TIMESTAMP(3);
    v_ids ids;
    v_left NUMBER := in_limit;
    CURSOR c_lanes IS
      SELECT found.lane
      FROM (
        SELECT queue_id AS lane FROM qtask_queue
        UNION ALL
        SELECT -queue_id FROM qtask_queue
      ) found
      WHERE EXISTS (
        SELECT 1
        FROM qtask_task task
        WHERE task.lane = found.lane AND task.due_at <= v_now
      );
    CURSOR c_expired (in_lane NUMBER) IS
      SELECT /*+ INDEX(task qtask_due) */ task.task_id
      FROM qtask_task task
      WHERE task.lane = in_lane
        AND task.due_at <= v_now
        AND (deadline_at <= v_now OR attempts - attempts_before >= max_count)
      ORDER BY task.due_at, task.task_id
      FOR UPDATE SKIP LOCKED;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'expire_tasks');
    IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 OR in_limit <> TRUNC(in_limit) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_limit must be 1 to 10000');
    END IF;

    begin_work;
    v_now := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    BEGIN
      FOR v_lane IN c_lanes LOOP
        OPEN c_expired(v_lane.lane);
        FETCH c_expired BULK COLLECT INTO v_ids LIMIT v_left;
        CLOSE c_expired;
        fail_expired(v_ids, v_now);
        v_left := v_left - v_ids.COUNT;
        EXIT WHEN v_left = 0;
      END LOOP;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK;
        RAISE;
    END;
    COMMIT;
    out_expired := in_limit - v_left;
  END expire_tasks;

  PROCEDURE purge_tasks (
    in_limit IN NUMBER,
    out_deleted OUT NUMBER
  )
  IS
    v_now TIMESTAMP(3);
    v_ids ids;
    CURSOR c_ended IS
      SELECT /*+ INDEX(task qtask_due) */ task.task_id
      FROM qtask_task task
      WHERE task.lane = 0 AND task.due_at <= v_now
      ORDER BY task.due_at, task.task_id
      FOR UPDATE SKIP LOCKED;
  BEGIN
    DBMS_APPLICATION_INFO.SET_MODULE('qtask', 'purge_tasks');
    IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND 10000 OR in_limit <> TRUNC(in_limit) THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_limit must be 1 to 10000');
    END IF;

    begin_work;
    v_now := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    BEGIN
      OPEN c_ended;
      FETCH c_ended BULK COLLECT INTO v_ids LIMIT in_limit;
      CLOSE c_ended;
      FORALL i IN 1 .. v_ids.COUNT
        DELETE FROM qtask_task
        WHERE task_id = v_ids(i);
      out_deleted := v_ids.COUNT;
    EXCEPTION
      WHEN OTHERS THEN
        ROLLBACK;
        RAISE;
    END;
    COMMIT;
  END purge_tasks;

  PROCEDURE add_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2,
    in_order_no IN VARCHAR2,
    in_deadline IN NUMBER,
    in_delete_deadline IN NUMBER,
    in_max_count IN NUMBER,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    out_pushable OUT NUMBER
  )
  IS
    v_queue_id NUMBER;
    v_paused NUMBER;
  BEGIN
    check_task('in_', in_name, in_payload, in_interval, in_queue);
    check_options('in_', in_namespace, in_order_no, in_deadline, in_delete_deadline, in_max_count);
    find_queue(in_namespace, in_queue, v_queue_id, v_paused);
    store_task(
      in_name, in_payload, in_delay, in_interval, v_queue_id,
      in_order_no, in_deadline, in_delete_deadline, in_max_count,
      out_task_id, out_created
    );
    out_pushable := CASE WHEN out_created = 1 AND in_delay IS NULL AND v_paused = 0 THEN 1 ELSE 0 END;
  END add_task;

  PROCEDURE find_duplicate (
    in_order_no IN VARCHAR2,
    in_name IN VARCHAR2,
    in_queue_id IN NUMBER,
    out_task_id OUT NUMBER
  )
  IS
  BEGIN
    SELECT task_id
    INTO out_task_id
    FROM qtask_task
    WHERE order_key = in_order_no AND order_name = in_name AND order_queue_id = in_queue_id AND active = 1
    FOR UPDATE;
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      out_task_id := NULL;
  END find_duplicate;

  PROCEDURE check_task (
    in_label IN VARCHAR2,
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2
  )
  IS
  BEGIN
    IF in_name IS NULL OR LENGTH(in_name) > 128 OR SUBSTR(in_name, 1, 1) = ' ' OR SUBSTR(in_name, -1) = ' ' THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'name must have 1 to 128 characters, no blank at either end');
    END IF;
    IF in_queue IS NULL OR LENGTH(in_queue) > 128 OR SUBSTR(in_queue, 1, 1) = ' ' OR SUBSTR(in_queue, -1) = ' ' THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'queue must have 1 to 128 characters, no blank at either end');
    END IF;
    IF in_interval IS NULL OR in_interval NOT BETWEEN 1 AND 1576800000 OR in_interval <> TRUNC(in_interval) THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'interval must be 1 to 1576800000 (seconds)');
    END IF;
    check_payload(in_label, in_payload);
  END check_task;

  PROCEDURE check_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2
  )
  IS
  BEGIN
    IF in_queue IS NULL OR LENGTH(in_queue) > 128 OR SUBSTR(in_queue, 1, 1) = ' ' OR SUBSTR(in_queue, -1) = ' ' THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_queue must have 1 to 128 characters, no blank at either end');
    END IF;
    IF in_namespace IS NOT NULL AND (in_namespace IS NULL OR LENGTH(in_namespace) > 64 OR SUBSTR(in_namespace, 1, 1) = ' ' OR SUBSTR(in_namespace, -1) = ' ') THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_namespace must have 1 to 64 characters, no blank at either end');
    END IF;
  END check_queue;

  PROCEDURE refuse_start (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER,
    in_now IN TIMESTAMP
  )
  IS
    v_lane NUMBER;
    v_attempts NUMBER;
    v_exhausted NUMBER;
    v_deadline_at TIMESTAMP(3);
  BEGIN
    SELECT lane, attempts, CASE WHEN attempts - attempts_before >= max_count THEN 1 ELSE 0 END, deadline_at
    INTO v_lane, v_attempts, v_exhausted, v_deadline_at
    FROM qtask_task
    WHERE task_id = in_task_id;

    IF v_lane = 0 THEN
      RAISE_APPLICATION_ERROR(-20107, 'the task is finished, cancelled or failed');
    ELSIF in_attempt <> v_attempts + 1 THEN
      RAISE_APPLICATION_ERROR(-20109, 'in_attempt is not the next attempt of the task: another consumer has it');
    ELSIF in_now >= v_deadline_at THEN
      RAISE_APPLICATION_ERROR(-20111, 'the deadline of the task has passed');
    ELSIF v_exhausted = 1 THEN
      RAISE_APPLICATION_ERROR(-20110, 'the task has been started max_count times');
    END IF;
    RAISE_APPLICATION_ERROR(-20109, 'the task changed while it was being started: try again');
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      RAISE_APPLICATION_ERROR(-20106, 'there is no task with this in_task_id');
  END refuse_start;

  PROCEDURE refuse_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER
  )
  IS
    v_lane NUMBER;
    v_status NUMBER;
    v_attempts NUMBER;
  BEGIN
    SELECT lane, status, attempts
    INTO v_lane, v_status, v_attempts
    FROM qtask_task
    WHERE task_id = in_task_id;

    IF v_lane = 0 THEN
      RAISE_APPLICATION_ERROR(-20107, 'the task is finished, cancelled or failed');
    ELSIF in_attempt <> v_attempts THEN
      RAISE_APPLICATION_ERROR(-20109, 'in_attempt is not the present attempt of the task');
    ELSIF v_status <> 30 THEN
      RAISE_APPLICATION_ERROR(-20108, 'the task is waiting: start it first');
    END IF;
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      RAISE_APPLICATION_ERROR(-20106, 'there is no task with this in_task_id');
  END refuse_task;

  PROCEDURE begin_work
  IS
  BEGIN
    IF DBMS_TRANSACTION.LOCAL_TRANSACTION_ID IS NOT NULL THEN
      RAISE_APPLICATION_ERROR(-20115, 'this procedure commits by itself: end your transaction first');
    END IF;
  END begin_work;

  PROCEDURE lock_due (
    in_lane IN NUMBER,
    in_until IN TIMESTAMP,
    in_limit IN NUMBER,
    in_now IN TIMESTAMP,
    out_ids IN OUT NOCOPY ids,
    out_found OUT NUMBER,
    out_expired IN OUT NOCOPY ids
  )
  IS
    CURSOR c_due IS
      SELECT /*+ INDEX(task qtask_due) */
        task.task_id,
        CASE WHEN (deadline_at <= in_now OR attempts - attempts_before >= max_count) THEN 1 ELSE 0 END
      FROM qtask_task task
      WHERE task.lane = in_lane AND task.due_at <= in_until
      ORDER BY task.due_at, task.task_id
      FOR UPDATE SKIP LOCKED;
    v_ids ids;
    v_expired ids;
  BEGIN
    out_found := 0;
    IF in_limit > 0 THEN
      OPEN c_due;
      FETCH c_due BULK COLLECT INTO v_ids, v_expired LIMIT in_limit;
      CLOSE c_due;
      out_found := v_ids.COUNT;
    END IF;
    FOR i IN 1 .. v_ids.COUNT LOOP
      IF v_expired(i) = 1 THEN
        out_expired(out_expired.COUNT + 1) := v_ids(i);
      ELSE
        out_ids(out_ids.COUNT + 1) := v_ids(i);
      END IF;
    END LOOP;
  END lock_due;

  PROCEDURE give_back (
    in_batch_id IN NUMBER
  )
  IS
    CURSOR c_untouched IS
      SELECT task_id
      FROM qtask_task
      WHERE task_id IN (
          SELECT /*+ CARDINALITY(given 100) */ given.task_id
          FROM qtask_batch batch, JSON_TABLE(batch.task_ids, '$[*]' COLUMNS (task_id NUMBER PATH '$')) given
          WHERE batch.batch_id = in_batch_id
        )
        AND batch_id = in_batch_id
        AND lane > 0
      FOR UPDATE SKIP LOCKED;
    v_untouched ids;
    v_claimed_at TIMESTAMP(3);
  BEGIN
    SELECT claimed_at
    INTO v_claimed_at
    FROM qtask_batch
    WHERE batch_id = in_batch_id;

    -- A task that somebody has locked is in a consumer's hands: its message has arrived.
    OPEN c_untouched;
    FETCH c_untouched BULK COLLECT INTO v_untouched LIMIT 10000;
    CLOSE c_untouched;

    FORALL i IN 1 .. v_untouched.COUNT
      UPDATE qtask_task
      SET
        due_at = v_claimed_at,
        batch_id = 0
      WHERE task_id = v_untouched(i);

    DELETE FROM qtask_batch
    WHERE batch_id = in_batch_id;
  END give_back;

  PROCEDURE give_back_lapsed (
    in_now IN TIMESTAMP
  )
  IS
    CURSOR c_lapsed IS
      SELECT batch_id
      FROM qtask_batch
      WHERE lapses_at <= in_now
      ORDER BY lapses_at
      FOR UPDATE SKIP LOCKED;
    v_batch_id NUMBER;
  BEGIN
    OPEN c_lapsed;
    FETCH c_lapsed INTO v_batch_id;
    CLOSE c_lapsed;
    IF v_batch_id IS NOT NULL THEN
      give_back(v_batch_id);
    END IF;
  END give_back_lapsed;

  PROCEDURE find_next_due (
    in_after IN TIMESTAMP,
    in_namespace IN VARCHAR2,
    in_held IN CLOB,
    out_wait_ms OUT NUMBER
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    v_after TIMESTAMP(3) := COALESCE(in_after, TIMESTAMP '1970-01-01 00:00:00');
    v_due_at TIMESTAMP(3);
    v_wait INTERVAL DAY(9) TO SECOND(3);
  BEGIN
    SELECT MIN(LEAST(
      COALESCE(active_at, TIMESTAMP '9999-12-31 00:00:00'),
      COALESCE(CASE WHEN closed = 1 OR parked_at IS NULL THEN parked_at ELSE v_now END, TIMESTAMP '9999-12-31 00:00:00')
    ))
    INTO v_due_at
    FROM (
      SELECT
        CASE WHEN queue.paused_at IS NOT NULL OR held.name IS NOT NULL THEN 1 ELSE 0 END AS closed,
        (
          SELECT MIN(task.due_at)
          FROM qtask_task task
          WHERE task.lane = queue.queue_id AND task.due_at > v_after
        ) AS active_at,
        (
          SELECT MIN(task.due_at)
          FROM qtask_task task
          WHERE task.lane = -queue.queue_id AND task.due_at > v_after
        ) AS parked_at
      FROM qtask_queue queue
      LEFT JOIN (
        SELECT DISTINCT name
        FROM JSON_TABLE(in_held, '$[*]' COLUMNS (name VARCHAR2(128 CHAR) PATH '$'))
      ) held ON held.name = queue.queue
      WHERE in_namespace IS NULL OR queue.namespace = in_namespace
    ) lane;

    SELECT LEAST(COALESCE(v_due_at, TIMESTAMP '9999-12-31 00:00:00'), COALESCE(MIN(lapses_at), TIMESTAMP '9999-12-31 00:00:00'))
    INTO v_due_at
    FROM qtask_batch;

    IF v_due_at < TIMESTAMP '9999-12-31 00:00:00' THEN
      v_wait := v_due_at - v_now;
      out_wait_ms := GREATEST(0, CEIL((EXTRACT(DAY FROM v_wait) * 86400 + EXTRACT(HOUR FROM v_wait) * 3600
      + EXTRACT(MINUTE FROM v_wait) * 60 + EXTRACT(SECOND FROM v_wait)) * 1000));
    END IF;
  END find_next_due;

  PROCEDURE store_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval_seconds IN NUMBER,
    in_queue_id IN NUMBER,
    in_order_no IN VARCHAR2,
    in_deadline IN NUMBER,
    in_delete_deadline IN NUMBER,
    in_max_count IN NUMBER,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER
  )
  IS
    v_now TIMESTAMP(3) := SYS_EXTRACT_UTC(SYSTIMESTAMP);
    v_races PLS_INTEGER := 0;
  BEGIN
    out_created := 0;
    WHILE out_task_id IS NULL LOOP
      BEGIN
        INSERT INTO qtask_task (
          task_id, lane, queue_id, status, name, order_no, payload, interval_seconds,
          delete_deadline, max_count, created_at, deadline_at, due_at
        )
        VALUES (
          qtask_task_seq.NEXTVAL, in_queue_id, in_queue_id, 20,
          in_name, in_order_no, in_payload, in_interval_seconds,
          COALESCE(in_delete_deadline, 0),
          COALESCE(in_max_count, 100),
          v_now,
          v_now + NUMTODSINTERVAL(COALESCE(in_deadline, 604800), 'SECOND'),
          v_now + NUMTODSINTERVAL(LEAST(COALESCE(in_delay, 5), COALESCE(in_deadline, 604800)), 'SECOND')
        )
        RETURNING task_id INTO out_task_id;
        out_created := 1;
      EXCEPTION
        WHEN DUP_VAL_ON_INDEX THEN
          v_races := v_races + 1;
          IF in_order_no IS NULL OR v_races > 100 THEN
            RAISE;
          END IF;
          find_duplicate(in_order_no, in_name, in_queue_id, out_task_id);
      END;
    END LOOP;
  END store_task;

  PROCEDURE find_queue (
    in_namespace IN VARCHAR2,
    in_queue IN VARCHAR2,
    out_queue_id OUT NUMBER,
    out_paused OUT NUMBER
  )
  IS
    v_namespace VARCHAR2(64 CHAR) := COALESCE(in_namespace, 'default');
  BEGIN
    BEGIN
      SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
      INTO out_queue_id, out_paused
      FROM qtask_queue
      WHERE namespace = v_namespace AND queue = in_queue;
    EXCEPTION
      WHEN NO_DATA_FOUND THEN
        BEGIN
          out_paused := 0;
          INSERT INTO qtask_queue (queue_id, namespace, queue)
          VALUES (qtask_queue_seq.NEXTVAL, v_namespace, in_queue)
          RETURNING queue_id INTO out_queue_id;
        EXCEPTION
          WHEN DUP_VAL_ON_INDEX THEN
            SELECT queue_id, CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END
            INTO out_queue_id, out_paused
            FROM qtask_queue
            WHERE namespace = v_namespace AND queue = in_queue;
        END;
    END;
  END find_queue;

  PROCEDURE check_options (
    in_label IN VARCHAR2,
    in_namespace IN VARCHAR2,
    in_order_no IN VARCHAR2,
    in_deadline IN NUMBER,
    in_delete_deadline IN NUMBER,
    in_max_count IN NUMBER
  )
  IS
  BEGIN
    IF in_namespace IS NOT NULL AND (in_namespace IS NULL OR LENGTH(in_namespace) > 64 OR SUBSTR(in_namespace, 1, 1) = ' ' OR SUBSTR(in_namespace, -1) = ' ') THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'namespace must have 1 to 64 characters, no blank at either end');
    END IF;
    IF in_order_no IS NOT NULL AND (in_order_no IS NULL OR LENGTH(in_order_no) > 128 OR SUBSTR(in_order_no, 1, 1) = ' ' OR SUBSTR(in_order_no, -1) = ' ') THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'order_no must be a string of 1 to 128 characters, no blank at either end');
    END IF;
    IF in_deadline NOT BETWEEN 1 AND 1576800000 OR in_deadline <> TRUNC(in_deadline) THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'deadline must be 1 to 1576800000 (seconds)');
    END IF;
    IF in_delete_deadline NOT BETWEEN 0 AND 1576800000 OR in_delete_deadline <> TRUNC(in_delete_deadline) THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'delete_deadline must be 0 to 1576800000 (seconds)');
    END IF;
    IF in_max_count NOT BETWEEN 1 AND 1000000 OR in_max_count <> TRUNC(in_max_count) THEN
      RAISE_APPLICATION_ERROR(-20101, in_label || 'max_count must be 1 to 1000000');
    END IF;
  END check_options;

  PROCEDURE check_payload (
    in_label IN VARCHAR2,
    in_payload IN CLOB
  )
  IS
    v_error NUMBER;
  BEGIN
    -- No character has more than four bytes.
    IF LENGTH(in_payload) * 4 > 65536 AND utf8_length(in_payload) > 65536 THEN
      RAISE_APPLICATION_ERROR(-20104, in_label || 'payload must have at most 65536 bytes');
    END IF;

    SELECT
      CASE
        WHEN in_payload IS JSON STRICT AND REGEXP_LIKE(in_payload, '^[' || CHR(9) || CHR(10) || CHR(13) || ' ]*\{')
          AND (INSTR(in_payload, '\u') = 0 OR NOT REGEXP_LIKE(REGEXP_REPLACE(in_payload, '\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}'), '\\u[dD][89a-fA-F]')) THEN
          CASE
            WHEN JSON_EXISTS(in_payload, '$."task_id"') OR JSON_EXISTS(in_payload, '$."task_attempt"') THEN
              20105
          END
        ELSE 20103
      END
    INTO v_error
    FROM dual;

    IF v_error = 20103 THEN
      RAISE_APPLICATION_ERROR(-20103, in_label || 'payload must be a JSON object');
    ELSIF v_error = 20105 THEN
      RAISE_APPLICATION_ERROR(-20105, in_label || 'payload must not have the keys task_id and task_attempt');
    ELSIF json_depth(in_payload) > 100 THEN
      RAISE_APPLICATION_ERROR(-20103, in_label || 'payload must be a JSON object, not nested too deeply');
    END IF;
  END check_payload;

  FUNCTION utf8_length (
    in_text IN CLOB
  )
  RETURN NUMBER
  IS
    v_utf8 BLOB;
    v_to INTEGER := 1;
    v_from INTEGER := 1;
    v_language INTEGER := DBMS_LOB.DEFAULT_LANG_CTX;
    v_warning INTEGER;
    v_length NUMBER;
  BEGIN
    DBMS_LOB.CREATETEMPORARY(v_utf8, TRUE);
    DBMS_LOB.CONVERTTOBLOB(
      v_utf8, in_text, DBMS_LOB.LOBMAXSIZE, v_to, v_from, NLS_CHARSET_ID('AL32UTF8'), v_language, v_warning
    );
    v_length := DBMS_LOB.GETLENGTH(v_utf8);
    DBMS_LOB.FREETEMPORARY(v_utf8);
    RETURN v_length;
  END utf8_length;

  FUNCTION json_depth (
    in_json IN CLOB
  )
  RETURN NUMBER
  IS
    v_brackets CLOB;
    v_depth PLS_INTEGER := 0;
  BEGIN
    -- So deep takes more than so many brackets of one of the two kinds.
    IF INSTR(in_json, '{', 1, 51) = 0 AND INSTR(in_json, '[', 1, 51) = 0 THEN
      RETURN 0;
    END IF;
    v_brackets := REGEXP_REPLACE(REPLACE(REPLACE(in_json, '\\'), '\"'), '"[^"]*"');
    v_brackets := REPLACE(REPLACE(REGEXP_REPLACE(v_brackets, '[^][{}]'), '{', '['), '}', ']');
    WHILE LENGTH(v_brackets) > 0 AND v_depth <= 100 LOOP
      v_brackets := REPLACE(v_brackets, '[]');
      v_depth := v_depth + 1;
    END LOOP;
    RETURN v_depth;
  END json_depth;

  PROCEDURE read_tasks (
    in_tasks IN CLOB,
    out_ids OUT NOCOPY ids,
    out_attempts OUT NOCOPY ids
  )
  IS
    v_found NUMBER;
    v_bad NUMBER;
  BEGIN
    SELECT COUNT(*)
    INTO v_found
    FROM dual
    WHERE in_tasks IS JSON STRICT AND REGEXP_LIKE(in_tasks, '^[' || CHR(9) || CHR(10) || CHR(13) || ' ]*\[');
    IF v_found = 0 THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_tasks must be a JSON array of objects with task_id and attempt');
    END IF;

    SELECT
      COUNT(*),
      COUNT(CASE
        WHEN NOT COALESCE(REGEXP_COUNT(task_id, '^\[ *-?[0-9]{1,18} *\]$'), 0) = 1
          OR NOT COALESCE(REGEXP_COUNT(attempt, '^\[ *-?[0-9]{1,18} *\]$'), 1) = 1 THEN 1
      END)
    INTO v_found, v_bad
    FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
      task_id VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."task_id"' EMPTY ARRAY ON ERROR,
      attempt VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."attempt"' EMPTY ARRAY ON ERROR
    ));
    IF v_found > 10000 THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_tasks must have at most 10000 elements');
    END IF;
    IF v_bad > 0 THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_tasks: task_id of each element, and attempt where given, must be integers');
    END IF;

    SELECT DISTINCT task_id, attempt
    BULK COLLECT INTO out_ids, out_attempts
    FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
      task_id NUMBER PATH '$."task_id"', attempt NUMBER PATH '$."attempt"'
    ))
    ORDER BY task_id, attempt;
  END read_tasks;

  PROCEDURE check_held (
    in_held IN CLOB
  )
  IS
    v_found NUMBER;
  BEGIN
    SELECT COUNT(*)
    INTO v_found
    FROM dual
    WHERE in_held IS NULL OR in_held IS JSON STRICT AND REGEXP_LIKE(in_held, '^[' || CHR(9) || CHR(10) || CHR(13) || ' ]*\[');
    IF v_found = 0 THEN
      RAISE_APPLICATION_ERROR(-20101, 'in_held must be NULL or a JSON array of queue names');
    END IF;
  END check_held;

  PROCEDURE fail_expired (
    in_ids IN ids,
    in_now IN TIMESTAMP
  )
  IS
  BEGIN
    FORALL i IN 1 .. in_ids.COUNT
      UPDATE qtask_task
      SET
        lane = 0,
        status = 90,
        ended_at = in_now,
        due_at = in_now + NUMTODSINTERVAL(CASE delete_deadline WHEN 0 THEN 604800 ELSE delete_deadline END, 'SECOND')
      WHERE task_id = in_ids(i);
  END fail_expired;

  FUNCTION json_array_of (
    in_ids IN ids
  )
  RETURN CLOB
  IS
    v_array CLOB;
    v_part VARCHAR2(32767);
  BEGIN
    FOR i IN 1 .. in_ids.COUNT LOOP
      v_part := v_part || CASE WHEN i > 1 THEN ',' END || TO_CHAR(in_ids(i));
      IF LENGTH(v_part) > 32000 THEN
        v_array := v_array || v_part;
        v_part := NULL;
      END IF;
    END LOOP;
    RETURN '[' || v_array || v_part || ']';
  END json_array_of;
END qtask;
/
SHOW ERRORS

CREATE OR REPLACE PACKAGE qtask_app AUTHID DEFINER AS
  -- qtask-db 0.1.0 20a981a5834a635d
  -- The procedures of qtask that the role qtask_app may call, and nothing else.

  -- What they raise.
  invalid_argument EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_argument, -20101);
  unknown_option EXCEPTION;
  PRAGMA EXCEPTION_INIT(unknown_option, -20102);
  invalid_payload EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_payload, -20103);
  payload_too_large EXCEPTION;
  PRAGMA EXCEPTION_INIT(payload_too_large, -20104);
  reserved_key EXCEPTION;
  PRAGMA EXCEPTION_INIT(reserved_key, -20105);
  task_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_found, -20106);
  task_not_active EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_active, -20107);
  task_not_processing EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_processing, -20108);
  stale_attempt EXCEPTION;
  PRAGMA EXCEPTION_INIT(stale_attempt, -20109);
  attempts_exhausted EXCEPTION;
  PRAGMA EXCEPTION_INIT(attempts_exhausted, -20110);
  deadline_passed EXCEPTION;
  PRAGMA EXCEPTION_INIT(deadline_passed, -20111);
  task_not_retryable EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_retryable, -20112);
  duplicate_order EXCEPTION;
  PRAGMA EXCEPTION_INIT(duplicate_order, -20113);
  batch_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(batch_not_found, -20114);
  transaction_open EXCEPTION;
  PRAGMA EXCEPTION_INIT(transaction_open, -20115);

  PROCEDURE create_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    out_pushable OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  );
  /*
  Creates a real-time task. Its creator pushes the message itself once the transaction has
  committed; a relay does it where the creator has not within 5 s.

  Parameters
    in_name       what the task is, 1 to 128 characters
    in_payload    a JSON object of at most 65536 bytes, without the keys task_id and task_attempt
    in_interval   seconds until an unfinished task is queued again, 1 to 1576800000
    in_queue      name of the Redis list, 1 to 128 characters
    in_namespace  1 to 64 characters; NULL is default
    in_order_no   1 to 128 characters; NULL is none
    in_deadline   seconds, 1 to 1576800000; NULL is 604800
    in_delete_deadline  seconds, 0 to 1576800000; NULL is 0
    in_max_count  1 to 1000000; NULL is 100
  Result
    out_task_id   the task
    out_created   1, or 0 where an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
    out_pushable  1 where the caller is to push the message: created, and the queue is not paused
  Errors
    invalid_argument, invalid_payload, payload_too_large, reserved_key
  Transaction
    Joins the caller's.
  */

  PROCEDURE delay_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  );
  /*
  Creates a delayed task. A relay pushes its message when the delay has passed.

  Parameters
    in_name       what the task is, 1 to 128 characters
    in_payload    a JSON object of at most 65536 bytes, without the keys task_id and task_attempt
    in_delay      seconds until the task is first queued, 0 to 1576800000
    in_interval   seconds until an unfinished task is queued again, 1 to 1576800000
    in_queue      name of the Redis list, 1 to 128 characters
    in_namespace  1 to 64 characters; NULL is default
    in_order_no   1 to 128 characters; NULL is none
    in_deadline   seconds from the creation, not from the end of the delay, 1 to 1576800000; NULL is 604800
    in_delete_deadline  seconds, 0 to 1576800000; NULL is 0
    in_max_count  1 to 1000000; NULL is 100
  Result
    out_task_id   the task
    out_created   1, or 0 where an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
  Errors
    invalid_argument, invalid_payload, payload_too_large, reserved_key
  Transaction
    Joins the caller's.
  */

  PROCEDURE create_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE start_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    out_attempt OUT NUMBER
  );
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

  PROCEDURE start_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE finish_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL
  );
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

  PROCEDURE finish_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE fail_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_error IN CLOB DEFAULT NULL,
    in_delay IN NUMBER DEFAULT NULL,
    out_status OUT NUMBER
  );
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

  PROCEDURE extend_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_seconds IN NUMBER DEFAULT NULL
  );
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

  PROCEDURE explain_task (
    in_task_id IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  );
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
END qtask_app;
/
SHOW ERRORS

CREATE OR REPLACE PACKAGE BODY qtask_app AS
  -- qtask-db 0.1.0 2254e8c0503cddc2

  PROCEDURE create_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    out_pushable OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  )
  IS
  BEGIN
    qtask.create_task(
      in_name => in_name,
      in_payload => in_payload,
      in_interval => in_interval,
      in_queue => in_queue,
      out_task_id => out_task_id,
      out_created => out_created,
      out_pushable => out_pushable,
      in_namespace => in_namespace,
      in_order_no => in_order_no,
      in_deadline => in_deadline,
      in_delete_deadline => in_delete_deadline,
      in_max_count => in_max_count
    );
  END create_task;

  PROCEDURE delay_task (
    in_name IN VARCHAR2,
    in_payload IN CLOB,
    in_delay IN NUMBER,
    in_interval IN NUMBER,
    in_queue IN VARCHAR2,
    out_task_id OUT NUMBER,
    out_created OUT NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_deadline IN NUMBER DEFAULT NULL,
    in_delete_deadline IN NUMBER DEFAULT NULL,
    in_max_count IN NUMBER DEFAULT NULL
  )
  IS
  BEGIN
    qtask.delay_task(
      in_name => in_name,
      in_payload => in_payload,
      in_delay => in_delay,
      in_interval => in_interval,
      in_queue => in_queue,
      out_task_id => out_task_id,
      out_created => out_created,
      in_namespace => in_namespace,
      in_order_no => in_order_no,
      in_deadline => in_deadline,
      in_delete_deadline => in_delete_deadline,
      in_max_count => in_max_count
    );
  END delay_task;

  PROCEDURE create_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  )
  IS
  BEGIN
    qtask.create_tasks(
      in_tasks => in_tasks,
      out_rows => out_rows
    );
  END create_tasks;

  PROCEDURE start_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    out_attempt OUT NUMBER
  )
  IS
  BEGIN
    qtask.start_task(
      in_task_id => in_task_id,
      in_attempt => in_attempt,
      out_attempt => out_attempt
    );
  END start_task;

  PROCEDURE start_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  )
  IS
  BEGIN
    qtask.start_tasks(
      in_tasks => in_tasks,
      out_rows => out_rows
    );
  END start_tasks;

  PROCEDURE finish_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL
  )
  IS
  BEGIN
    qtask.finish_task(
      in_task_id => in_task_id,
      in_attempt => in_attempt
    );
  END finish_task;

  PROCEDURE finish_tasks (
    in_tasks IN CLOB,
    out_rows OUT SYS_REFCURSOR
  )
  IS
  BEGIN
    qtask.finish_tasks(
      in_tasks => in_tasks,
      out_rows => out_rows
    );
  END finish_tasks;

  PROCEDURE fail_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_error IN CLOB DEFAULT NULL,
    in_delay IN NUMBER DEFAULT NULL,
    out_status OUT NUMBER
  )
  IS
  BEGIN
    qtask.fail_task(
      in_task_id => in_task_id,
      in_attempt => in_attempt,
      in_error => in_error,
      in_delay => in_delay,
      out_status => out_status
    );
  END fail_task;

  PROCEDURE extend_task (
    in_task_id IN NUMBER,
    in_attempt IN NUMBER DEFAULT NULL,
    in_seconds IN NUMBER DEFAULT NULL
  )
  IS
  BEGIN
    qtask.extend_task(
      in_task_id => in_task_id,
      in_attempt => in_attempt,
      in_seconds => in_seconds
    );
  END extend_task;

  PROCEDURE explain_task (
    in_task_id IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  )
  IS
  BEGIN
    qtask.explain_task(
      in_task_id => in_task_id,
      out_rows => out_rows
    );
  END explain_task;
END qtask_app;
/
SHOW ERRORS

CREATE OR REPLACE PACKAGE qtask_relay AUTHID DEFINER AS
  -- qtask-db 0.1.0 ca4781066a662e47
  -- The procedures of qtask that the role qtask_relay may call, and nothing else.

  -- What they raise.
  invalid_argument EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_argument, -20101);
  unknown_option EXCEPTION;
  PRAGMA EXCEPTION_INIT(unknown_option, -20102);
  invalid_payload EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_payload, -20103);
  payload_too_large EXCEPTION;
  PRAGMA EXCEPTION_INIT(payload_too_large, -20104);
  reserved_key EXCEPTION;
  PRAGMA EXCEPTION_INIT(reserved_key, -20105);
  task_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_found, -20106);
  task_not_active EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_active, -20107);
  task_not_processing EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_processing, -20108);
  stale_attempt EXCEPTION;
  PRAGMA EXCEPTION_INIT(stale_attempt, -20109);
  attempts_exhausted EXCEPTION;
  PRAGMA EXCEPTION_INIT(attempts_exhausted, -20110);
  deadline_passed EXCEPTION;
  PRAGMA EXCEPTION_INIT(deadline_passed, -20111);
  task_not_retryable EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_retryable, -20112);
  duplicate_order EXCEPTION;
  PRAGMA EXCEPTION_INIT(duplicate_order, -20113);
  batch_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(batch_not_found, -20114);
  transaction_open EXCEPTION;
  PRAGMA EXCEPTION_INIT(transaction_open, -20115);

  PROCEDURE scan_tasks (
    in_relay IN VARCHAR2,
    in_limit IN NUMBER,
    in_lease IN NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_batch_id OUT NUMBER,
    out_wait_ms OUT NUMBER,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE next_due (
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_wait_ms OUT NUMBER
  );
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

  PROCEDURE confirm_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  );
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

  PROCEDURE release_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  );
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

  PROCEDURE expire_tasks (
    in_limit IN NUMBER,
    out_expired OUT NUMBER
  );
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

  PROCEDURE purge_tasks (
    in_limit IN NUMBER,
    out_deleted OUT NUMBER
  );
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
END qtask_relay;
/
SHOW ERRORS

CREATE OR REPLACE PACKAGE BODY qtask_relay AS
  -- qtask-db 0.1.0 1d463e91ca811926

  PROCEDURE scan_tasks (
    in_relay IN VARCHAR2,
    in_limit IN NUMBER,
    in_lease IN NUMBER,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_batch_id OUT NUMBER,
    out_wait_ms OUT NUMBER,
    out_rows OUT SYS_REFCURSOR
  )
  IS
  BEGIN
    qtask.scan_tasks(
      in_relay => in_relay,
      in_limit => in_limit,
      in_lease => in_lease,
      in_namespace => in_namespace,
      in_held => in_held,
      out_batch_id => out_batch_id,
      out_wait_ms => out_wait_ms,
      out_rows => out_rows
    );
  END scan_tasks;

  PROCEDURE next_due (
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_held IN CLOB DEFAULT NULL,
    out_wait_ms OUT NUMBER
  )
  IS
  BEGIN
    qtask.next_due(
      in_namespace => in_namespace,
      in_held => in_held,
      out_wait_ms => out_wait_ms
    );
  END next_due;

  PROCEDURE confirm_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  )
  IS
  BEGIN
    qtask.confirm_batch(
      in_batch_id => in_batch_id,
      in_relay => in_relay
    );
  END confirm_batch;

  PROCEDURE release_batch (
    in_batch_id IN NUMBER,
    in_relay IN VARCHAR2
  )
  IS
  BEGIN
    qtask.release_batch(
      in_batch_id => in_batch_id,
      in_relay => in_relay
    );
  END release_batch;

  PROCEDURE expire_tasks (
    in_limit IN NUMBER,
    out_expired OUT NUMBER
  )
  IS
  BEGIN
    qtask.expire_tasks(
      in_limit => in_limit,
      out_expired => out_expired
    );
  END expire_tasks;

  PROCEDURE purge_tasks (
    in_limit IN NUMBER,
    out_deleted OUT NUMBER
  )
  IS
  BEGIN
    qtask.purge_tasks(
      in_limit => in_limit,
      out_deleted => out_deleted
    );
  END purge_tasks;
END qtask_relay;
/
SHOW ERRORS

CREATE OR REPLACE PACKAGE qtask_operator AUTHID DEFINER AS
  -- qtask-db 0.1.0 f6a699328af74ce0
  -- The procedures of qtask that the role qtask_operator may call, and nothing else.

  -- What they raise.
  invalid_argument EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_argument, -20101);
  unknown_option EXCEPTION;
  PRAGMA EXCEPTION_INIT(unknown_option, -20102);
  invalid_payload EXCEPTION;
  PRAGMA EXCEPTION_INIT(invalid_payload, -20103);
  payload_too_large EXCEPTION;
  PRAGMA EXCEPTION_INIT(payload_too_large, -20104);
  reserved_key EXCEPTION;
  PRAGMA EXCEPTION_INIT(reserved_key, -20105);
  task_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_found, -20106);
  task_not_active EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_active, -20107);
  task_not_processing EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_processing, -20108);
  stale_attempt EXCEPTION;
  PRAGMA EXCEPTION_INIT(stale_attempt, -20109);
  attempts_exhausted EXCEPTION;
  PRAGMA EXCEPTION_INIT(attempts_exhausted, -20110);
  deadline_passed EXCEPTION;
  PRAGMA EXCEPTION_INIT(deadline_passed, -20111);
  task_not_retryable EXCEPTION;
  PRAGMA EXCEPTION_INIT(task_not_retryable, -20112);
  duplicate_order EXCEPTION;
  PRAGMA EXCEPTION_INIT(duplicate_order, -20113);
  batch_not_found EXCEPTION;
  PRAGMA EXCEPTION_INIT(batch_not_found, -20114);
  transaction_open EXCEPTION;
  PRAGMA EXCEPTION_INIT(transaction_open, -20115);

  PROCEDURE cancel_task (
    in_task_id IN NUMBER
  );
  /*
  Cancels an active task. A run that is under way is not stopped, but it can no longer finish the task.

  Parameters
    in_task_id    the task
  Errors
    invalid_argument, task_not_found, task_not_active
  Transaction
    Joins the caller's.
  */

  PROCEDURE retry_task (
    in_task_id IN NUMBER,
    in_deadline IN NUMBER DEFAULT NULL
  );
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

  PROCEDURE pause_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  );
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

  PROCEDURE resume_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  );
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

  PROCEDURE redrive_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_age IN NUMBER DEFAULT NULL,
    in_limit IN NUMBER,
    out_redriven OUT NUMBER
  );
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

  PROCEDURE explain_task (
    in_task_id IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE list_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_status IN NUMBER DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_limit IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  );
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

  PROCEDURE expire_tasks (
    in_limit IN NUMBER,
    out_expired OUT NUMBER
  );
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

  PROCEDURE purge_tasks (
    in_limit IN NUMBER,
    out_deleted OUT NUMBER
  );
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
END qtask_operator;
/
SHOW ERRORS

CREATE OR REPLACE PACKAGE BODY qtask_operator AS
  -- qtask-db 0.1.0 6f29bb0bd97d608c

  PROCEDURE cancel_task (
    in_task_id IN NUMBER
  )
  IS
  BEGIN
    qtask.cancel_task(
      in_task_id => in_task_id
    );
  END cancel_task;

  PROCEDURE retry_task (
    in_task_id IN NUMBER,
    in_deadline IN NUMBER DEFAULT NULL
  )
  IS
  BEGIN
    qtask.retry_task(
      in_task_id => in_task_id,
      in_deadline => in_deadline
    );
  END retry_task;

  PROCEDURE pause_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  )
  IS
  BEGIN
    qtask.pause_queue(
      in_queue => in_queue,
      in_namespace => in_namespace
    );
  END pause_queue;

  PROCEDURE resume_queue (
    in_queue IN VARCHAR2,
    in_namespace IN VARCHAR2 DEFAULT NULL
  )
  IS
  BEGIN
    qtask.resume_queue(
      in_queue => in_queue,
      in_namespace => in_namespace
    );
  END resume_queue;

  PROCEDURE redrive_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_age IN NUMBER DEFAULT NULL,
    in_limit IN NUMBER,
    out_redriven OUT NUMBER
  )
  IS
  BEGIN
    qtask.redrive_tasks(
      in_queue => in_queue,
      in_namespace => in_namespace,
      in_age => in_age,
      in_limit => in_limit,
      out_redriven => out_redriven
    );
  END redrive_tasks;

  PROCEDURE explain_task (
    in_task_id IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  )
  IS
  BEGIN
    qtask.explain_task(
      in_task_id => in_task_id,
      out_rows => out_rows
    );
  END explain_task;

  PROCEDURE list_tasks (
    in_queue IN VARCHAR2 DEFAULT NULL,
    in_status IN NUMBER DEFAULT NULL,
    in_order_no IN VARCHAR2 DEFAULT NULL,
    in_namespace IN VARCHAR2 DEFAULT NULL,
    in_limit IN NUMBER,
    out_rows OUT SYS_REFCURSOR
  )
  IS
  BEGIN
    qtask.list_tasks(
      in_queue => in_queue,
      in_status => in_status,
      in_order_no => in_order_no,
      in_namespace => in_namespace,
      in_limit => in_limit,
      out_rows => out_rows
    );
  END list_tasks;

  PROCEDURE expire_tasks (
    in_limit IN NUMBER,
    out_expired OUT NUMBER
  )
  IS
  BEGIN
    qtask.expire_tasks(
      in_limit => in_limit,
      out_expired => out_expired
    );
  END expire_tasks;

  PROCEDURE purge_tasks (
    in_limit IN NUMBER,
    out_deleted OUT NUMBER
  )
  IS
  BEGIN
    qtask.purge_tasks(
      in_limit => in_limit,
      out_deleted => out_deleted
    );
  END purge_tasks;
END qtask_operator;
/
SHOW ERRORS

MERGE INTO qtask_setting kept
USING (SELECT 'payload_limit' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '65536'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('payload_limit', '65536')
/
MERGE INTO qtask_setting kept
USING (SELECT 'push_grace' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '5'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('push_grace', '5')
/
MERGE INTO qtask_setting kept
USING (SELECT 'maintenance_minutes' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '0'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('maintenance_minutes', '0')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_task_list' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '1771745b1dbf4e0e'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_task_list', '1771745b1dbf4e0e')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_queue_statistics' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '09e17a336c08f1f9'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_queue_statistics', '09e17a336c08f1f9')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_queue_audit' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = 'c492b56e0d1a24e0'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_queue_audit', 'c492b56e0d1a24e0')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_due_backlog' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '5a8f5a91fe36c9e0'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_due_backlog', '5a8f5a91fe36c9e0')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_failed_tasks' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '7891c3cddb388954'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_failed_tasks', '7891c3cddb388954')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_unconfirmed_batches' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '6af54959012c237c'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_unconfirmed_batches', '6af54959012c237c')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_package_spec' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = 'ab3d142854342280'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_package_spec', 'ab3d142854342280')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_package_body' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = 'cc2169ebb3636e07'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_package_body', 'cc2169ebb3636e07')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_app_spec' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '20a981a5834a635d'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_app_spec', '20a981a5834a635d')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_app_body' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '2254e8c0503cddc2'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_app_body', '2254e8c0503cddc2')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_relay_spec' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = 'ca4781066a662e47'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_relay_spec', 'ca4781066a662e47')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_relay_body' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '1d463e91ca811926'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_relay_body', '1d463e91ca811926')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_operator_spec' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = 'f6a699328af74ce0'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_operator_spec', 'f6a699328af74ce0')
/
MERGE INTO qtask_setting kept
USING (SELECT 'digest of qtask_operator_body' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '6f29bb0bd97d608c'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('digest of qtask_operator_body', '6f29bb0bd97d608c')
/
MERGE INTO qtask_setting kept
USING (SELECT 'version' AS name FROM dual) given
ON (kept.name = given.name)
WHEN MATCHED THEN UPDATE SET value = '0.1.0'
WHEN NOT MATCHED THEN INSERT (name, value) VALUES ('version', '0.1.0')
/
COMMIT;
