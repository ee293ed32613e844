CREATE PROCEDURE {{ p }}create_tasks (
  IN in_tasks {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates many tasks of both kinds in one statement: all of them, or none where one is refused.

  Parameters
    in_tasks      a JSON array of at most {{ limit.rows }} objects with the keys
                  name, payload, interval, queue as for create_task,
                  delay as for delay_task (a task without it is real-time),
                  and the options of create_task.
                  The payload is an object, or a string that holds one: a string keeps its text,
                  and so its numbers to the last digit.
  Result
    one row for each element, in the order of the input: task_id, created, pushable
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key
    (the text names the first bad element, counted from 1)
  Transaction
    Joins the caller's.
  */
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_tasks JSON;
  DECLARE v_new_queues INT;
  DECLARE v_last_id BIGINT;
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_duplicates TINYINT DEFAULT FALSE;
  DECLARE v_alone TINYINT DEFAULT FALSE;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  DECLARE EXIT HANDLER FOR SQLEXCEPTION
  BEGIN
    IF v_alone THEN
      ROLLBACK;
    END IF;
    RESIGNAL;
  END;

  BEGIN
    DECLARE EXIT HANDLER FOR {{ json_errors }}
      {{ raise("invalid_argument", "in_tasks must be a JSON array of objects, not nested too deeply") }};
    SET v_tasks = in_tasks;
    IF v_tasks IS NULL OR NOT JSON_VALID(v_tasks) OR JSON_TYPE(v_tasks) <> 'ARRAY' THEN
      {{ raise("invalid_argument", "in_tasks must be a JSON array of objects") }};
    END IF;
  END;
  IF JSON_LENGTH(v_tasks) > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.rows) }};
  END IF;
  CALL {{ p }}check_new_tasks(v_tasks, v_new_queues);

  CALL {{ p }}find_alone(v_alone);
  IF v_alone THEN
    START TRANSACTION;
  END IF;
  IF v_new_queues > 0 THEN
    CALL {{ p }}find_queues(v_tasks);
  END IF;
  SELECT COALESCE(MAX(task_id), 0) INTO v_last_id FROM {{ p }}task;

  BEGIN
    DECLARE EXIT HANDLER FOR 1062 SET v_duplicates = TRUE;
    INSERT INTO {{ p }}task (
      {{ new_task_columns }}
    )
    SELECT
      {{ new_task_values("v_batch_id", "v_now") }}
    FROM {{ elements("v_tasks") }} AS given
    STRAIGHT_JOIN {{ p }}queue AS registered
      ON registered.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
      AND registered.queue = given.queue
    ORDER BY given.element;
  END;

  IF v_duplicates THEN
    CALL {{ p }}create_others(v_tasks, v_batch_id, v_now, v_last_id);
  ELSE
    -- The ids are in the order of the input; the odd batch is that of the delayed tasks.
    SELECT
      task.task_id,
      TRUE AS created,
      task.batch_id = v_batch_id AND registered.paused_at IS NULL AS pushable
    FROM {{ p }}task AS task
    STRAIGHT_JOIN {{ p }}queue AS registered ON registered.queue_id = task.queue_id
    WHERE task.task_id > v_last_id AND task.batch_id IN (v_batch_id, v_batch_id - 1)
    ORDER BY task.task_id;
  END IF;

  IF v_alone THEN
    COMMIT;
  END IF;
  DO LAST_INSERT_ID(v_last_insert_id);
END
