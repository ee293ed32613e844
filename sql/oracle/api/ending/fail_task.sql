PROCEDURE fail_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL,
  in_error IN CLOB DEFAULT NULL,
  in_delay IN NUMBER DEFAULT NULL,
  out_status OUT NUMBER
)
/*
Ends an attempt without success: the task waits for the next one, or has failed if that was the last. The history
of its attempts has a row more.

Parameters
  in_task_id    the task
  in_attempt    the attempt that start_task returned; NULL fails whichever is under way
  in_error      why, for people; cut after {{ limit.error }} characters, in the history after {{ limit.traceback }}; NULL keeps
                the one before
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
BEGIN
  {{ enter("fail_task") }};
  {{ check_integer("in_delay", 0, limit.seconds, " (seconds)", or_null=true) }};

  end_attempt(in_task_id, in_attempt, 'fail', in_error, in_delay, NULL, NULL, NULL, out_status);
END fail_task;
