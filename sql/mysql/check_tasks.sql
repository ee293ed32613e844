CREATE PROCEDURE {{ p }}check_tasks (
  IN in_tasks {{ text }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY DEFINER
BEGIN
  /*
  Internal: refuses what start_tasks and finish_tasks cannot read.
  */
  DECLARE EXIT HANDLER FOR {{ json_errors }}
    {{ raise("invalid_argument", "in_tasks is nested too deeply") }};

  IF in_tasks IS NULL OR NOT JSON_VALID(in_tasks) OR JSON_TYPE(in_tasks) <> 'ARRAY' THEN
    {{ raise("invalid_argument", "in_tasks must be a JSON array of objects with task_id and attempt") }};
  END IF;
  IF JSON_LENGTH(in_tasks) > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_tasks must have at most %d elements" % limit.rows) }};
  END IF;
  IF EXISTS (
    SELECT 1
    FROM JSON_TABLE(in_tasks, '$[*]' COLUMNS (
      task_id BIGINT PATH '$.task_id',
      attempt BIGINT PATH '$.attempt',
      has_attempt INT EXISTS PATH '$.attempt'
    )) AS given
    WHERE given.task_id IS NULL OR (given.has_attempt AND given.attempt IS NULL)
  ) THEN
    {{ raise("invalid_argument", "in_tasks: task_id of each element, and attempt where given, must be integers") }};
  END IF;
END
