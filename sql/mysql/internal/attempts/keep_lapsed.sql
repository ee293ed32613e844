CREATE PROCEDURE {{ p }}keep_lapsed (
  IN in_ids {{ text }},
  IN in_batch_id BIGINT,
  IN in_now {{ instant }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: enters those attempts in the history that never ended, as starts of this batch have found.
  */
  {{ keep_attempts("SELECT DISTINCT
    task.task_id, task.attempts - 1, task.ended_at, in_now, 'lapsed', NULL, NULL, NULL
  FROM JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN %stask AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  WHERE task.batch_id = in_batch_id AND task.lapses > 0" % p) }};
  CALL {{ p }}forget_attempts(in_ids);
END
