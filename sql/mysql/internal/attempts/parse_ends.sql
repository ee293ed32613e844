{#- A text or nothing; null is nothing, too. -#}
{%- macro no_text(value) -%}
COALESCE(JSON_TYPE({{ value }}) NOT IN ('STRING', 'NULL'), FALSE)
{%- endmacro -%}
{%- set delay_given = "(delay IS NOT NULL AND JSON_TYPE(delay) <> 'NULL')" -%}
CREATE PROCEDURE {{ p }}parse_ends (
  IN in_ends {{ text }},
  OUT out_ends JSON
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: in_ends of end_attempts as JSON, read once; refuses what it cannot read.
  */
  DECLARE v_attempts INT;
  DECLARE v_no_id INT;
  DECLARE v_no_outcome INT;
  DECLARE v_no_text INT;
  DECLARE v_no_delay INT;
  DECLARE v_unreadable INT;
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_argument", "in_ends is nested too deeply") }};

  {{ bytes_at_most("in_ends", limit.attempts) }};
  IF in_ends IS NULL OR NOT JSON_VALID(in_ends) OR JSON_TYPE(in_ends) <> 'ARRAY' THEN
    {{ raise("invalid_argument", "in_ends must be a JSON array of objects with task_id, attempt and outcome") }};
  END IF;
  SET out_ends = in_ends;
  IF JSON_LENGTH(out_ends) > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_ends must have at most %d elements" % limit.rows) }};
  END IF;

  SELECT
    COUNT(DISTINCT CAST(JSON_UNQUOTE(task_id) AS SIGNED), CAST(JSON_UNQUOTE(attempt) AS SIGNED)),
    SUM(NOT {{ is_id("task_id") }} OR NOT {{ is_id("attempt") }}),
    SUM(COALESCE(JSON_TYPE(outcome) <> 'STRING' OR JSON_UNQUOTE(outcome) NOT IN ('fail', 'reject', 'snooze'), TRUE)),
    SUM({{ no_text("error") }} OR {{ no_text("traceback") }}),
    SUM(CASE JSON_UNQUOTE(outcome)
      WHEN 'reject' THEN {{ delay_given }}
      WHEN 'snooze' THEN NOT ({{ delay_given }} AND {{ sound_integer("delay", 1, limit.seconds) }})
      ELSE {{ delay_given }} AND NOT {{ sound_integer("delay", 0, limit.seconds) }}
    END),
    SUM({{ unreadable("JSON_UNQUOTE(error)") }} OR {{ unreadable("JSON_UNQUOTE(traceback)") }})
  INTO v_attempts, v_no_id, v_no_outcome, v_no_text, v_no_delay, v_unreadable
  FROM JSON_TABLE(out_ends, '$[*]' COLUMNS (
    task_id JSON PATH '$.task_id',
    attempt JSON PATH '$.attempt',
    outcome JSON PATH '$.outcome',
    error JSON PATH '$.error',
    traceback JSON PATH '$.traceback',
    delay JSON PATH '$.delay'
  )) AS given;
  IF v_no_id > 0 THEN
    {{ raise("invalid_argument", "in_ends: task_id and attempt of each element must be integers") }};
  ELSEIF v_attempts < JSON_LENGTH(out_ends) THEN
    {{ raise("invalid_argument", "in_ends must have each attempt once") }};
  ELSEIF v_no_outcome > 0 THEN
    {{ raise("invalid_argument", "in_ends: outcome of each element must be fail, reject or snooze") }};
  ELSEIF v_no_text > 0 THEN
    {{ raise("invalid_argument", "in_ends: error and traceback, where given, must be texts") }};
  ELSEIF v_no_delay > 0 THEN
    {{ raise("invalid_argument", "in_ends: delay must be 0 to %d for fail, 1 to %d for snooze, absent for reject"
        % (limit.seconds, limit.seconds)) }};
  ELSEIF v_unreadable > 0 THEN
    {{ raise("invalid_argument", "in_ends: error and traceback must have characters of Unicode only") }};
  END IF;
END
