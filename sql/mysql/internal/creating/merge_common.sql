CREATE PROCEDURE {{ p }}merge_common (
  INOUT out_tasks JSON,
  IN in_common {{ text }}
)
COMMENT '{{ comment }}'
NO SQL
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: gives each element of create_task_ranges what all have in common. A payload stays as it is: to merge it
  would take its nulls away.
  */
  DECLARE v_count INT DEFAULT JSON_LENGTH(out_tasks);
  DECLARE v_merged {{ text }};

  {{ settled }} SELECT {{ uncut }} CONCAT('[', COALESCE(GROUP_CONCAT(
    IF(
      JSON_TYPE(task) = 'OBJECT',
      IF(
        JSON_CONTAINS_PATH(task, 'one', '$.payload'),
        JSON_SET(
          JSON_MERGE_PATCH(in_common, JSON_REMOVE(task, '$.payload')), '$.payload', JSON_EXTRACT(task, '$.payload')
        ),
        JSON_MERGE_PATCH(in_common, task)
      ),
      COALESCE(task, 'null')
    )
    ORDER BY element SEPARATOR ','
  ), ''), ']')
  INTO v_merged
  FROM JSON_TABLE(out_tasks, '$[*]' COLUMNS (element FOR ORDINALITY, task JSON PATH '$')) AS given;
  -- max_allowed_packet bounds it, too.
  IF NOT COALESCE(JSON_VALID(v_merged) AND JSON_LENGTH(v_merged) = v_count, FALSE) THEN
    {{ raise("invalid_argument", "in_tasks and in_common must have fewer bytes, merged") }};
  END IF;
  SET out_tasks = v_merged;
END
