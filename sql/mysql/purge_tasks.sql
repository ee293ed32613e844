CREATE PROCEDURE {{ p }}purge_tasks (
  IN in_limit BIGINT,
  OUT out_deleted INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Deletes terminal tasks whose delete time has come, in one short transaction. Call it until it deletes
  fewer than it may.

  Parameters
    in_limit      most tasks to delete, 1 to {{ limit.rows }}
  Result
    out_deleted   how many were deleted
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_ids {{ text }} DEFAULT '[]';
  DECLARE v_expired INT DEFAULT 0;
  DECLARE v_due TINYINT;

  IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_limit must be 1 to %d" % limit.rows) }};
  END IF;

  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    CALL {{ p }}find_low_end(0, v_due);
    {{ commit }};
    CALL {{ p }}begin_work();
    CALL {{ p }}lock_due(0, {{ now }}, in_limit, {{ now }}, v_ids, out_deleted, v_expired);
    IF out_deleted > 0 THEN
      {{ settled }} DELETE task
      FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id;
    END IF;
    {{ commit }};
  END;
  SELECT out_deleted AS deleted;
END
