CREATE PROCEDURE {{ p }}park_tasks (
  IN in_ids {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: moves due tasks of closed queues out of the way of the others. The caller has locked them.
  */
  {{ settled }} UPDATE JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    task.lane = -task.queue_id,
    task.due_at = task.deadline_at;
END
