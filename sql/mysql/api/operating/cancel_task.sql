CREATE PROCEDURE {{ p }}cancel_task (
  IN in_task_id BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Cancels an active task. A run that is under way is not stopped, but it can no longer finish the task.

  Parameters
    in_task_id    the task
  Errors
    invalid_argument, task_not_found, task_not_active
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  {{ look_first("NULL", "TRUE") }};
  UPDATE {{ p }}task
  SET
    lane = 0,
    status = {{ status.cancelled }},
    ended_at = v_now,
    due_at = v_now + {{ keep_unfinished }}
  WHERE task_id = in_task_id
    AND lane <> 0;

  IF ROW_COUNT() = 0 THEN
    IF EXISTS (SELECT 1 FROM {{ p }}task WHERE task_id = in_task_id) THEN /* R17 */
      {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
    END IF;
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END IF;
END
