PROCEDURE fail_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL,
  in_error IN CLOB DEFAULT NULL,
  in_delay IN NUMBER DEFAULT NULL,
  out_status OUT NUMBER
)
/*
Ends an attempt without success: the task waits for the next one, or has failed if that was the last.

Parameters
  in_task_id    the task
  in_attempt    the attempt that start_task returned; NULL fails whichever is under way
  in_error      why, for people; cut after {{ limit.error }} characters; NULL keeps the one before
  in_delay      seconds until the task is queued again, 0 to {{ limit.seconds }}; NULL is its interval
Result
  out_status    {{ status.waiting }} waiting, or {{ status.failed }} failed
Errors
  invalid_argument, task_not_found, task_not_active, task_not_processing,
  stale_attempt (a later attempt was started)
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  -- A CLOB counts what lies beyond the first 65,536 characters of Unicode as two, a VARCHAR2 as one.
  v_longest VARCHAR2(32767) := SUBSTR(in_error, 1, {{ 2 * limit.error }});
  v_error CLOB := SUBSTR(v_longest, 1, {{ limit.error }});
BEGIN
  {{ enter("fail_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;
  {{ check_integer("in_delay", 0, limit.seconds, " (seconds)", or_null=true) }};

  UPDATE {{ p }}task
  SET
    status = CASE WHEN attempts - attempts_before < max_count THEN {{ status.waiting }} ELSE {{ status.failed }} END,
    lane = CASE WHEN attempts - attempts_before < max_count THEN queue_id ELSE 0 END,
    lapses = 0,
    ended_at = v_now,
    due_at =
      CASE WHEN attempts - attempts_before < max_count THEN
        LEAST(v_now + {{ seconds("COALESCE(in_delay, interval_seconds)") }}, deadline_at)
      ELSE
        v_now + {{ keep_unfinished }}
      END,
    last_error = COALESCE(v_error, last_error)
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND (in_attempt IS NULL OR attempts = in_attempt)
  RETURNING status INTO out_status;

  IF SQL%ROWCOUNT = 0 THEN
    refuse_task(in_task_id, in_attempt);
  END IF;
END fail_task;
