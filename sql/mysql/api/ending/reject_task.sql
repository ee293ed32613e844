CREATE PROCEDURE {{ p }}reject_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_error {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_status TINYINT;

  IF {{ unreadable("in_error") }} THEN
    {{ raise("invalid_argument", "in_error must have characters of Unicode only") }};
  END IF;

  CALL {{ p }}end_attempt(in_task_id, in_attempt, 'reject', in_error, NULL, v_status);
END
