CREATE PROCEDURE {{ p }}fail_expired (
  IN in_ids {{ text }},
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: fails overdue tasks. The caller has locked them.
  */
  {{ settled }} UPDATE JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    {{ expire("in_now") }};
END
