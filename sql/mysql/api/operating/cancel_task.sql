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
  DECLARE v_status TINYINT;
  DECLARE v_follow TINYINT;
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  {{ roll_back_begun }};

  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  {{ begin_own }};
  IF NOT v_own_transaction THEN
    {{ look_first("NULL", "TRUE") }};
  END IF;
  SELECT MAX(status), COUNT(on_failure)
  INTO v_status, v_follow
  FROM {{ p }}task
  WHERE task_id = in_task_id
  FOR UPDATE /* R16 */;
  UPDATE {{ p }}task AS task
  SET
    {{ given_up(status.cancelled, "v_now") }}
  WHERE task_id = in_task_id
    AND lane <> 0;

  IF ROW_COUNT() = 0 THEN
    IF EXISTS (SELECT 1 FROM {{ p }}task WHERE task_id = in_task_id) THEN /* R17 */
      {{ raise("task_not_active", "the task is finished, cancelled or failed") }};
    END IF;
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END IF;
  IF v_status = {{ status.processing }} THEN
    {{ keep_attempts("SELECT
      task_id, attempts, started_at, v_now, 'cancelled', NULL, NULL, NULL
    FROM %stask
    WHERE task_id = in_task_id" % p) | indent(2) }};
    CALL {{ p }}forget_attempts(CONCAT('[', in_task_id, ']'));
  END IF;
  IF v_follow THEN
    CALL {{ p }}create_follow_ups(CONCAT('[', in_task_id, ']'), v_now);
  END IF;
  {{ commit_begun }};
END
