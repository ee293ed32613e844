CREATE PROCEDURE {{ p }}retry_task (
  IN in_task_id BIGINT,
  IN in_deadline BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Makes a failed or cancelled task active again: it is due at once, with all its attempts and a new deadline.
  Attempts go on counting, so that a consumer of the former life stays fenced off.

  Parameters
    in_task_id    the task
    in_deadline   seconds from now, 1 to {{ limit.seconds }}; NULL is {{ default.deadline }}
  Errors
    invalid_argument, task_not_found,
    task_not_retryable (it is active or finished),
    duplicate_order (another task with its order number is active)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_message {{ text }};
  DECLARE EXIT HANDLER FOR 1062
  BEGIN
    GET DIAGNOSTICS CONDITION 1 v_message = MESSAGE_TEXT;
    IF {{ is_duplicate("v_message") }} THEN
      {{ raise("duplicate_order", "another task with the same order_no is active") }};
    END IF;
    RESIGNAL;
  END;

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;
  {{ check_integer("in_deadline", 1, limit.seconds, " (seconds)", or_null=true) }};

  {{ look_first("NULL", "TRUE") }};
  UPDATE {{ p }}task AS task
  SET
    {{ retried("v_now") }}
  WHERE task_id = in_task_id
    AND status IN ({{ status.cancelled }}, {{ status.failed }});

  IF ROW_COUNT() = 0 THEN
    IF EXISTS (SELECT 1 FROM {{ p }}task WHERE task_id = in_task_id) THEN /* R17 */
      {{ raise("task_not_retryable", "only failed and cancelled tasks can be retried") }};
    END IF;
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END IF;
END
