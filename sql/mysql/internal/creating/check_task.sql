CREATE PROCEDURE {{ p }}check_task (
  IN in_name {{ text }},
  IN in_payload {{ text }},
  IN in_interval BIGINT,
  IN in_queue {{ text }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: raises what create_task and delay_task do not allow.
  */
  CALL {{ p }}check_session();
  {{ check_name("in_name", limit.name) }};
  {{ check_name("in_queue", limit.queue) }};
  IF {{ unreadable("in_name") }} OR {{ unreadable("in_queue") }} THEN
    {{ raise("invalid_argument", "in_name and in_queue must have characters of Unicode only") }};
  END IF;
  IF in_interval IS NULL OR in_interval NOT BETWEEN 1 AND {{ limit.seconds }} THEN
    {{ raise("invalid_argument", "in_interval must be a whole number, 1 to %d (seconds)" % limit.seconds) }};
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
      OR LOCATE({{ nul }}, in_payload) > 0 OR {{ unreadable("in_payload") }} THEN
      {{ raise("invalid_payload", "in_payload must be a JSON object") }};
    END IF;
    IF {{ has_reserved_key("v_payload", "in_payload") }} THEN
      {{ raise("reserved_key", "in_payload must not have the keys task_id and task_attempt") }};
    END IF;
  END;
END
