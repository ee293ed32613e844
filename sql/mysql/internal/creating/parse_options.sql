CREATE PROCEDURE {{ p }}parse_options (
  IN in_options {{ text }},
  INOUT out_namespace VARCHAR({{ limit.namespace }}) {{ string }},
  INOUT out_order_no VARCHAR({{ limit.order_no }}) {{ string }},
  INOUT out_deadline BIGINT,
  INOUT out_delete_deadline BIGINT,
  INOUT out_max_count BIGINT,
  INOUT out_on_failure VARCHAR({{ limit.queue }}) {{ string }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: reads the options of a task. One that is absent or null leaves its parameter as it is.
  */
  DECLARE v_rest {{ text }};
  DECLARE v_value {{ text }};
  DECLARE v_message VARCHAR(128) {{ string }};
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_argument", "in_options is nested too deeply") }};

  IF NOT JSON_VALID(in_options) OR JSON_TYPE(in_options) <> 'OBJECT' THEN
    {{ raise("invalid_argument", "in_options must be NULL or a JSON object") }};
  END IF;
  IF {{ unreadable("in_options") }} THEN
    {{ raise("invalid_argument", "in_options must have characters of Unicode only") }};
  END IF;
  SET v_rest = JSON_REMOVE(
    in_options, '$.namespace', '$.order_no', '$.deadline', '$.delete_deadline', '$.max_count', '$.on_failure'
  );
  IF JSON_LENGTH(v_rest) > 0 THEN
    SET v_message = CONCAT(
      LEFT(JSON_EXTRACT(JSON_KEYS(v_rest), '$[0]'), 28),
      ' is not an option; these are: namespace, order_no, deadline, delete_deadline, max_count, on_failure'
    );
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {{ error.unknown_option }}, MESSAGE_TEXT = v_message;
  END IF;

  {{ name_option("namespace", limit.namespace) }};
  {{ name_option("order_no", limit.order_no, "be a string of") }};
  {{ number_option("deadline", 1, limit.seconds, " (seconds)") }};
  {{ number_option("delete_deadline", 0, limit.seconds, " (seconds)") }};
  {{ number_option("max_count", 1, limit.max_count) }};
  {{ name_option("on_failure", limit.queue, "be a string of") }};
END
