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

  SET v_value = JSON_EXTRACT(in_options, '$.namespace');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING'
      OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND {{ limit.namespace }}
      OR ' ' IN (LEFT(JSON_UNQUOTE(v_value), 1), RIGHT(JSON_UNQUOTE(v_value), 1)) THEN
      {{ raise("invalid_argument", "namespace " ~ name_rule(limit.namespace)) }};
    END IF;
    SET out_namespace = JSON_UNQUOTE(v_value);
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.order_no');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING'
      OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND {{ limit.order_no }}
      OR ' ' IN (LEFT(JSON_UNQUOTE(v_value), 1), RIGHT(JSON_UNQUOTE(v_value), 1)) THEN
      {{ raise("invalid_argument", "order_no " ~ name_rule(limit.order_no, "be a string of")) }};
    END IF;
    SET out_order_no = JSON_UNQUOTE(v_value);
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.deadline');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF v_value NOT REGEXP '\\A-?[0-9]+(\\.0+)?\\z' OR v_value NOT BETWEEN 1 AND {{ limit.seconds }} THEN
      {{ raise("invalid_argument", "deadline must be a whole number, 1 to %d (seconds)" % limit.seconds) }};
    END IF;
    SET out_deadline = v_value;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.delete_deadline');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF v_value NOT REGEXP '\\A-?[0-9]+(\\.0+)?\\z' OR v_value NOT BETWEEN 0 AND {{ limit.seconds }} THEN
      {{ raise("invalid_argument", "delete_deadline must be a whole number, 0 to %d (seconds)" % limit.seconds) }};
    END IF;
    SET out_delete_deadline = v_value;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.max_count');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF v_value NOT REGEXP '\\A-?[0-9]+(\\.0+)?\\z' OR v_value NOT BETWEEN 1 AND {{ limit.max_count }} THEN
      {{ raise("invalid_argument", "max_count must be a whole number, 1 to %d" % limit.max_count) }};
    END IF;
    SET out_max_count = v_value;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.on_failure');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING'
      OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND {{ limit.queue }}
      OR ' ' IN (LEFT(JSON_UNQUOTE(v_value), 1), RIGHT(JSON_UNQUOTE(v_value), 1)) THEN
      {{ raise("invalid_argument", "on_failure " ~ name_rule(limit.queue, "be a string of")) }};
    END IF;
    SET out_on_failure = JSON_UNQUOTE(v_value);
  END IF;
END
