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
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: checks and stores one task, real-time if in_delay is NULL.

  The unique key decides between creating and finding the active duplicate, so no two callers can both
  create; if the duplicate ends between the two steps, they are taken again, but not for ever.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_namespace VARCHAR({{ limit.namespace }}) {{ string }} DEFAULT '{{ default.namespace }}';
  DECLARE v_option {{ text }};
  DECLARE v_order_no VARCHAR({{ limit.order_no }}) {{ string }} DEFAULT NULL;
  DECLARE v_deadline BIGINT DEFAULT {{ default.deadline }};
  DECLARE v_delete_deadline BIGINT DEFAULT {{ default.delete_deadline }};
  DECLARE v_max_count BIGINT DEFAULT {{ default.max_count }};
  DECLARE v_on_failure VARCHAR({{ limit.queue }}) {{ string }} DEFAULT NULL;
  DECLARE v_registered INT DEFAULT 1;
  DECLARE v_queue_id INT;
  DECLARE v_paused TINYINT;
  DECLARE v_direct TINYINT;
  DECLARE v_lasting TINYINT DEFAULT FALSE;
  DECLARE v_own_transaction TINYINT;
  DECLARE v_message {{ text }};
  DECLARE v_races INT DEFAULT 0;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();

  BEGIN
    DECLARE EXIT HANDLER FOR {{ json_errors }}
      CALL {{ p }}check_task(in_name, in_payload, in_interval, in_queue);
    IF NOT COALESCE(
      CHAR_LENGTH(in_name) BETWEEN 1 AND {{ limit.name }}
      AND ' ' NOT IN (LEFT(in_name, 1), RIGHT(in_name, 1))
      AND CHAR_LENGTH(in_queue) BETWEEN 1 AND {{ limit.queue }}
      AND ' ' NOT IN (LEFT(in_queue, 1), RIGHT(in_queue, 1))
      AND in_interval BETWEEN 1 AND {{ limit.seconds }}
      AND LENGTH(in_payload) <= {{ payload_limit }}
      AND LOCATE('\\', in_payload) = 0
      AND LOCATE({{ nul }}, in_payload) = 0
      AND NOT {{ has_ed("CONCAT(in_name, in_queue, in_payload)") }}
      AND JSON_VALID(in_payload)
      AND LEFT(in_payload, 1) = '{'
      AND (
        LOCATE('"task_', in_payload) = 0
        OR (LOCATE('"task_id"', in_payload) = 0 AND LOCATE('"task_attempt"', in_payload) = 0)
      )
      AND {{ ids_are_free }},
      FALSE
    ) THEN
      CALL {{ p }}check_task(in_name, in_payload, in_interval, in_queue);
    END IF;
  END;
  IF LENGTH(in_options) > {{ limit.options }} THEN
    {{ raise("invalid_argument", "in_options must have at most %d bytes" % limit.options) }};
  ELSEIF in_options IS NOT NULL THEN
    BEGIN
      -- Most often a simple order number is all there is.
      DECLARE EXIT HANDLER FOR {{ json_errors }}
        CALL {{ p }}parse_options(
          in_options, v_namespace, v_order_no, v_deadline, v_delete_deadline, v_max_count, v_on_failure
        );
      SET v_option = IF(
        JSON_VALID(in_options) AND JSON_LENGTH(in_options) = 1,
        JSON_EXTRACT(in_options, '$.order_no'),
        NULL
      );
      IF JSON_TYPE(v_option) = 'STRING' AND CHAR_LENGTH(v_option) BETWEEN 3 AND {{ limit.order_no + 2 }}
        AND LOCATE('\\', v_option) = 0 AND LOCATE(' ', v_option) = 0 AND NOT {{ has_ed("v_option") }} THEN
        SET v_order_no = SUBSTRING(v_option, 2, CHAR_LENGTH(v_option) - 2);
      ELSE
        CALL {{ p }}parse_options(
          in_options, v_namespace, v_order_no, v_deadline, v_delete_deadline, v_max_count, v_on_failure
        );
      END IF;
    END;
  END IF;

  SELECT queue_id, paused_at IS NOT NULL, direct
  INTO v_queue_id, v_paused, v_direct
  FROM {{ p }}queue
  WHERE namespace = v_namespace AND queue = in_queue AND removed_at IS NULL;
  IF v_on_failure IS NOT NULL THEN
    SELECT COUNT(*)
    INTO v_registered
    FROM {{ p }}queue
    WHERE namespace = v_namespace AND queue = v_on_failure AND removed_at IS NULL;
  END IF;
  IF v_queue_id IS NULL OR v_registered = 0 OR {{ reads_dirty }} THEN
    CALL {{ p }}find_task_queues(v_namespace, in_queue, v_on_failure, v_queue_id, v_paused);
    SELECT direct INTO v_direct FROM {{ p }}queue WHERE queue_id = v_queue_id;
    SET v_direct = COALESCE(v_direct, {{ default_direct }});
  END IF;

  SET v_lasting = v_order_no IS NOT NULL AND NOT @@autocommit;
  -- R14: whether a transaction is open though autocommit is on. MariaDB locks the end of the table in neither, and after a
  -- savepoint in a trigger it would keep what the trigger's statement takes back.
  /*!80000
  IF v_order_no IS NOT NULL AND @@autocommit THEN
    BEGIN
      DECLARE EXIT HANDLER FOR 1305 BEGIN END;
      SAVEPOINT {{ p }}look;
      RELEASE SAVEPOINT {{ p }}look;
      SET v_lasting = TRUE;
    END;
  END IF; */
  IF v_lasting THEN
    -- R18: a plain read first, as an INSERT that is refused would lock the gap until the caller's transaction ends.
    SELECT task_id INTO out_task_id
    FROM {{ p }}task
    WHERE order_key = v_order_no AND name = in_name AND queue_id = v_queue_id AND active = 1;
    IF out_task_id IS NOT NULL THEN
      CALL {{ p }}find_active_task(v_order_no, in_name, v_queue_id, FALSE, out_task_id);
    END IF;
  END IF;

  SET out_created = FALSE;
  WHILE out_task_id IS NULL DO
    BEGIN
      DECLARE EXIT HANDLER FOR 1062
      BEGIN
        GET DIAGNOSTICS CONDITION 1 v_message = MESSAGE_TEXT;
        SET v_races = v_races + 1;
        IF v_order_no IS NULL OR v_races > {{ limit.races }} OR NOT {{ is_duplicate("v_message") }} THEN
          RESIGNAL;
        END IF;
        CALL {{ p }}find_own_transaction(v_own_transaction);
        CALL {{ p }}find_active_task(v_order_no, in_name, v_queue_id, v_own_transaction, out_task_id);
      END;
      {{ checked }} INSERT INTO {{ p }}task (
        lane, queue_id, status, name, order_no, payload, interval_seconds, delete_deadline, max_count,
        created_at, deadline_at, due_at, on_failure
      )
      VALUES (
        v_queue_id, v_queue_id, {{ status.waiting }}, in_name, v_order_no, in_payload,
        in_interval, v_delete_deadline, v_max_count,
        v_now, v_now + INTERVAL v_deadline SECOND,
        v_now + INTERVAL LEAST(COALESCE(in_delay, IF(v_direct, 0, {{ push_grace }})), v_deadline) SECOND,
        v_on_failure
      );
      SET out_task_id = LAST_INSERT_ID();
      SET out_created = TRUE;
      IF out_task_id = v_last_insert_id THEN
        CALL {{ p }}forget_zero(out_task_id);
      END IF;
    END;
  END WHILE;
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
  SET out_pushable = out_created AND in_delay IS NULL AND NOT v_paused AND NOT v_direct;
END
