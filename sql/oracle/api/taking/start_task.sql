PROCEDURE start_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL,
  out_attempt OUT NUMBER
)
/*
Starts a task: one attempt more, and its interval begins anew. Each attempt before it in a row that was started and
never ended doubles the interval, up to an hour and more if the interval is longer.

Parameters
  in_task_id    the task
  in_attempt    the attempt that the message announced; NULL starts the next one, whichever it is
Result
  out_attempt   the attempt that was started; pass it to finish_task, fail_task and extend_task
Errors
  invalid_argument, task_not_found, task_not_active,
  stale_attempt (another consumer has started the announced attempt),
  attempts_exhausted (or the last {{ max_lapses }} attempts were started and never ended), deadline_passed
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_lapses NUMBER;
  v_point BOOLEAN := TRUE;
BEGIN
  {{ enter("start_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  {{ start_one("start_task") }}
END start_task;
