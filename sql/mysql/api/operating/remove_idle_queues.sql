CREATE PROCEDURE {{ p }}remove_idle_queues (
  IN in_idle BIGINT,
  IN in_limit BIGINT,
  OUT out_removed INT,
  OUT out_deleted INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Removes idle queues as remove_queue does: those that have no active task and are not paused. Deletes what was removed
  in_idle seconds ago, has not been used since and has no task, terminal ones included. Call it until both numbers are
  less than in_limit.

  Parameters
    in_idle       seconds, {{ default.queue_rest }} (a day) to {{ limit.seconds }}
    in_limit      most queues to remove, and most to delete, 1 to {{ limit.rows }}
  Result
    out_removed   how many were removed
    out_deleted   how many are gone for good
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_ids {{ text }};

  {{ check_integer("in_idle", default.queue_rest, limit.seconds, " (seconds)") }};
  {{ check_integer("in_limit", 1, limit.rows) }};

  CALL {{ p }}begin_work();
  SET v_now = {{ now }}, out_removed = 0, out_deleted = 0;
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    CALL {{ p }}keep_used();

    -- One walk over the terminal tasks, for all of them.
    {{ settled }} SELECT JSON_ARRAYAGG(queue_id)
    INTO v_ids
    FROM (
      SELECT queue.queue_id
      FROM {{ p }}queue AS queue
      LEFT JOIN (
        SELECT DISTINCT queue_id FROM {{ p }}task FORCE INDEX (due) /* R9 */
      ) AS used ON used.queue_id = queue.queue_id
      WHERE queue.removed_at <= v_now - INTERVAL in_idle SECOND
        AND used.queue_id IS NULL
      ORDER BY queue.queue_id
      LIMIT in_limit
    ) AS unused;
    IF v_ids IS NOT NULL THEN
      -- Unless a creation has registered it again meanwhile.
      {{ settled }} DELETE queue
      FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (queue_id INT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R3 */ ON queue.queue_id = given.queue_id
      WHERE queue.removed_at <= v_now - INTERVAL in_idle SECOND;
      SET out_deleted = ROW_COUNT();
      {{ settled }} DELETE low_end
      FROM JSON_TABLE(v_ids, '$[*]' COLUMNS (queue_id INT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}low_end AS low_end FORCE INDEX (PRIMARY) /* R3 */ ON low_end.lane = given.queue_id;
    END IF;

    {{ settled }} SELECT JSON_ARRAYAGG(queue_id)
    INTO v_ids
    FROM (
      SELECT queue_id
      FROM {{ p }}queue AS queue
      WHERE removed_at IS NULL
        AND paused_at IS NULL
        AND NOT {{ has_active("queue.queue_id") }}
      ORDER BY queue_id
      LIMIT in_limit
    ) AS idle;
    IF v_ids IS NOT NULL THEN
      {{ settled }} UPDATE JSON_TABLE(v_ids, '$[*]' COLUMNS (queue_id INT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R3 */ ON queue.queue_id = given.queue_id
      SET queue.removed_at = v_now
      WHERE queue.removed_at IS NULL AND queue.paused_at IS NULL;
      SET out_removed = ROW_COUNT();
    END IF;
    {{ commit }};
  END;
  SELECT out_removed AS removed, out_deleted AS deleted;
END
