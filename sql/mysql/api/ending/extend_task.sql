{%- set extended = "LEAST(v_now + INTERVAL COALESCE(in_seconds, interval_seconds) SECOND, deadline_at)" -%}
CREATE PROCEDURE {{ p }}extend_task (
  IN in_task_id BIGINT,
  IN in_attempt BIGINT,
  IN in_seconds BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Heartbeat of a long run: the task is queued again that much later, counted from now, never after its deadline. From
  {{ default.alive_after }} seconds after the start on, neither this attempt nor those before it count as ones that never ended.

  Parameters
    in_task_id    the task
    in_attempt    the attempt that start_task returned; NULL extends whichever is under way
    in_seconds    1 to {{ limit.seconds }}; NULL is the task's interval
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
  {{ check_integer("in_seconds", 1, limit.seconds, or_null=true) }};

  {{ look_first("in_attempt", "TRUE") }};
  UPDATE {{ p }}task
  SET
    lane = queue_id,
    lapses = IF(started_at <= v_now - INTERVAL {{ default.alive_after }} SECOND, 0, lapses),
    due_at = {{ extended }}
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND (in_attempt IS NULL OR attempts = in_attempt);

  -- It may be due at that very time already, most often at its deadline.
  IF ROW_COUNT() = 0 AND NOT EXISTS ( /* R17 */
    SELECT 1
    FROM {{ p }}task
    WHERE task_id = in_task_id
      AND status = {{ status.processing }}
      AND (in_attempt IS NULL OR attempts = in_attempt)
      AND due_at = {{ extended }}
  ) THEN
    CALL {{ p }}refuse_task(in_task_id, in_attempt);
  END IF;
END
