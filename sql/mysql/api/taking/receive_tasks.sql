CREATE PROCEDURE {{ p }}receive_tasks (
  IN in_tasks {{ text }},
  OUT out_wrong {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Starts many tasks for the consumer of their queues, as start_tasks does, and returns their payloads. One
  that cannot be started, or belongs to another queue, is left as it is and does not hinder the others.

  Parameters
    in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1, "queue": "MAIL"},
                  {{ limit.attempts }} bytes together, with the attempt that the message announced (without it, the
                  next one, whichever it is) and the queue that the message was taken from, in whichever namespace
  Result
    out_wrong     a JSON array of the places in in_tasks, counted from 1, whose task belongs to another queue; NULL: none
    rows          task_id, attempt, interval_seconds, queue, payload (as its creator gave it), lapses (attempts before this
                  one, in a row, that were started and never ended), attempts_before (attempts that do not count) of each
                  task that was started. Those are, in the order of their ids, no more than have
                  {{ limit.receive_bytes }} bytes of payloads together (on Oracle characters)
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
  END IF;
  CALL {{ p }}keep_received(v_tasks, out_wrong);
  IF NOT v_own_transaction THEN
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

  SELECT out_wrong AS wrong;
  SELECT task.task_id, task.attempts AS attempt, task.interval_seconds, queue.queue, task.payload, task.lapses,
    task.attempts_before
  FROM (
    SELECT DISTINCT task_id
    FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (task_id BIGINT PATH '$.task_id')) AS element
  ) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  STRAIGHT_JOIN {{ p }}queue AS queue /* R3 */ ON queue.queue_id = task.queue_id
  WHERE task.batch_id = v_batch_id
  -- R28: else the caller's sql_select_limit cuts what has been started.
  LIMIT {{ limit.rows }};
  {{ commit_own }};
END
