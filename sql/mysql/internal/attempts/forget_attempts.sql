CREATE PROCEDURE {{ p }}forget_attempts (
  IN in_ids {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: deletes the oldest row in the history of each of these tasks that has one from before its last {{ limit.history }} attempts.
  Who adds a row calls this, so that a task has {{ limit.history }} rows at most. By a plain read first: a DELETE would lock the gap
  where nothing is.
  */
  DECLARE v_oldest {{ text }};

  {{ settled }} SELECT JSON_ARRAYAGG(JSON_OBJECT('task_id', task_id, 'attempt', oldest))
  INTO v_oldest
  FROM (
    SELECT
      task.task_id, task.attempts,
      (SELECT MIN(attempt) FROM {{ p }}attempt AS attempt WHERE attempt.task_id = task.task_id) AS oldest
    FROM (
      SELECT DISTINCT task_id
      FROM JSON_TABLE(in_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS element
    ) AS given
    STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
    WHERE task.attempts > {{ limit.history }}
  ) AS found
  WHERE oldest <= attempts - {{ limit.history }};
  IF v_oldest IS NOT NULL THEN
    {{ settled }} DELETE attempt
    FROM JSON_TABLE(v_oldest, '$[*]' COLUMNS (
      task_id BIGINT PATH '$.task_id', attempt INT PATH '$.attempt'
    )) AS given
    STRAIGHT_JOIN {{ p }}attempt AS attempt FORCE INDEX (PRIMARY) /* R3 */
      ON attempt.task_id = given.task_id AND attempt.attempt = given.attempt;
  END IF;
END
