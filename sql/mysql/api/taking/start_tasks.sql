CREATE PROCEDURE {{ p }}start_tasks (
  IN in_tasks {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Starts many tasks at once, each as start_task does. One that cannot be started is left as it is and
  does not hinder the others.

  Parameters
    in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1}, {{ limit.attempts }} bytes
                  together, with the attempt that the message announced; without attempt, the next one, whichever
                  it is
  Result
    one row for each task that was started: task_id, attempt, interval_seconds
  Errors
    invalid_argument
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_tasks JSON;
  DECLARE v_refused JSON;
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  DECLARE v_lapsed INT;
  {{ roll_back_own }};

  CALL {{ p }}parse_tasks(in_tasks, v_tasks);
  CALL {{ p }}find_own_transaction(v_own_transaction);
  IF v_own_transaction THEN
    START TRANSACTION;
  ELSE
    CALL {{ p }}drop_refused(FALSE, v_tasks, v_refused);
  END IF;

  SET v_lapsed = LAST_INSERT_ID(0) /* R21 */;
  {{ settled }} UPDATE {{ given_tasks("v_tasks") }} AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    {{ started("task.attempts + 1", "v_batch_id", "task.") }}
  WHERE {{ can_be_started("given.attempt", "task.") }};
  SET v_lapsed = LAST_INSERT_ID(), v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
  IF v_lapsed > 0 THEN
    CALL {{ p }}keep_lapsed(JSON_EXTRACT(v_tasks, '$[*].task_id'), v_batch_id, v_now);
  END IF;

  SELECT DISTINCT task.task_id, task.attempts AS attempt, task.interval_seconds
  FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (task_id BIGINT PATH '$.task_id')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  WHERE task.batch_id = v_batch_id;
  {{ commit_own }};
END
