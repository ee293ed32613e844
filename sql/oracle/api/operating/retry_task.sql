PROCEDURE retry_task (
  in_task_id IN NUMBER,
  in_deadline IN NUMBER DEFAULT NULL
)
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
IS
  v_now {{ instant }} := {{ now }};
  v_found NUMBER;
BEGIN
  {{ enter("retry_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;
  {{ check_integer("in_deadline", 1, limit.seconds, " (seconds)", or_null=true) }};

  UPDATE {{ p }}task
  SET
    {{ retried("v_now") }}
  WHERE task_id = in_task_id
    AND status IN ({{ status.cancelled }}, {{ status.failed }});

  IF SQL%ROWCOUNT = 0 THEN
    SELECT COUNT(*) INTO v_found FROM {{ p }}task WHERE task_id = in_task_id;
    IF v_found = 1 THEN
      {{ raise("task_not_retryable", "only failed and cancelled tasks can be retried") }};
    END IF;
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END IF;
EXCEPTION
  WHEN DUP_VAL_ON_INDEX THEN
    IF {{ is_other_index }} THEN
      RAISE;
    END IF;
    {{ raise("duplicate_order", "another task with the same order_no is active") }};
END retry_task;
