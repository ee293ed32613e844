CREATE PROCEDURE {{ p }}read_schedule_options (
  IN in_options {{ text }},
  INOUT out_namespace VARCHAR({{ limit.namespace }}) {{ string }},
  INOUT out_misfire VARCHAR(4) {{ string }},
  INOUT out_max_catch_up BIGINT,
  INOUT out_overlap VARCHAR(5) {{ string }},
  INOUT out_owner VARCHAR({{ limit.owner }}) {{ string }},
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
  Internal: reads the options of a schedule, and those of its tasks by parse_options. One that is absent or null leaves
  its parameter as it is.
  */
  DECLARE v_rest {{ text }};
  DECLARE v_value {{ text }};
  DECLARE v_message VARCHAR(128) {{ string }};
  DECLARE v_order_no VARCHAR({{ limit.order_no }}) {{ string }};
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_argument", "in_options is nested too deeply") }};

  IF LENGTH(in_options) > {{ limit.options }} THEN
    {{ raise("invalid_argument", "in_options must have at most %d bytes" % limit.options) }};
  END IF;
  IF NOT JSON_VALID(in_options) OR JSON_TYPE(in_options) <> 'OBJECT' THEN
    {{ raise("invalid_argument", "in_options must be NULL or a JSON object") }};
  END IF;
  IF {{ unreadable("in_options") }} THEN
    {{ raise("invalid_argument", "in_options must have characters of Unicode only") }};
  END IF;
  SET v_rest = JSON_REMOVE(
    in_options, '$.namespace', '$.misfire', '$.max_catch_up', '$.overlap', '$.owner',
    '$.deadline', '$.delete_deadline', '$.max_count', '$.on_failure'
  );
  IF JSON_LENGTH(v_rest) > 0 THEN
    SET v_message = CONCAT(
      LEFT(JSON_EXTRACT(JSON_KEYS(v_rest), '$[0]'), 40),
      ' is not an option of a schedule; set_schedule names them'
    );
    SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {{ error.unknown_option }}, MESSAGE_TEXT = v_message;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.misfire');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING' OR CAST(JSON_UNQUOTE(v_value) AS BINARY) NOT IN ('skip', 'once', 'all') THEN
      {{ raise("invalid_argument", "misfire must be skip, once or all") }};
    END IF;
    SET out_misfire = JSON_UNQUOTE(v_value);
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.max_catch_up');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF v_value NOT REGEXP '\\A-?[0-9]+(\\.0+)?\\z' OR v_value NOT BETWEEN 1 AND {{ limit.catch_up }} THEN
      {{ raise("invalid_argument", "max_catch_up must be a whole number, 1 to %d" % limit.catch_up) }};
    END IF;
    SET out_max_catch_up = v_value;
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.overlap');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING' OR CAST(JSON_UNQUOTE(v_value) AS BINARY) NOT IN ('allow', 'skip') THEN
      {{ raise("invalid_argument", "overlap must be allow or skip") }};
    END IF;
    SET out_overlap = JSON_UNQUOTE(v_value);
  END IF;

  SET v_value = JSON_EXTRACT(in_options, '$.owner');
  IF JSON_TYPE(v_value) <> 'NULL' THEN
    IF JSON_TYPE(v_value) <> 'STRING'
      OR CHAR_LENGTH(JSON_UNQUOTE(v_value)) NOT BETWEEN 1 AND {{ limit.owner }}
      OR ' ' IN (LEFT(JSON_UNQUOTE(v_value), 1), RIGHT(JSON_UNQUOTE(v_value), 1)) THEN
      {{ raise("invalid_argument", "owner " ~ name_rule(limit.owner)) }};
    END IF;
    SET out_owner = JSON_UNQUOTE(v_value);
  END IF;

  SET v_rest = JSON_REMOVE(in_options, '$.misfire', '$.max_catch_up', '$.overlap', '$.owner');
  CALL {{ p }}parse_options(
    v_rest, out_namespace, v_order_no, out_deadline, out_delete_deadline, out_max_count, out_on_failure
  );
END
