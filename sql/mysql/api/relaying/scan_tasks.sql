CREATE PROCEDURE {{ p }}scan_tasks (
  IN in_relay {{ text }},
  IN in_limit BIGINT,
  IN in_lease BIGINT,
  IN in_namespace {{ text }},
  IN in_held {{ text }},
  OUT out_batch_id BIGINT,
  OUT out_wait_ms BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Claims due tasks for a relay, which then pushes their messages and calls confirm_batch.
  Due tasks whose deadline has passed or whose attempts are used up fail instead, and those whose last {{ max_lapses }} attempts
  were started and never ended: they may kill their workers. A batch whose lease has run out unconfirmed is given back
  first, so that this scan can claim its tasks.

  Parameters
    in_relay      name of the relay, 1 to {{ limit.relay }} characters, no blank at either end
    in_limit      most tasks to claim, 1 to {{ limit.rows }}; queues with due tasks share it evenly. A batch also
                  ends before its payloads exceed {{ limit.claim_bytes }} bytes (on Oracle characters)
    in_lease      seconds within which the batch must be confirmed, 1 to {{ limit.seconds }}
    in_namespace  serve this namespace only; NULL serves all
    in_held       a JSON array of queue names that can take no message now, at most {{ limit.rows }} names and
                  {{ limit.held }} bytes; NULL is none.
                  Their tasks, as those of paused queues, are not claimed but still expire.
  Result
    out_batch_id  pass it to confirm_batch or release_batch; NULL if nothing was claimed
    out_wait_ms   milliseconds until the next task is due; 0: there is more now; NULL: none is active
    rows          task_id, attempt (to announce), queue, payload; each queue in due order
  Errors
    invalid_argument, transaction_open
  Transaction
    Commits by itself.
  */
  DECLARE v_now {{ instant }};
  DECLARE v_held {{ text }} DEFAULT COALESCE(in_held, '[]');
  DECLARE v_claimed {{ text }} DEFAULT '[]';
  DECLARE v_parked {{ text }} DEFAULT '[]';
  DECLARE v_expired {{ text }} DEFAULT '[]';
  DECLARE v_some_claimed {{ text }} DEFAULT '[]';
  DECLARE v_some_parked {{ text }} DEFAULT '[]';
  DECLARE v_some_expired {{ text }} DEFAULT '[]';
  DECLARE v_full TINYINT DEFAULT FALSE;
  DECLARE v_known {{ text }} DEFAULT '[]';
  DECLARE v_slow TINYINT;

  {{ check_name("in_relay", limit.relay) }};
  IF {{ unreadable("in_relay") }} THEN
    {{ raise("invalid_argument", "in_relay must have characters of Unicode only") }};
  END IF;
  {{ check_integer("in_limit", 1, limit.rows) }};
  {{ check_integer("in_lease", 1, limit.seconds, " (seconds)") }};
  {{ bytes_at_most("in_held", limit.held) }};
  IF NOT JSON_VALID(v_held) OR JSON_TYPE(v_held) <> 'ARRAY' THEN
    {{ raise("invalid_argument", "in_held must be NULL or a JSON array of queue names") }};
  END IF;
  IF JSON_LENGTH(in_held) > {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_held must have at most %d names" % limit.rows) }};
  END IF;

  CALL {{ p }}begin_work();
  SET out_batch_id = NULL;

  BEGIN
    DECLARE v_last INT;
    DECLARE v_began DATETIME(6);
    DECLARE v_queues INT;
    DECLARE v_due INT;
    DECLARE v_lanes LONGBLOB;
    DECLARE v_place INT DEFAULT 0;
    DECLARE v_queue_id INT;
    DECLARE v_closed TINYINT;
    DECLARE v_is_parked TINYINT;
    DECLARE v_share INT;
    DECLARE v_some INT;
    DECLARE v_more INT;
    DECLARE v_left INT DEFAULT LEAST(in_limit, {{ claim_rows }});
    DECLARE v_bytes_share INT;
    DECLARE v_bytes_left INT DEFAULT {{ limit.claim_bytes }};
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    CALL {{ p }}give_back_lapsed({{ now }});

    SELECT MAX(lane) /* R31 */
    INTO v_last
    FROM {{ p }}low_end;
    IF v_last > 0 THEN
      {{ commit }};
      CALL {{ p }}begin_work();
      CALL {{ p }}find_low_ends(in_namespace, FALSE, v_known);
      {{ commit }};
      CALL {{ p }}begin_work();
    END IF;
    SET v_now = {{ now }};

    -- R30: the queues with something to do, {{ lane_width }} characters each: with a cursor in its place, MariaDB 11.8 crashes
    -- if somebody has altered a table since the last call. If they are more than v_left, each gets its turn.
    SET v_began = SYSDATE(6) /* R32 */;
    {{ settled }} SELECT {{ uncut }} COUNT(*), COUNT(lane), GROUP_CONCAT(lane ORDER BY RAND() SEPARATOR '')
    INTO v_queues, v_due, v_lanes
    FROM (
      SELECT IF(active OR parked, CONCAT(LPAD(queue_id, 10, '0'), closed, parked), NULL) AS lane
      FROM (
        SELECT
          queue_id,
          closed,
          IF(known.lane IS NULL, (
            SELECT due_at
            FROM {{ p }}task FORCE INDEX (due) /* R2 */
            WHERE lane = queue.queue_id
            ORDER BY lane, due_at
            LIMIT 1
          ) <= v_now, known.due) AS active,
          COALESCE((
            SELECT due_at
            FROM {{ p }}task FORCE INDEX (due) /* R2 */
            WHERE lane = -queue.queue_id
            ORDER BY lane, due_at
            LIMIT 1
          ) <= IF(closed, v_now, {{ end_of_time }}), FALSE) AS parked
        FROM (
          SELECT
            queue_id,
            paused_at IS NOT NULL OR held.name IS NOT NULL AS closed
          FROM {{ p }}queue AS queue
          LEFT JOIN {{ names('v_held') }} AS held ON held.name = queue.queue
          WHERE removed_at IS NULL AND (in_namespace IS NULL OR namespace = in_namespace)
        ) AS queue
        LEFT JOIN (
          SELECT DISTINCT lane, due
          FROM JSON_TABLE(v_known, '$[*]' COLUMNS (
            lane INT PATH '$[0]', due TINYINT PATH '$[1]'
          )) AS given
        ) AS known ON known.lane = queue.queue_id
      ) AS queue
    ) AS found;
    SET v_slow = TIMESTAMPDIFF(MICROSECOND, v_began, SYSDATE(6)) /* R32 */ > {{ low_end.slow }} + 100 * v_queues;
    SET v_share = GREATEST(1, v_left DIV GREATEST(1, v_due));
    SET v_bytes_share = v_bytes_left DIV GREATEST(1, v_due);
    SET v_full = v_due > v_left;
    SET v_due = LEAST(v_due, v_left);

    WHILE v_place < v_due DO
      SET v_queue_id = SUBSTR(v_lanes, {{ lane_width }} * v_place + 1, 10);
      SET v_closed = SUBSTR(v_lanes, {{ lane_width }} * v_place + 11, 1);
      SET v_is_parked = SUBSTR(v_lanes, {{ lane_width }} * v_place + 12, 1);
      SET v_place = v_place + 1;
      SET v_share = LEAST(v_share, v_left);
      SET v_some = 0;
      IF v_closed THEN
        IF v_is_parked THEN
          CALL {{ p }}lock_due_tasks(-v_queue_id, v_now, v_share, v_now, v_some_parked, v_some, v_some_expired);
        END IF;
        CALL {{ p }}lock_due_tasks(v_queue_id, v_now, v_share, v_now, v_some_parked, v_more, v_some_expired);
      ELSE
        IF v_is_parked THEN
          CALL {{ p }}lock_claim(
            -v_queue_id, {{ end_of_time }}, v_share, v_bytes_share, v_now, v_some_claimed, v_some, v_bytes_left, v_full,
            v_some_expired
          );
        END IF;
        CALL {{ p }}lock_claim(
          v_queue_id, v_now, v_share - v_some, v_bytes_share, v_now, v_some_claimed, v_more, v_bytes_left, v_full,
          v_some_expired
        );
        SET v_left = v_left - v_some - v_more;
      END IF;
      {{ add_gathered("v_claimed", "v_some_claimed", gathered) }};
      {{ add_gathered("v_parked", "v_some_parked", gathered) }};
      {{ add_gathered("v_expired", "v_some_expired", gathered) }};
    END WHILE;
    {{ add_gathered("v_claimed", "v_some_claimed", 2) }};
    {{ add_gathered("v_parked", "v_some_parked", 2) }};
    {{ add_gathered("v_expired", "v_some_expired", 2) }};

    IF v_expired <> '[]' THEN
      CALL {{ p }}fail_expired(v_expired, v_now);
    END IF;

    IF v_parked <> '[]' THEN
      {{ settled }} UPDATE JSON_TABLE(v_parked, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      SET
        task.lane = -task.queue_id,
        task.due_at = task.deadline_at;
    END IF;

    IF v_claimed <> '[]' THEN
      SET out_batch_id = {{ new_batch_id }};
      {{ settled }} UPDATE JSON_TABLE(v_claimed, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      SET
        task.lane = task.queue_id,
        task.batch_id = out_batch_id,
        task.ended_at = v_now,
        task.due_at = LEAST(v_now + INTERVAL task.interval_seconds SECOND, task.deadline_at);
      INSERT INTO {{ p }}batch (batch_id, relay, claimed_at, lapses_at, task_ids)
      VALUES (out_batch_id, in_relay, v_now, v_now + INTERVAL in_lease SECOND, v_claimed);
    END IF;

    IF v_full THEN
      SET out_wait_ms = 0;
    ELSE
      CALL {{ p }}find_next_due(v_now, in_namespace, v_held, out_wait_ms);
    END IF;
    {{ commit }};

    IF v_slow THEN
      CALL {{ p }}begin_work();
      CALL {{ p }}find_low_ends(in_namespace, TRUE, v_known);
      {{ commit }};
    END IF;
  END;

  SELECT out_batch_id AS batch_id, out_wait_ms AS wait_ms;
  SELECT task.task_id, task.attempts + 1 AS attempt, queue.queue, task.payload
  FROM JSON_TABLE(v_claimed, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  STRAIGHT_JOIN {{ p }}queue AS queue /* R3 */ ON queue.queue_id = task.queue_id
  WHERE task.batch_id = out_batch_id AND task.lane <> 0
  -- R28: else the caller's sql_select_limit cuts what has been claimed.
  LIMIT {{ limit.rows }};
  -- With autocommit off, the last SELECT has opened a transaction, which the next call would refuse.
  {{ commit }};
END
