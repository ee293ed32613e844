PROCEDURE check_queues (
  in_queues IN CLOB
)
/*
Internal: refuses an argument that is not a list of one queue or more.
*/
IS
  v_found NUMBER;
BEGIN
  {{ bytes_at_most("in_queues", limit.held) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_queues", "[") }};
  IF v_found = 1 THEN
    SELECT COUNT(*)
    INTO v_found
    FROM JSON_TABLE(in_queues, '$[*]' COLUMNS (place FOR ORDINALITY));
  END IF;
  IF v_found NOT BETWEEN 1 AND {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_queues must be a JSON array of 1 to %d queue names" % limit.rows) }};
  END IF;
END check_queues;
