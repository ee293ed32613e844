CREATE PROCEDURE {{ p }}refuse_start (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: raises the reason why a task was not started.
  */
  DECLARE v_lane INT;
  DECLARE v_attempts INT;
  DECLARE v_exhausted TINYINT;
  DECLARE v_used_up TINYINT;
  DECLARE v_deadline_at {{ instant }};

  SELECT lane, attempts, attempts - attempts_before >= max_count, {{ used_up() }}, deadline_at
  INTO v_lane, v_attempts, v_exhausted, v_used_up, v_deadline_at
  FROM {{ p }}task
  WHERE task_id = in_task_id
  LOCK IN SHARE MODE /* R16 */;

  IF v_lane IS NULL THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  ELSEIF v_lane = 0 THEN
    {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
  ELSEIF in_attempt <> v_attempts + 1 THEN
    {{ raise("stale_attempt", "in_attempt is not the next attempt of the task: another consumer has it") }};
  ELSEIF in_now >= v_deadline_at THEN
    {{ raise("deadline_passed", "the deadline of the task has passed") }};
  ELSEIF v_exhausted THEN
    {{ raise("attempts_exhausted", "the task has been started max_count times") }};
  ELSEIF v_used_up THEN
    {{ raise("attempts_exhausted", "the last %d attempts of the task were started and never ended" % max_lapses) }};
  END IF;
  {{ raise("stale_attempt", "the task changed while it was being started: try again") }};
END
