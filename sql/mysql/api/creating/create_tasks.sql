{%- macro integer(given, low, high) -%}
({{ given }} IS NULL OR (JSON_TYPE({{ given }}) LIKE '%INTEGER' AND {{ given }} BETWEEN {{ low }} AND {{ high }}))
{%- endmacro -%}
{#- payload_text from columns that are read already; a number or a constant has one, too. -#}
{%- set payload_given = "COALESCE(payload_string, payload)" -%}
{%- macro text_of(value, length) -%}
CHAR_LENGTH({{ value }}) BETWEEN 1 AND {{ length }} AND ' ' NOT IN (LEFT({{ value }}, 1), RIGHT({{ value }}, 1))
{%- endmacro -%}
CREATE PROCEDURE {{ p }}create_tasks (
  IN in_tasks {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates many tasks of both kinds in one statement: all of them, or none if one is refused.

  Parameters
    in_tasks      a JSON array of at most {{ limit.rows }} objects, {{ limit.new_tasks }} bytes together, with the keys
                  name, payload, interval, queue as for create_task,
                  delay as for delay_task (a task without it is real-time),
                  and the options of create_task.
                  The payload is an object, or a string that holds one: a string keeps its text,
                  and so its numbers to the last digit.
  Result
    one row for each element, in the order of the input: task_id, created, pushable
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key,
    queue_not_allowed, too_many_queues
    (the text names the first bad element, counted from 1)
  Transaction
    Joins the caller's.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_last_id BIGINT;
  DECLARE v_tasks JSON;
  DECLARE v_plain TINYINT;
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  DECLARE v_removed INT;
  DECLARE v_zeros INT;
  DECLARE v_last_insert_id BIGINT UNSIGNED DEFAULT LAST_INSERT_ID();
  {{ roll_back_own }};

  {{ bytes_at_most("in_tasks", limit.new_tasks) }};
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
  IF {{ unreadable("in_tasks") }} THEN
    {{ raise("invalid_argument", "in_tasks must have characters of Unicode only") }};
  END IF;

  CALL {{ p }}check_session();
  CALL {{ p }}find_own_transaction(v_own_transaction);
  IF v_own_transaction THEN
    START TRANSACTION;
  END IF;
  SELECT COALESCE(MAX(task_id), 0) INTO v_last_id FROM {{ p }}task;

  -- R18: in the caller's transaction an INSERT that is refused would lock the end of the table until it ends.
  SET v_plain = v_own_transaction;
  IF NOT v_plain THEN
    IF {{ reads_dirty }} THEN
      -- Waits until it is known whether the queues stay registered, as find_queue does.
      SELECT COUNT(*)
      INTO v_removed
      FROM (SELECT DISTINCT namespace, queue FROM {{ elements("v_tasks") }} AS element) AS given
      STRAIGHT_JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
        ON registered.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
        AND registered.queue = given.queue
      LOCK IN SHARE MODE /* R20 */;
    END IF;
    SELECT COUNT(*) = 0
    INTO v_plain
    FROM {{ elements("v_tasks") }} AS given
    STRAIGHT_JOIN {{ p }}queue AS registered /* R3 */
      ON registered.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
      AND registered.queue = given.queue
    STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (active_order) /* R6 */
      ON task.order_key = given.order_no
      AND task.name = given.name
      AND task.queue_id = registered.queue_id
      AND task.active = 1;
  END IF;

  -- By a plain read, as the INSERT would lock what it reads of a queue's row.
  SELECT COUNT(*) INTO v_removed FROM {{ p }}queue WHERE removed_at IS NOT NULL;
  IF v_removed > 0 AND v_plain THEN
    SELECT COUNT(*) = 0
    INTO v_plain
    FROM {{ elements("v_tasks") }} AS given
    STRAIGHT_JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
      ON registered.namespace = COALESCE(given.namespace, '{{ default.namespace }}')
      AND registered.queue = given.queue
    WHERE registered.removed_at IS NOT NULL;
  END IF;

  -- Almost always all elements are sound, their queues are known and none is a duplicate: then this is all.
  -- Else it fails on a duplicate (1062), a column that is NULL (1048), a malformed number (1264, 1292, 1916, 3156) or
  -- payload, and create_rest handles each element. If there is a trigger of INSERT, MySQL names a value that is too
  -- long (1406) or too large (1441, 3155, 6527) before it names the NULL.
  IF v_plain THEN BEGIN
    DECLARE EXIT HANDLER FOR 1048, 1062, 1264, 1292, 1406, 1441, 1916, 3155, 3156, 6527, {{ json_errors }}
      SET v_plain = FALSE;
    {{ checked }} INSERT INTO {{ p }}task (
      {{ new_task_columns }}
    )
    SELECT
      {{ new_task_values("v_batch_id", "v_now", "sound", payload_given) }}
    FROM (
      SELECT
        given.*,
        JSON_UNQUOTE(order_no_given) AS order_no,
        CAST(delay_given AS SIGNED) AS delay,
        CAST(interval_seconds_given AS SIGNED) AS interval_seconds,
        CAST(deadline_given AS SIGNED) AS deadline,
        CAST(delete_deadline_given AS SIGNED) AS delete_deadline,
        CAST(max_count_given AS SIGNED) AS max_count,
        registered.queue_id, registered.direct,
        JSON_LENGTH(task) = (name IS NOT NULL) + (payload IS NOT NULL) + (delay_given IS NOT NULL)
          + (interval_seconds_given IS NOT NULL) + (given.queue IS NOT NULL) + (namespace_given IS NOT NULL)
          + (order_no_given IS NOT NULL) + (deadline_given IS NOT NULL)
          + (delete_deadline_given IS NOT NULL) + (max_count_given IS NOT NULL)
          AND {{ text_of("name", limit.name) }}
          AND {{ text_of("given.queue", limit.queue) }}
          AND (namespace_given IS NULL OR JSON_TYPE(namespace_given) = 'STRING')
          AND (order_no_given IS NULL OR (
            JSON_TYPE(order_no_given) = 'STRING'
            AND {{ text_of("JSON_UNQUOTE(order_no_given)", limit.order_no) }}
          ))
          AND {{ integer("interval_seconds_given", 1, limit.seconds) }}
          AND {{ integer("delay_given", 0, limit.seconds) }}
          AND {{ integer("deadline_given", 1, limit.seconds) }}
          AND {{ integer("delete_deadline_given", 0, limit.seconds) }}
          AND {{ integer("max_count_given", 1, limit.max_count) }}
          AND LENGTH({{ payload_given }}) <= {{ payload_limit }}
          AND LOCATE({{ nul }}, {{ payload_given }}) = 0
          AND JSON_VALID({{ payload_given }})
          AND LEFT({{ payload_given }}, 1) = '{'
          AND (
            (LOCATE('"task_', {{ payload_given }}) = 0 AND LOCATE('\\', {{ payload_given }}) = 0)
            OR NOT {{ has_reserved_key(payload_given, payload_given) }}
          ) AS sound
      FROM JSON_TABLE(v_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        task JSON PATH '$',
        name {{ text }} PATH '$.name',
        payload JSON PATH '$.payload',
        payload_string {{ text }} PATH '$.payload',
        delay_given JSON PATH '$.delay',
        interval_seconds_given JSON PATH '$.interval',
        queue {{ text }} PATH '$.queue',
        namespace_given JSON PATH '$.namespace',
        order_no_given JSON PATH '$.order_no',
        deadline_given JSON PATH '$.deadline',
        delete_deadline_given JSON PATH '$.delete_deadline',
        max_count_given JSON PATH '$.max_count'
      )) AS given
      LEFT JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
        ON registered.namespace = COALESCE(JSON_UNQUOTE(namespace_given), '{{ default.namespace }}')
        AND registered.queue = given.queue
    ) AS checked
    ORDER BY element;
    SELECT COUNT(*) INTO v_zeros FROM {{ p }}task WHERE task_id = 0;
    IF v_zeros > 0 THEN
      CALL {{ p }}forget_zeros(v_batch_id, v_zeros);
      SET v_plain = v_zeros = 0;
    END IF;
  END; END IF;

  IF v_plain THEN
    -- The ids are in the order of the input; the odd batch is that of the delayed tasks.
    SELECT
      task.task_id,
      TRUE AS created,
      task.batch_id = v_batch_id AND registered.paused_at IS NULL AND NOT COALESCE(registered.direct, {{ default_direct }})
        AS pushable
    FROM {{ p }}task AS task
    LEFT JOIN {{ p }}queue AS registered ON registered.queue_id = task.queue_id
    WHERE task.task_id > v_last_id AND task.batch_id IN (v_batch_id, v_batch_id - 1)
    ORDER BY task.task_id;
  ELSE
    IF v_own_transaction THEN
      CALL {{ p }}begin_again();
    END IF;
    CALL {{ p }}create_rest(v_tasks, v_batch_id, v_now, v_last_id, v_own_transaction);
  END IF;

  {{ commit_own }};
  SET v_last_insert_id = LAST_INSERT_ID(v_last_insert_id) /* R21 */;
END
