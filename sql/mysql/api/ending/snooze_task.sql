CREATE PROCEDURE {{ p }}snooze_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_delay BIGINT,
  IN in_reason {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_status TINYINT;

  {{ check_integer("in_delay", 1, limit.seconds, " (seconds)") }};
  IF {{ unreadable("in_reason") }} THEN
    {{ raise("invalid_argument", "in_reason must have characters of Unicode only") }};
  END IF;

  CALL {{ p }}end_attempt(in_task_id, in_attempt, 'snooze', in_reason, in_delay, v_status);
END
