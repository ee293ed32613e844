CREATE PROCEDURE {{ p }}read_common (
  IN in_common {{ text }},
  OUT out_name VARCHAR({{ limit.name }}) {{ string }},
  OUT out_delay INT,
  OUT out_interval INT,
  OUT out_deadline INT,
  OUT out_delete_deadline INT,
  OUT out_max_count INT,
  OUT out_on_failure VARCHAR({{ limit.queue }}) {{ string }},
  OUT out_queue_id INT,
  OUT out_direct TINYINT
)
COMMENT '{{ comment }}'
READS SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: in_common of create_task_ranges; refuses what cannot be read. out_queue_id is NULL unless it has all that
  tasks may share, that is sound, and the queues that it names are registered.
  */
  DECLARE EXIT HANDLER FOR {{ unsound }}
    SET out_queue_id = NULL;

  {{ bytes_at_most("in_common", limit.common) }};
  BEGIN
    DECLARE EXIT HANDLER FOR {{ json_errors }}
      {{ raise("invalid_argument", "in_common is nested too deeply") }};
    IF NOT JSON_VALID(in_common) OR JSON_TYPE(in_common) <> 'OBJECT' THEN
      {{ raise("invalid_argument", "in_common must be NULL or a JSON object") }};
    END IF;
  END;
  IF {{ unreadable("in_common") }} THEN
    {{ raise("invalid_argument", "in_common must have characters of Unicode only") }};
  END IF;
  SELECT name, {{ shared_values }}, registered.queue_id, registered.direct
  INTO out_name, out_delay, out_interval, out_deadline, out_delete_deadline, out_max_count, out_on_failure,
    out_queue_id, out_direct
  FROM JSON_TABLE(in_common, '$' COLUMNS (
        kind JSON PATH '$',
        {{ shared_keys }}
      )) AS given
  STRAIGHT_JOIN {{ p }}queue AS registered FORCE INDEX (name) /* R7 */
    ON registered.namespace = COALESCE(JSON_UNQUOTE(namespace_given), '{{ default.namespace }}')
    AND registered.queue = given.queue
  LEFT JOIN {{ p }}queue AS following FORCE INDEX (name) /* R7 */
    ON following.namespace = COALESCE(JSON_UNQUOTE(namespace_given), '{{ default.namespace }}')
    AND following.queue = JSON_UNQUOTE(on_failure_given)
    AND following.removed_at IS NULL
  WHERE registered.removed_at IS NULL
    AND JSON_LENGTH(kind) = {{ shared_count }}
    AND {{ shared_sound }}
    AND interval_seconds_given IS NOT NULL;
END
