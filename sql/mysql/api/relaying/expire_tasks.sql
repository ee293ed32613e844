CREATE PROCEDURE {{ p }}expire_tasks (
  IN in_limit BIGINT,
  OUT out_expired INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Fails active tasks whose deadline has passed, or whose attempts are used up, or the last {{ max_lapses }} of them were started
  and never ended, and whose last interval has passed, in one short transaction. Scans do the same; this is for a
  system without relays. Call it until it fails fewer than it may.

  Parameters
    in_limit      most tasks to fail, 1 to {{ limit.rows }}
  Result
    out_expired   how many have failed
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_left BIGINT DEFAULT in_limit;

  {{ check_integer("in_limit", 1, limit.rows) }};

  CALL {{ p }}begin_work();
  SET v_now = {{ now }};

  BEGIN
    DECLARE v_lane INT;
    DECLARE v_first_at {{ instant }};
    DECLARE v_ids {{ text }};
    DECLARE v_some INT;
    DECLARE v_done TINYINT DEFAULT FALSE;
    DECLARE c_lanes CURSOR FOR
      SELECT lane
      FROM (
        SELECT queue_id AS lane FROM {{ p }}queue
        UNION ALL
        SELECT -queue_id FROM {{ p }}queue
      ) AS found
      WHERE (
        SELECT due_at
        FROM {{ p }}task FORCE INDEX (due) /* R2 */
        WHERE lane = found.lane
        ORDER BY lane, due_at
        LIMIT 1
      ) <= v_now;
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    OPEN c_lanes;
    each_lane: LOOP
      FETCH c_lanes INTO v_lane;
      IF v_done OR v_left = 0 THEN
        LEAVE each_lane;
      END IF;

      -- Those before the first expired one need not be locked to be looked at.
      SELECT MIN(due_at)
      INTO v_first_at
      FROM (
        SELECT due_at
        FROM {{ p }}task FORCE INDEX (due) /* R2 */
        WHERE lane = v_lane
          AND due_at <= v_now
          AND {{ expired("v_now") }}
        ORDER BY due_at
        LIMIT 1
      ) AS expired;

      {{ settled }} SELECT JSON_ARRAYAGG(task_id), COUNT(*)
      INTO v_ids, v_some
      FROM (
        SELECT task_id
        FROM {{ p }}task FORCE INDEX (due) /* R1 */
        WHERE lane = v_lane
          AND due_at BETWEEN v_first_at AND v_now
          AND {{ expired("v_now") }}
        ORDER BY due_at
        LIMIT v_left
        FOR UPDATE SKIP LOCKED /* R11 */
      ) AS expired;

      CALL {{ p }}fail_expired(v_ids, v_now);
      SET v_left = v_left - v_some;
    END LOOP;
    CLOSE c_lanes;
    {{ commit }};
  END;
  SET out_expired = in_limit - v_left;
  SELECT out_expired AS expired;
END
