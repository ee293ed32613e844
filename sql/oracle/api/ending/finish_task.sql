PROCEDURE finish_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL
)
/*
Finishes a task that is being processed. To finish it once more by the same attempt changes nothing, until it is
purged: from then on it is task_not_found.

Parameters
  in_task_id    the task
  in_attempt    the attempt that start_task returned; NULL finishes whichever is under way
Errors
  invalid_argument, task_not_found, task_not_active, task_not_processing,
  stale_attempt (a later attempt was started)
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_found NUMBER;
BEGIN
  {{ enter("finish_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  UPDATE {{ p }}task
  SET
    lane = 0,
    status = {{ status.finished }},
    ended_at = v_now,
    due_at = v_now + {{ seconds("delete_deadline") }}
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND (in_attempt IS NULL OR attempts = in_attempt);

  IF SQL%ROWCOUNT = 0 THEN
    SELECT COUNT(*)
    INTO v_found
    FROM {{ p }}task
    WHERE task_id = in_task_id
      AND status = {{ status.finished }}
      AND (in_attempt IS NULL OR attempts = in_attempt);
    IF v_found = 0 THEN
      refuse_task(in_task_id, in_attempt);
    END IF;
  END IF;
END finish_task;
