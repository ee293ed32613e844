CREATE PROCEDURE {{ p }}refuse_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: raises the reason why a running attempt was not finished, failed or extended.
  */
  DECLARE v_lane INT;
  DECLARE v_status TINYINT;
  DECLARE v_attempts INT;

  SELECT lane, status, attempts
  INTO v_lane, v_status, v_attempts
  FROM {{ p }}task
  WHERE task_id = in_task_id
  LOCK IN SHARE MODE /* R16 */;

  IF v_lane IS NULL THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  ELSEIF v_lane = 0 THEN
    {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
  ELSEIF in_attempt <> v_attempts THEN
    {{ raise("stale_attempt", "in_attempt is not the present attempt of the task") }};
  ELSEIF v_status <> {{ status.processing }} THEN
    {{ raise("task_not_processing", "the task is waiting: start it first") }};
  END IF;
  {{ raise("stale_attempt", "the task changed meanwhile: try again") }};
END
