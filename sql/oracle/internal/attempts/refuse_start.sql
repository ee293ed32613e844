PROCEDURE refuse_start (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER,
  in_now IN TIMESTAMP
)
/*
Internal: raises the reason why a task was not started.
*/
IS
  v_lane NUMBER;
  v_attempts NUMBER;
  v_exhausted NUMBER;
  v_used_up NUMBER;
  v_deadline_at {{ instant }};
BEGIN
  SELECT
    lane, attempts,
    CASE WHEN attempts - attempts_before >= max_count THEN 1 ELSE 0 END,
    CASE WHEN {{ used_up() }} THEN 1 ELSE 0 END,
    deadline_at
  INTO v_lane, v_attempts, v_exhausted, v_used_up, v_deadline_at
  FROM {{ p }}task
  WHERE task_id = in_task_id;

  IF v_lane = 0 THEN
    {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
  ELSIF in_attempt <> v_attempts + 1 THEN
    {{ raise("stale_attempt", "in_attempt is not the next attempt of the task: another consumer has it") }};
  ELSIF in_now >= v_deadline_at THEN
    {{ raise("deadline_passed", "the deadline of the task has passed") }};
  ELSIF v_exhausted = 1 THEN
    {{ raise("attempts_exhausted", "the task has been started max_count times") }};
  ELSIF v_used_up = 1 THEN
    {{ raise("attempts_exhausted", "the last %d attempts of the task were started and never ended" % max_lapses) }};
  END IF;
  {{ raise("stale_attempt", "the task changed while it was being started: try again") }};
EXCEPTION
  WHEN NO_DATA_FOUND THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
END refuse_start;
