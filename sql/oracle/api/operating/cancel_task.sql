PROCEDURE cancel_task (
  in_task_id IN NUMBER
)
/*
Cancels an active task. A run that is under way is not stopped, but it can no longer finish the task.

Parameters
  in_task_id    the task
Errors
  invalid_argument, task_not_found, task_not_active
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_found NUMBER;
  v_cancelled ids;
  v_status NUMBER;
  v_attempt NUMBER;
  v_started_at {{ instant }};
  v_point BOOLEAN := TRUE;
BEGIN
  {{ enter("cancel_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  BEGIN
    SELECT status, attempts, started_at
    INTO v_status, v_attempt, v_started_at
    FROM {{ p }}task
    WHERE task_id = in_task_id
      AND lane <> 0
    FOR UPDATE; /* O7 */
  EXCEPTION
    WHEN NO_DATA_FOUND THEN
      SELECT COUNT(*) INTO v_found FROM {{ p }}task WHERE task_id = in_task_id;
      IF v_found = 1 THEN
        {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
      END IF;
      {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END;
  {{ set_point("cancel_task") }};
  BEGIN
    UPDATE {{ p }}task
    SET
      {{ given_up(status.cancelled, "v_now") }}
    WHERE task_id = in_task_id;
    IF v_status = {{ status.processing }} THEN
      keep_attempt(in_task_id, v_attempt, v_started_at, v_now, 'cancelled');
    END IF;
    v_cancelled(1) := in_task_id;
    create_follow_ups(v_cancelled, v_now);
  EXCEPTION
    WHEN OTHERS THEN
      {{ go_back("cancel_task") }};
  END;
END cancel_task;
