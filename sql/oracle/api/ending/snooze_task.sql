PROCEDURE snooze_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL,
  in_delay IN NUMBER,
  in_reason IN CLOB DEFAULT NULL
)
/*
Ends an attempt that could not be made yet: the task waits, and the attempt does not count. Its number is not used
again. The deadline stays.

Parameters
  in_task_id    the task
  in_attempt    the attempt that start_task returned; NULL ends whichever is under way
  in_delay      seconds until the task is queued again, 1 to {{ limit.seconds }}
  in_reason     why, for people; cut after {{ limit.error }} characters, in the history after {{ limit.traceback }}; NULL keeps
                the error before
Errors
  invalid_argument, task_not_found, task_not_active, task_not_processing,
  stale_attempt (a later attempt was started)
Transaction
  Joins the caller's.
*/
IS
  v_status NUMBER;
BEGIN
  {{ enter("snooze_task") }};
  {{ check_integer("in_delay", 1, limit.seconds, " (seconds)") }};
  end_attempt(in_task_id, in_attempt, 'snooze', in_reason, in_delay, NULL, NULL, NULL, v_status);
END snooze_task;
