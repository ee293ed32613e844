{#- Without escaped backslashes and the two halves of characters that are written as such. -#}
{%- set without_pairs -%}
REGEXP_REPLACE(in_payload, '\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}')
{%- endset -%}
PROCEDURE check_payload (
  in_label IN VARCHAR2,
  in_payload IN CLOB
)
/*
Internal: refuses a payload that is too large, not a JSON object, or has a key that messages add.
*/
IS
  v_error NUMBER;
BEGIN
  -- No character has more than four bytes.
  IF LENGTH(in_payload) * 4 > {{ payload_limit }} AND utf8_length(in_payload) > {{ payload_limit }} THEN
    {{ raise("payload_too_large", "payload must have at most %d bytes" % payload_limit, "in_label || ") }};
  END IF;

  SELECT
    CASE
      WHEN {{ is_json("in_payload", "{") }}
        AND (INSTR(in_payload, '\u') = 0 OR NOT REGEXP_LIKE({{ without_pairs }}, '\\u[dD][89a-fA-F]')) THEN
        CASE
          WHEN JSON_EXISTS(in_payload, '$."task_id"') OR JSON_EXISTS(in_payload, '$."task_attempt"') THEN
            {{ error.reserved_key }}
        END
      ELSE {{ error.invalid_payload }}
    END
  INTO v_error
  FROM dual;

  IF v_error = {{ error.invalid_payload }} THEN
    {{ raise("invalid_payload", "payload must be a JSON object", "in_label || ") }};
  ELSIF v_error = {{ error.reserved_key }} THEN
    {{ raise("reserved_key", "payload must not have the keys task_id and task_attempt", "in_label || ") }};
  ELSIF json_depth(in_payload) > {{ limit.depth }} THEN
    {{ raise("invalid_payload", "payload must be a JSON object, not nested too deeply", "in_label || ") }};
  END IF;
END check_payload;
