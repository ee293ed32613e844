CREATE PROCEDURE {{ p }}finish_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Finishes a task that is being processed. To finish it once more by the same attempt changes nothing, until it is
  purged: from then on it is task_not_found.

  Parameters
    in_task_id    the task
    in_attempt    the attempt that start_task returned; NULL finishes whichever is under way
  Errors
    invalid_argument, task_not_found, task_not_active, task_not_processing,
    stale_attempt (a later attempt was started)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  {{ look_first("in_attempt", "TRUE") }};
  UPDATE {{ p }}task
  SET
    lane = 0,
    status = {{ status.finished }},
    ended_at = v_now,
    due_at = v_now + INTERVAL delete_deadline SECOND
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND (in_attempt IS NULL OR attempts = in_attempt);

  IF ROW_COUNT() = 0 AND NOT EXISTS ( /* R17 */
    SELECT 1
    FROM {{ p }}task
    WHERE task_id = in_task_id
      AND status = {{ status.finished }}
      AND (in_attempt IS NULL OR attempts = in_attempt)
  ) THEN
    CALL {{ p }}refuse_task(in_task_id, in_attempt);
  END IF;
END
