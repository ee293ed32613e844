PROCEDURE check_held (
  in_held IN CLOB
)
{%- if spec %};
/*
Internal: refuses what is no list of queues.
*/
{%- else %}
IS
  v_found NUMBER;
BEGIN
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE in_held IS NULL OR {{ is_json("in_held", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_held must be NULL or a JSON array of queue names") }};
  END IF;
END check_held;
{%- endif %}
