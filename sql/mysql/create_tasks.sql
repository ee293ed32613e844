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
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_tasks JSON;
  DECLARE v_new_queues INT;
  DECLARE v_last_id BIGINT;
  DECLARE v_ordered INT;
  DECLARE v_duplicates JSON DEFAULT '[]';
  DECLARE v_race TINYINT DEFAULT FALSE;
  DECLARE v_done TINYINT DEFAULT FALSE;
  DECLARE v_alone TINYINT;
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
  CALL {{ p }}check_new_tasks(v_tasks, v_new_queues, v_ordered);

  CALL {{ p }}find_alone(v_alone);
  IF v_alone THEN
    START TRANSACTION;
  END IF;
  IF v_new_queues > 0 THEN
    CALL {{ p }}find_queues(v_tasks);
  END IF;
  SELECT COALESCE(MAX(task_id), 0) INTO v_last_id FROM {{ p }}task;

  -- Duplicates are left out, not ignored: INSERT IGNORE would pass over other errors, too.
  WHILE NOT v_done DO
    IF v_ordered > 0 THEN
      CALL {{ p }}find_duplicates(v_tasks, v_race, v_duplicates);
    END IF;
    BEGIN
      DECLARE EXIT HANDLER FOR 1062 SET v_race = TRUE;
      INSERT INTO {{ p }}task (
        lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline, max_count,
        batch_id, created_at, deadline_at, due_at
      )
      SELECT
        given.queue_id, given.queue_id, {{ status.waiting }}, given.name, given.order_no,
        IF(JSON_TYPE(given.payload) = 'STRING', JSON_UNQUOTE(given.payload), given.payload),
        given.interval_seconds,
        COALESCE(given.delete_deadline, {{ default.delete_deadline }}),
        COALESCE(given.max_count, {{ default.max_count }}),
        v_batch_id, v_now,
        v_now + INTERVAL COALESCE(given.deadline, {{ default.deadline }}) SECOND,
        v_now + INTERVAL LEAST(
          COALESCE(given.delay, {{ push_grace }}), COALESCE(given.deadline, {{ default.deadline }})
        ) SECOND
      FROM ({{ new_tasks('v_tasks') }}) AS given
      LEFT JOIN {{ duplicates('v_duplicates') }} AS duplicate ON duplicate.element = given.element
      WHERE given.leader = given.element AND duplicate.element IS NULL
      ORDER BY given.element;
      SET v_done = TRUE;
    END;
  END WHILE;

  -- What was created has its ids in the order of the input; an element that repeats an order number shares
  -- the id of the first one, its leader.
  WITH mine AS (
    SELECT task_id, ROW_NUMBER() OVER (ORDER BY task_id) AS place
    FROM {{ p }}task
    WHERE task_id > v_last_id AND batch_id = v_batch_id
  ),
  numbered AS (
    SELECT
      given.element, given.leader, given.delay, given.paused_at,
      duplicate.task_id AS duplicate_id,
      COUNT(IF(given.leader = given.element AND duplicate.element IS NULL, 1, NULL))
        OVER (ORDER BY given.element) AS place
    FROM ({{ new_tasks('v_tasks') }}) AS given
    LEFT JOIN {{ duplicates('v_duplicates') }} AS duplicate ON duplicate.element = given.leader
  )
  SELECT
    COALESCE(given.duplicate_id, mine.task_id) AS task_id,
    mine.task_id IS NOT NULL AND given.leader = given.element AS created,
    mine.task_id IS NOT NULL AND given.leader = given.element
      AND given.delay IS NULL AND given.paused_at IS NULL AS pushable
  FROM numbered AS given
  JOIN numbered AS leader ON leader.element = given.leader
  LEFT JOIN mine ON mine.place = leader.place AND leader.duplicate_id IS NULL
  ORDER BY given.element;
  IF v_alone THEN
    COMMIT;
  END IF;
  DO LAST_INSERT_ID(v_last_insert_id);
END
