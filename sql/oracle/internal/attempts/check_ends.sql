{%- set id_pattern = "^\\[ *(-?[0-9]{1,18}(\\.0+)?|\"-?[0-9]{1,18}\") *\\]$" -%}
{%- macro is_text(column) -%}
({{ column }} IS NULL OR REGEXP_LIKE({{ column }}, '^\[ *("|null *\]$)'))
{%- endmacro -%}
{#- [60] is 60; a missing key and [null] are none. -#}
{%- macro is_delay(low) -%}
CASE
          WHEN REGEXP_LIKE(delay, '^\[ *[0-9]{1,10}(\.0+)? *\]$')
          THEN CASE WHEN TO_NUMBER(REGEXP_SUBSTR(delay, '[0-9]+')) BETWEEN {{ low }} AND {{ limit.seconds }} THEN 1 END
        END = 1
{%- endmacro -%}
PROCEDURE check_ends (
  in_ends IN CLOB
)
/*
Internal: refuses what end_attempts cannot read.
*/
IS
  v_found NUMBER;
  v_attempts NUMBER;
  v_no_id NUMBER;
  v_no_outcome NUMBER;
  v_no_text NUMBER;
  v_no_delay NUMBER;
BEGIN
  {{ bytes_at_most("in_ends", limit.attempts) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_ends", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_ends must be a JSON array of objects with task_id, attempt and outcome") }};
  END IF;

  SELECT
    COUNT(*),
    COUNT(DISTINCT task_id || ' ' || attempt),
    COUNT(CASE
      WHEN COALESCE(REGEXP_COUNT(task_id, '{{ id_pattern }}'), 0) = 0
        OR COALESCE(REGEXP_COUNT(attempt, '{{ id_pattern }}'), 0) = 0 THEN 1
    END),
    COUNT(CASE WHEN INSTR(' fail reject snooze ', ' ' || outcome || ' ') > 0 THEN NULL ELSE 1 END),
    COUNT(CASE WHEN {{ is_text("error") }} AND {{ is_text("traceback") }} THEN NULL ELSE 1 END),
    COUNT(CASE
      WHEN NOT {{ is_outcome("outcome", "snooze") }} AND (delay_there = 0 OR REGEXP_LIKE(delay, '^\[ *null *\]$')) THEN NULL
      WHEN {{ is_outcome("outcome", "fail") }} AND {{ is_delay(0) }} THEN NULL
      WHEN {{ is_outcome("outcome", "snooze") }} AND {{ is_delay(1) }} THEN NULL
      ELSE 1
    END)
  INTO v_found, v_attempts, v_no_id, v_no_outcome, v_no_text, v_no_delay
  FROM JSON_TABLE(in_ends, '$[*]' COLUMNS (
    task_id VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."task_id"',
    attempt VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."attempt"',
    outcome VARCHAR2(6 CHAR) PATH '$.outcome',
    error CLOB FORMAT JSON WITH WRAPPER PATH '$.error',
    traceback CLOB FORMAT JSON WITH WRAPPER PATH '$.traceback',
    delay VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$.delay',
    delay_there NUMBER EXISTS PATH '$.delay'
  ));
  IF v_found > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_ends must have at most %d elements" % limit.rows) }};
  ELSIF v_no_id > 0 THEN
    {{ raise("invalid_argument", "in_ends: task_id and attempt of each element must be integers") }};
  ELSIF v_attempts < v_found THEN
    {{ raise("invalid_argument", "in_ends must have each attempt once") }};
  ELSIF v_no_outcome > 0 THEN
    {{ raise("invalid_argument", "in_ends: outcome of each element must be fail, reject or snooze") }};
  ELSIF v_no_text > 0 THEN
    {{ raise("invalid_argument", "in_ends: error and traceback, where given, must be texts") }};
  ELSIF v_no_delay > 0 THEN
    {{ raise("invalid_argument", "in_ends: delay must be 0 to %d for fail, 1 to %d for snooze, absent for reject"
        % (limit.seconds, limit.seconds)) }};
  END IF;
END check_ends;
