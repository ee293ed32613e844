CREATE PROCEDURE {{ p }}refuse_known (
  IN in_task_id BIGINT,
  IN in_attempts BIGINT,
  IN in_running TINYINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: raises why a task is refused of which a read without a lock has said for certain that it is.
  */
  DECLARE v_lane INT;
  DECLARE v_attempts INT;

  SELECT lane, attempts
  INTO v_lane, v_attempts
  FROM {{ p }}task
  WHERE task_id = in_task_id;

  IF v_lane IS NULL THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  ELSEIF v_lane = 0 THEN
    {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
  ELSEIF NOT in_running THEN
    {{ raise("stale_attempt", "in_attempt is not the next attempt of the task: another consumer has it") }};
  ELSEIF v_attempts > in_attempts THEN
    {{ raise("stale_attempt", "in_attempt is not the present attempt of the task") }};
  END IF;
  {{ raise("task_not_processing", "the task is waiting: start it first") }};
END
