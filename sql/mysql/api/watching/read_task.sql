CREATE PROCEDURE {{ p }}read_task (
  IN in_task_id BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Reads all of a task: its payload and the history of its attempts, too.

  Parameters
    in_task_id    the task
  Result
    one row: the columns of the view task_list, then interval_seconds, on_failure, lapses (attempts in a row that were started and
    never ended), payload (as its creator gave it) and history, a JSON array with an object for each attempt that did not
    succeed, the newest {{ limit.history }} at most: attempt, started_at, ended_at, outcome (failed, rejected, snoozed, lapsed
    if it never ended, expired at the deadline, cancelled), worker, error, traceback. Times are UTC
  Errors
    invalid_argument, task_not_found
  Transaction
    Joins the caller's.
  */
  DECLARE v_found INT;
  DECLARE v_history {{ text }};

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  SELECT COUNT(*)
  INTO v_found
  FROM {{ p }}task
  WHERE task_id = in_task_id;
  IF v_found = 0 THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END IF;
  {{ settled }} SELECT {{ uncut }} CONCAT('[', GROUP_CONCAT(JSON_OBJECT(
    'attempt', attempt,
    'started_at', CONCAT(started_at),
    'ended_at', CONCAT(ended_at),
    'outcome', outcome,
    'worker', worker,
    'error', error,
    'traceback', traceback
  ) ORDER BY attempt SEPARATOR ','), ']')
  INTO v_history
  FROM {{ p }}attempt
  WHERE task_id = in_task_id;
  SELECT
    {{ task_columns }},
    interval_seconds, on_failure, lapses, payload, COALESCE(v_history, '[]') AS history
  FROM (
    SELECT listed.*, task.interval_seconds, task.on_failure, task.payload
    FROM {{ p }}task_list AS listed
    STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = listed.task_id
    WHERE listed.task_id = in_task_id
  ) AS found;
END
