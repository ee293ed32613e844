{%- set id_pattern = "^\\[ *(-?[0-9]{1,18}(\\.0+)?|\"-?[0-9]{1,18}\") *\\]$" -%}
PROCEDURE read_tasks (
  in_tasks IN CLOB,
  out_ids OUT NOCOPY ids,
  out_attempts OUT NOCOPY ids
)
/*
Internal: reads the arguments of start_tasks, finish_tasks and return_tasks, each pair once and in the order of
the ids, in which all calls then lock them; refuses what cannot be read.
*/
IS
  v_found NUMBER;
  v_bad NUMBER;
BEGIN
  {{ bytes_at_most("in_tasks", limit.attempts) }};
  SELECT COUNT(*)
  INTO v_found
  FROM dual
  WHERE {{ is_json("in_tasks", "[") }};
  IF v_found = 0 THEN
    {{ raise("invalid_argument", "in_tasks must be a JSON array of objects with task_id and attempt") }};
  END IF;

  SELECT
    COUNT(*),
    COUNT(CASE
      WHEN NOT COALESCE(REGEXP_COUNT(task_id, '{{ id_pattern }}'), 0) = 1
        OR NOT (attempt_there = 0 OR COALESCE(REGEXP_COUNT(attempt, '{{ id_pattern }}'), 0) = 1) THEN 1
    END)
  INTO v_found, v_bad
  FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
    task_id VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."task_id"',
    attempt VARCHAR2(100) FORMAT JSON WITH WRAPPER PATH '$."attempt"',
    attempt_there NUMBER EXISTS PATH '$."attempt"'
  ));
  IF v_found > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.rows) }};
  END IF;
  IF v_bad > 0 THEN
    {{ raise("invalid_argument", "in_tasks: task_id of each element, and attempt where given, must be integers") }};
  END IF;

  SELECT DISTINCT task_id, attempt
  BULK COLLECT INTO out_ids, out_attempts
  FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
    task_id NUMBER PATH '$."task_id"', attempt NUMBER PATH '$."attempt"'
  ))
  ORDER BY task_id, attempt;
END read_tasks;
