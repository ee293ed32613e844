CREATE PROCEDURE {{ p }}give_back (
  IN in_batch_id BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
  /*
  Internal: makes those tasks of a batch due again that nobody has touched since, and forgets the batch.
  They keep their place in the queue: due since the batch was claimed, or now if the clock was set back.
  */
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_task_ids {{ text }};
  DECLARE v_untouched {{ text }};
  DECLARE v_claimed_at {{ instant }};

  SELECT task_ids, claimed_at
  INTO v_task_ids, v_claimed_at
  FROM {{ p }}batch
  WHERE batch_id = in_batch_id;

  -- A task that somebody has locked is in a consumer's hands: its message has arrived.
  {{ settled }} SELECT JSON_ARRAYAGG(task_id)
  INTO v_untouched
  FROM (
    SELECT task.task_id
    FROM (
      SELECT DISTINCT task_id
      FROM JSON_TABLE(v_task_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS journal
    ) AS given
    STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
    WHERE task.batch_id = in_batch_id AND task.lane > 0
    FOR UPDATE SKIP LOCKED /* R11 */
  ) AS untouched;

  {{ settled }} UPDATE JSON_TABLE(v_untouched, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    task.due_at = LEAST(v_claimed_at, v_now),
    task.batch_id = 0;

  -- By its key, all of it: safe updates ask for one.
  UPDATE {{ p }}low_end FORCE INDEX (PRIMARY) /* R25 */
  SET first_at = LEAST(v_claimed_at, v_now)
  WHERE lane >= 0 AND first_at > LEAST(v_claimed_at, v_now);

  DELETE FROM {{ p }}batch
  WHERE batch_id = in_batch_id;
END
