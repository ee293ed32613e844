{%- macro bad_number(column, low, high) -%}
given.{{ column }} NOT REGEXP '\\A[0-9]{1,10}(\\.0{1,20})?\\z' OR given.{{ column }} NOT BETWEEN {{ low }} AND {{ high }}
{%- endmacro -%}
CREATE PROCEDURE {{ p }}check_new_tasks (
  IN in_tasks JSON,
  OUT out_new_queues INT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: refuses what create_tasks does not allow, by the rules of add_task and parse_options; counts the
  elements of which a queue is not registered, or was removed. A problem is an element's number, an error's and its text.
  */
  DECLARE v_problem VARCHAR(255) {{ string }};
  DECLARE v_number INT;
  DECLARE v_message VARCHAR(128) {{ string }};
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_payload", "in_tasks has a payload that is no JSON object, or is nested too deeply") }};

  SELECT MIN(CONCAT(LPAD(element, 5, '0'), problem)), COALESCE(SUM(is_new), 0)
  INTO v_problem, out_new_queues
  FROM (
    SELECT
      given.element,
      queue.queue_id IS NULL OR queue.removed_at IS NOT NULL
        OR (JSON_TYPE(given.on_failure) = 'STRING' AND (following.queue_id IS NULL OR following.removed_at IS NOT NULL))
        AS is_new,
      CASE
        WHEN given.task IS NULL OR JSON_TYPE(given.task) <> 'OBJECT' THEN
          '{{ error.invalid_argument }} it must be an object'
        WHEN JSON_LENGTH(given.task) <> has_name + has_payload + has_delay + has_interval + has_queue
          + has_namespace + has_order_no + has_deadline + has_delete_deadline + has_max_count
          + has_on_failure THEN
          CONCAT('{{ error.unknown_option }} ', {{ first_key("""JSON_REMOVE(
            given.task, '$.name', '$.payload', '$.delay', '$.interval', '$.queue',
            '$.namespace', '$.order_no', '$.deadline', '$.delete_deadline', '$.max_count', '$.on_failure'
          )""") }}, ' is not a key of a task')
        WHEN given.name IS NULL OR CHAR_LENGTH(given.name) NOT BETWEEN 1 AND {{ limit.name }}
          OR ' ' IN (LEFT(given.name, 1), RIGHT(given.name, 1)) THEN
          '{{ error.invalid_argument }} name {{ name_rule(limit.name) }}'
        WHEN given.queue IS NULL OR CHAR_LENGTH(given.queue) NOT BETWEEN 1 AND {{ limit.queue }}
          OR ' ' IN (LEFT(given.queue, 1), RIGHT(given.queue, 1)) THEN
          '{{ error.invalid_argument }} queue {{ name_rule(limit.queue) }}'
        WHEN given.interval_seconds IS NULL OR {{ bad_number("interval_seconds", 1, limit.seconds) }} THEN
          '{{ error.invalid_argument }} interval must be a whole number, 1 to {{ limit.seconds }} (seconds)'
        WHEN {{ bad_number("delay", 0, limit.seconds) }} THEN
          '{{ error.invalid_argument }} delay must be a whole number, 0 to {{ limit.seconds }} (seconds)'
        WHEN JSON_TYPE(given.namespace) <> 'NULL' AND (
          JSON_TYPE(given.namespace) <> 'STRING'
          OR CHAR_LENGTH(JSON_UNQUOTE(given.namespace)) NOT BETWEEN 1 AND {{ limit.namespace }}
          OR ' ' IN (LEFT(JSON_UNQUOTE(given.namespace), 1), RIGHT(JSON_UNQUOTE(given.namespace), 1))
        ) THEN
          '{{ error.invalid_argument }} namespace {{ name_rule(limit.namespace) }}'
        WHEN JSON_TYPE(given.order_no) <> 'NULL' AND (
          JSON_TYPE(given.order_no) <> 'STRING'
          OR CHAR_LENGTH(JSON_UNQUOTE(given.order_no)) NOT BETWEEN 1 AND {{ limit.order_no }}
          OR ' ' IN (LEFT(JSON_UNQUOTE(given.order_no), 1), RIGHT(JSON_UNQUOTE(given.order_no), 1))
        ) THEN
          '{{ error.invalid_argument }} order_no {{ name_rule(limit.order_no, "be a string of") }}'
        WHEN {{ bad_number("deadline", 1, limit.seconds) }} THEN
          '{{ error.invalid_argument }} deadline must be a whole number, 1 to {{ limit.seconds }} (seconds)'
        WHEN {{ bad_number("delete_deadline", 0, limit.seconds) }} THEN
          '{{ error.invalid_argument }} delete_deadline must be a whole number, 0 to {{ limit.seconds }} (seconds)'
        WHEN {{ bad_number("max_count", 1, limit.max_count) }} THEN
          '{{ error.invalid_argument }} max_count must be a whole number, 1 to {{ limit.max_count }}'
        WHEN JSON_TYPE(given.on_failure) <> 'NULL' AND (
          JSON_TYPE(given.on_failure) <> 'STRING'
          OR CHAR_LENGTH(JSON_UNQUOTE(given.on_failure)) NOT BETWEEN 1 AND {{ limit.queue }}
          OR ' ' IN (LEFT(JSON_UNQUOTE(given.on_failure), 1), RIGHT(JSON_UNQUOTE(given.on_failure), 1))
        ) THEN
          '{{ error.invalid_argument }} on_failure {{ name_rule(limit.queue, "be a string of") }}'
        {{ payload_problems("given.payload_text") }}
        WHEN queue.queue_id IS NULL AND NOT {{ is_allowed("given.queue") }} THEN
          '{{ error.queue_not_allowed }} queue {{ not_allowed }}'
        WHEN JSON_TYPE(given.on_failure) = 'STRING' AND following.queue_id IS NULL
          AND NOT {{ is_allowed("JSON_UNQUOTE(given.on_failure)") }} THEN
          '{{ error.queue_not_allowed }} on_failure {{ not_allowed }}'
      END AS problem
    FROM (
      SELECT
        found.*,
        {{ payload_text }} AS payload_text
      FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
        element FOR ORDINALITY,
        task JSON PATH '$',
        name {{ text }} PATH '$.name',
        payload JSON PATH '$.payload',
        delay {{ text }} PATH '$.delay' DEFAULT '-1' ON ERROR,
        interval_seconds {{ text }} PATH '$.interval' DEFAULT '-1' ON ERROR,
        queue {{ text }} PATH '$.queue',
        namespace JSON PATH '$.namespace',
        order_no JSON PATH '$.order_no',
        deadline {{ text }} PATH '$.deadline' DEFAULT '-1' ON ERROR,
        delete_deadline {{ text }} PATH '$.delete_deadline' DEFAULT '-1' ON ERROR,
        max_count {{ text }} PATH '$.max_count' DEFAULT '-1' ON ERROR,
        on_failure JSON PATH '$.on_failure',
        has_name INT EXISTS PATH '$.name',
        has_payload INT EXISTS PATH '$.payload',
        has_delay INT EXISTS PATH '$.delay',
        has_interval INT EXISTS PATH '$.interval',
        has_queue INT EXISTS PATH '$.queue',
        has_namespace INT EXISTS PATH '$.namespace',
        has_order_no INT EXISTS PATH '$.order_no',
        has_deadline INT EXISTS PATH '$.deadline',
        has_delete_deadline INT EXISTS PATH '$.delete_deadline',
        has_max_count INT EXISTS PATH '$.max_count',
        has_on_failure INT EXISTS PATH '$.on_failure'
      )) AS found
    ) AS given
    LEFT JOIN {{ p }}queue AS queue
      ON queue.namespace = COALESCE(JSON_UNQUOTE(given.namespace), '{{ default.namespace }}')
      AND queue.queue = given.queue
    LEFT JOIN {{ p }}queue AS following
      ON following.namespace = COALESCE(JSON_UNQUOTE(given.namespace), '{{ default.namespace }}')
      AND following.queue = JSON_UNQUOTE(given.on_failure)
  ) AS checked;

  IF v_problem IS NOT NULL THEN
    SET v_number = SUBSTRING(v_problem, 6, 5);
    SET v_message = CONCAT('in_tasks, element ', LEFT(v_problem, 5) + 0, ': ', SUBSTRING(v_problem, 12));
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = v_number, MESSAGE_TEXT = v_message;
  END IF;
END
