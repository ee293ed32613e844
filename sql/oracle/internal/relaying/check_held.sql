PROCEDURE check_held (
  in_held IN CLOB
)
/*
Internal: refuses an argument that is not a list of queues.
*/
IS
  v_found NUMBER;
BEGIN
  {{ bytes_at_most("in_held", limit.held) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE in_held IS NULL OR {{ is_json("in_held", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_held must be NULL or a JSON array of queue names") }};
  END IF;
  SELECT COUNT(*)
  INTO v_found
  FROM JSON_TABLE(in_held, '$[*]' COLUMNS (place FOR ORDINALITY));
  IF v_found > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_held must have at most %d names" % limit.rows) }};
  END IF;
END check_held;
