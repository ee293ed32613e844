CREATE PROCEDURE {{ p }}add_task (
  IN in_name {{ text }},
  IN in_payload {{ text }},
  IN in_delay BIGINT,
  IN in_interval BIGINT,
  IN in_queue {{ text }},
  IN in_options {{ text }},
  OUT out_task_id BIGINT,
  OUT out_created TINYINT,
  OUT out_pushable TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Internal: checks and stores one task, real-time where in_delay is NULL.

  The plain read may miss a queue that was registered after the caller's snapshot; the INSERT then finds
  it. The unique key decides between creating and finding the active duplicate, so no two callers can
  both create; where the duplicate ends between the two steps, they are taken again. Creators that wait for
  one that rolls back are a deadlock to the server: who stands alone then tries again.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_namespace VARCHAR({{ limit.namespace }}) {{ string }} DEFAULT '{{ default.namespace }}';
  DECLARE v_order_no VARCHAR({{ limit.order_no }}) {{ string }} DEFAULT NULL;
  DECLARE v_deadline BIGINT DEFAULT {{ default.deadline }};
  DECLARE v_delete_deadline BIGINT DEFAULT {{ default.delete_deadline }};
  DECLARE v_max_count BIGINT DEFAULT {{ default.max_count }};
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;
  DECLARE v_alone TINYINT DEFAULT FALSE;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  IF in_name IS NULL OR CHAR_LENGTH(in_name) NOT BETWEEN 1 AND {{ limit.name }}
    OR ' ' IN (LEFT(in_name, 1), RIGHT(in_name, 1)) THEN
    {{ raise("invalid_argument", "in_name must have 1 to %d characters, no blank at either end" % limit.name) }};
  END IF;
  IF in_queue IS NULL OR CHAR_LENGTH(in_queue) NOT BETWEEN 1 AND {{ limit.queue }}
    OR ' ' IN (LEFT(in_queue, 1), RIGHT(in_queue, 1)) THEN
    {{ raise("invalid_argument", "in_queue must have 1 to %d characters, no blank at either end" % limit.queue) }};
  END IF;
  IF in_interval IS NULL OR in_interval NOT BETWEEN 1 AND {{ limit.seconds }} THEN
    {{ raise("invalid_argument", "in_interval must be 1 to %d (seconds)" % limit.seconds) }};
  END IF;
  IF LENGTH(in_payload) > {{ payload_limit }} THEN
    {{ raise("payload_too_large", "in_payload must have at most %d bytes" % payload_limit) }};
  END IF;
  BEGIN
    -- MySQL reads the text once, here; MariaDB has no JSON type and reads it in each function.
    DECLARE v_payload JSON;
    DECLARE EXIT HANDLER FOR {{ json_errors }}
      {{ raise("invalid_payload", "in_payload must be a JSON object, not nested too deeply") }};
    SET v_payload = in_payload;
    IF v_payload IS NULL OR NOT JSON_VALID(v_payload) OR JSON_TYPE(v_payload) <> 'OBJECT'
      OR LOCATE({{ nul }}, in_payload) > 0 THEN
      {{ raise("invalid_payload", "in_payload must be a JSON object") }};
    END IF;
    IF JSON_CONTAINS_PATH(v_payload, 'one', '$.task_id', '$.task_attempt')
      OR (LOCATE('\\u', in_payload) > 0 AND {{ hides_reserved_key('v_payload') }}) THEN
      {{ raise("reserved_key", "in_payload must not have the keys task_id and task_attempt") }};
    END IF;
  END;
  IF in_options IS NOT NULL THEN
    CALL {{ p }}read_options(
      in_options, v_namespace, v_order_no, v_deadline, v_delete_deadline, v_max_count
    );
  END IF;

  SELECT queue_id, paused_at IS NOT NULL
  INTO v_queue_id, v_paused
  FROM {{ p }}queue
  WHERE namespace = v_namespace AND queue = in_queue;
  IF v_queue_id IS NULL THEN
    INSERT INTO {{ p }}queue (namespace, queue)
    VALUES (v_namespace, in_queue)
    ON DUPLICATE KEY UPDATE queue_id = LAST_INSERT_ID(queue_id);
    SET v_queue_id = LAST_INSERT_ID();
    SET v_paused = FALSE;
  END IF;

  IF v_order_no IS NOT NULL THEN
    -- A plain read first: a locking read that found nothing would lock the gap for all neighbours.
    SELECT task_id INTO out_task_id
    FROM {{ p }}task
    WHERE order_key = v_order_no AND name = in_name AND queue_id = v_queue_id AND active = 1;
    IF out_task_id IS NOT NULL THEN
      CALL {{ p }}find_duplicate(v_order_no, in_name, v_queue_id, out_task_id);
    END IF;
    CALL {{ p }}find_alone(v_alone);
  END IF;

  SET out_created = FALSE;
  WHILE out_task_id IS NULL DO
    BEGIN
      DECLARE EXIT HANDLER FOR 1062
        CALL {{ p }}find_duplicate(v_order_no, in_name, v_queue_id, out_task_id);
      DECLARE EXIT HANDLER FOR 1213
        IF NOT v_alone THEN
          RESIGNAL;
        END IF;
      INSERT INTO {{ p }}task (
        lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline, max_count,
        created_at, deadline_at, due_at
      )
      VALUES (
        v_queue_id, v_queue_id, {{ status.waiting }}, in_name, v_order_no, in_payload,
        in_interval, v_delete_deadline, v_max_count,
        v_now, v_now + INTERVAL v_deadline SECOND,
        v_now + INTERVAL LEAST(COALESCE(in_delay, {{ push_grace }}), v_deadline) SECOND
      );
      SET out_task_id = LAST_INSERT_ID();
      SET out_created = TRUE;
    END;
  END WHILE;
  DO LAST_INSERT_ID(v_last_insert_id);
  SET out_pushable = out_created AND in_delay IS NULL AND NOT v_paused;
END
