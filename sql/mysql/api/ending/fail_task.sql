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
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;
  {{ check_integer("in_delay", 0, limit.seconds, " (seconds)", or_null=true) }};
  IF {{ unreadable("in_error") }} THEN
    {{ raise("invalid_argument", "in_error must have characters of Unicode only") }};
  END IF;

  {{ look_first("in_attempt", "TRUE") }};
  UPDATE {{ p }}task
  SET
    status = LAST_INSERT_ID(IF( /* R21 */
      attempts - attempts_before < max_count, {{ status.waiting }}, {{ status.failed }}
    )),
    lane = IF(status = {{ status.failed }}, 0, queue_id), /* R22 */
    lapses = 0,
    ended_at = v_now,
    due_at = IF(
      status = {{ status.failed }},
      v_now + {{ keep_unfinished }},
      LEAST(v_now + INTERVAL COALESCE(in_delay, interval_seconds) SECOND, deadline_at)
    ),
    last_error = COALESCE(LEFT(in_error, {{ limit.error }}), last_error)
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND (in_attempt IS NULL OR attempts = in_attempt);

  IF ROW_COUNT() = 0 THEN
    CALL {{ p }}refuse_task(in_task_id, in_attempt);
  END IF;
  SET out_status = LAST_INSERT_ID();
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
  SELECT out_status AS status;
END
