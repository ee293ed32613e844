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

  {{ word_option("misfire", "'skip', 'once', 'all'", "skip, once or all") }};
  {{ number_option("max_catch_up", 1, limit.catch_up) }};
  {{ word_option("overlap", "'allow', 'skip'", "allow or skip") }};
  {{ name_option("owner", limit.owner) }};

  SET v_rest = JSON_REMOVE(in_options, '$.misfire', '$.max_catch_up', '$.overlap', '$.owner');
  CALL {{ p }}parse_options(
    v_rest, out_namespace, v_order_no, out_deadline, out_delete_deadline, out_max_count, out_on_failure
  );
END
