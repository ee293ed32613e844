{%- macro refused(variable) -%}
SELECT given.task_id, given.attempt,
      {{ reason }} AS error_number
    FROM {{ given_tasks(variable) }} AS given
    LEFT JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
    -- As nearly always nothing is left, and the server then reads nothing.
    WHERE v_left > 0
      AND (task.task_id IS NULL OR task.status <> {{ status.finished }} OR given.attempt <> task.attempts)
{%- endmacro -%}
CREATE PROCEDURE {{ p }}finish_tasks (
  IN in_tasks {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Finishes many tasks at once. One that cannot be finished is left as it is and does not hinder the others.

  Parameters
    in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1}, {{ limit.attempts }} bytes
                  together; without attempt, whichever is under way
  Result
    one row for each task that was refused: task_id, attempt, error_number (as finish_task raises it)
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_tasks JSON;
  DECLARE v_refused JSON;
  DECLARE v_left INT;
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  {{ roll_back_own }};

  CALL {{ p }}parse_tasks(in_tasks, v_tasks);
  CALL {{ p }}find_own_transaction(v_own_transaction);
  IF v_own_transaction THEN
    START TRANSACTION;
  ELSE
    CALL {{ p }}drop_refused(TRUE, v_tasks, v_refused);
  END IF;

  {{ settled }} UPDATE {{ given_tasks("v_tasks") }} AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    task.lane = 0,
    task.status = {{ status.finished }},
    task.ended_at = v_now,
    task.due_at = v_now + INTERVAL task.delete_deadline SECOND
  WHERE task.status = {{ status.processing }}
    AND (given.attempt IS NULL OR task.attempts = given.attempt);
  SET v_left = JSON_LENGTH(v_tasks) - ROW_COUNT();

  IF v_own_transaction THEN
    {{ refused("v_tasks") }};
    {{ commit }};
  ELSE
    -- Of those that were not refused before, the present state, not that of the caller's snapshot: by a lock.
    SELECT task_id, attempt, error_number
    FROM JSON_TABLE(v_refused, '$[*]' COLUMNS (
      task_id BIGINT PATH '$.task_id', attempt BIGINT PATH '$.attempt', error_number INT PATH '$.error_number'
    )) AS refused
    UNION ALL
    ({{ refused("v_tasks") }}
    LOCK IN SHARE MODE /* R16 */);
  END IF;
END
