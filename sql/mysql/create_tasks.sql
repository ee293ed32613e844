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
  DECLARE v_batch_id BIGINT UNSIGNED DEFAULT UUID_SHORT();
  DECLARE v_tasks JSON;
  DECLARE v_new_queues INT;
  DECLARE v_last_id BIGINT;

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
  IF v_new_queues > 0 THEN
    CALL {{ p }}find_queues(v_tasks);
  END IF;
  SELECT COALESCE(MAX(task_id), 0) INTO v_last_id FROM {{ p }}task;

  INSERT INTO {{ p }}task (
    lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline, max_count,
    batch_id, created_at, deadline_at, due_at
  )
  SELECT
    queue.queue_id, queue.queue_id, {{ status.waiting }}, given.name, given.order_no,
    IF(JSON_TYPE(given.payload) = 'STRING', JSON_UNQUOTE(given.payload), given.payload),
    given.interval_seconds,
    COALESCE(given.delete_deadline, {{ default.delete_deadline }}),
    COALESCE(given.max_count, {{ default.max_count }}),
    v_batch_id, v_now,
    v_now + INTERVAL COALESCE(given.deadline, {{ default.deadline }}) SECOND,
    v_now + INTERVAL LEAST(
      COALESCE(given.delay, {{ push_grace }}), COALESCE(given.deadline, {{ default.deadline }})
    ) SECOND
  FROM {{ new_tasks('v_tasks') }} AS given
  STRAIGHT_JOIN {{ p }}queue AS queue
    ON queue.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
    AND queue.queue = given.queue
  ORDER BY given.element
  ON DUPLICATE KEY UPDATE duplicates = {{ p }}task.duplicates + 1;

  -- Those with an order number are found by it; the others got their ids in the order of the input.
  WITH given AS (
    SELECT
      element, delay, order_no, name, queue.queue_id, queue.paused_at,
      ROW_NUMBER() OVER (PARTITION BY order_no IS NULL ORDER BY element) AS place
    FROM {{ new_tasks('v_tasks') }} AS given
    STRAIGHT_JOIN {{ p }}queue AS queue
      ON queue.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
      AND queue.queue = given.queue
  ),
  plain AS (
    SELECT task_id, ROW_NUMBER() OVER (ORDER BY task_id) AS place
    FROM {{ p }}task
    WHERE task_id > v_last_id AND batch_id = v_batch_id AND order_no IS NULL
  ),
  result AS (
    SELECT given.element, given.delay, given.paused_at, plain.task_id, TRUE AS created
    FROM given
    JOIN plain ON plain.place = given.place
    WHERE given.order_no IS NULL
    UNION ALL
    SELECT
      given.element, given.delay, given.paused_at, task.task_id,
      task.batch_id <=> v_batch_id
        AND ROW_NUMBER() OVER (PARTITION BY task.task_id ORDER BY given.element) = 1
    FROM given
    STRAIGHT_JOIN {{ p }}task AS task
      ON task.order_no = given.order_no
      AND task.name = given.name
      AND task.queue_id = given.queue_id
      AND task.active = 1
    WHERE given.order_no IS NOT NULL
  )
  SELECT task_id, created, created AND delay IS NULL AND paused_at IS NULL AS pushable
  FROM result
  ORDER BY element;
END
