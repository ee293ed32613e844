CREATE PROCEDURE {{ p }}fail_expired (
  IN in_ids {{ text }},
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: fails overdue tasks. The caller has locked them. Attempts that were under way go into the history.
  */
  {{ settled }} UPDATE JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    {{ expire("in_now") }};

  -- A task that waits has no lapses; expire() has counted the attempt that never ended.
  {{ keep_attempts("SELECT
    task.task_id, task.attempts, task.started_at, in_now, IF(task.deadline_at <= in_now, 'expired', 'lapsed'), NULL, NULL, NULL
  FROM JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN %stask AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  WHERE task.lapses > 0" % p) }};
  CALL {{ p }}forget_attempts(in_ids);
  CALL {{ p }}create_follow_ups(in_ids, in_now);
END
