PROCEDURE refuse_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER
)
/*
Internal: raises the reason why a running attempt was not finished, failed or extended.
*/
IS
  v_lane NUMBER;
  v_status NUMBER;
  v_attempts NUMBER;
BEGIN
  SELECT lane, status, attempts
  INTO v_lane, v_status, v_attempts
  FROM {{ p }}task
  WHERE task_id = in_task_id;

  IF v_lane = 0 THEN
    {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
  ELSIF in_attempt <> v_attempts THEN
    {{ raise("stale_attempt", "in_attempt is not the present attempt of the task") }};
  ELSIF v_status <> {{ status.processing }} THEN
    {{ raise("task_not_processing", "the task is waiting: start it first") }};
  END IF;
  {{ raise("stale_attempt", "the task changed meanwhile: try again") }};
EXCEPTION
  WHEN NO_DATA_FOUND THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
END refuse_task;
