PROCEDURE reject_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL,
  in_error IN CLOB DEFAULT NULL
)
/*
Fails a task for good, whatever attempts it has left: for what no further attempt can mend. An operator can retry it.

Parameters
  in_task_id    the task
  in_attempt    the attempt that start_task returned; NULL ends whichever is under way
  in_error      why, for people; cut after {{ limit.error }} characters, in the history after {{ limit.traceback }}; NULL keeps
                the one before
Errors
  invalid_argument, task_not_found, task_not_active, task_not_processing,
  stale_attempt (a later attempt was started)
Transaction
  Joins the caller's.
*/
IS
  v_status NUMBER;
BEGIN
  {{ enter("reject_task") }};
  end_attempt(in_task_id, in_attempt, 'reject', in_error, NULL, NULL, NULL, NULL, v_status);
END reject_task;
