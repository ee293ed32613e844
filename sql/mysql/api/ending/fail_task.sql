CREATE PROCEDURE {{ p }}fail_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_error {{ text }},
  IN in_delay BIGINT,
  OUT out_status TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  {{ check_integer("in_delay", 0, limit.seconds, " (seconds)", or_null=true) }};
  IF {{ unreadable("in_error") }} THEN
    {{ raise("invalid_argument", "in_error must have characters of Unicode only") }};
  END IF;

  CALL {{ p }}end_attempt(in_task_id, in_attempt, 'fail', in_error, in_delay, out_status);
  SELECT out_status AS status;
END
