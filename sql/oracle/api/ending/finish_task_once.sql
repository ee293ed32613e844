PROCEDURE finish_task_once (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER
)
/*
Finishes a task that is being processed, for the transaction that also holds its work. If the transaction is
repeated because the answer to its commit was lost, this raises an error, and finish_task raises none. After
any error roll back: already_finished, or task_not_found after a purge, says that the work was committed before.

Parameters
  in_task_id    the task
  in_attempt    the attempt that start_task returned
Errors
  invalid_argument, task_not_found, task_not_active, task_not_processing,
  stale_attempt (a later attempt was started), already_finished (by this attempt)
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_finished NUMBER;
BEGIN
  {{ enter("finish_task_once") }};
  IF in_task_id IS NULL OR in_attempt IS NULL THEN
    {{ raise("invalid_argument", "in_task_id and in_attempt must not be NULL") }};
  END IF;

  UPDATE {{ p }}task
  SET
    lane = 0,
    status = {{ status.finished }},
    ended_at = v_now,
    due_at = v_now + {{ seconds("delete_deadline") }}
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND attempts = in_attempt;

  IF SQL%ROWCOUNT = 0 THEN
    SELECT COUNT(*)
    INTO v_finished
    FROM {{ p }}task
    WHERE task_id = in_task_id
      AND status = {{ status.finished }}
      AND attempts = in_attempt;
    IF v_finished > 0 THEN
      {{ raise("already_finished", "this attempt has finished the task before: roll back") }};
    END IF;
    refuse_task(in_task_id, in_attempt);
  END IF;
END finish_task_once;
