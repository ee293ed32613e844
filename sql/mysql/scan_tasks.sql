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
  Due tasks whose deadline has passed or whose attempts are used up fail instead. A batch whose
  lease has run out unconfirmed is given back first, so that this scan can claim its tasks.

  Parameters
    in_relay      name of the relay, 1 to {{ limit.relay }} characters, no blank at either end
    in_limit      most tasks to claim, 1 to {{ limit.rows }}; queues with due tasks share it evenly
    in_lease      seconds within which the batch must be confirmed, 1 to {{ limit.seconds }}
    in_namespace  serve this namespace only; NULL serves all
    in_held       a JSON array of queue names that can take no message now; NULL is none.
                  Their tasks, as those of paused queues, are not claimed but still expire.
  Result
    out_batch_id  pass it to confirm_batch or release_batch; NULL where nothing was claimed
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
  DECLARE v_expired INT DEFAULT 0;
  DECLARE v_full TINYINT DEFAULT FALSE;
  DECLARE v_known {{ text }} DEFAULT '[]';
  DECLARE v_slow TINYINT;

  IF in_relay IS NULL OR CHAR_LENGTH(in_relay) NOT BETWEEN 1 AND {{ limit.relay }}
    OR ' ' IN (LEFT(in_relay, 1), RIGHT(in_relay, 1)) THEN
    {{ raise("invalid_argument", "in_relay must have 1 to %d characters, no blank at either end" % limit.relay) }};
  END IF;
  IF {{ unreadable("in_relay") }} THEN
    {{ raise("invalid_argument", "in_relay must have characters of Unicode only") }};
  END IF;
  IF in_limit IS NULL OR in_limit NOT BETWEEN 1 AND {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_limit must be 1 to %d" % limit.rows) }};
  END IF;
  IF in_lease IS NULL OR in_lease NOT BETWEEN 1 AND {{ limit.seconds }} THEN
    {{ raise("invalid_argument", "in_lease must be 1 to %d (seconds)" % limit.seconds) }};
  END IF;
  IF NOT JSON_VALID(v_held) OR JSON_TYPE(v_held) <> 'ARRAY' THEN
    {{ raise("invalid_argument", "in_held must be NULL or a JSON array of queue names") }};
  END IF;

  CALL {{ p }}begin_work();
  SET out_batch_id = NULL;

  BEGIN
    DECLARE v_last INT;
    DECLARE v_began DATETIME(6);
    DECLARE v_queue_id INT;
    DECLARE v_closed TINYINT;
    DECLARE v_is_parked TINYINT;
    DECLARE v_share INT;
    DECLARE v_some INT;
    DECLARE v_more INT;
    DECLARE v_left INT DEFAULT in_limit;
    DECLARE v_done TINYINT DEFAULT FALSE;
    DECLARE c_queues CURSOR FOR
      SELECT queue_id, closed, parked, GREATEST(1, in_limit DIV COUNT(*) OVER ())
      FROM (
        SELECT
          queue_id,
          closed,
          IF(known.lane IS NULL, (
            SELECT due_at
            FROM {{ p }}task FORCE INDEX (due)
            WHERE lane = queue.queue_id
            ORDER BY lane, due_at
            LIMIT 1
          ) <= v_now, known.due) AS active,
          (
            SELECT due_at
            FROM {{ p }}task FORCE INDEX (due)
            WHERE lane = -queue.queue_id
            ORDER BY lane, due_at
            LIMIT 1
          ) <= IF(closed, v_now, {{ end_of_time }}) AS parked
        FROM (
          SELECT
            queue_id,
            paused_at IS NOT NULL OR EXISTS (
              SELECT 1 FROM {{ names('v_held') }} AS held WHERE held.name = queue
            ) AS closed
          FROM {{ p }}queue
          WHERE in_namespace IS NULL OR namespace = in_namespace
        ) AS queue
        LEFT JOIN JSON_TABLE(v_known, '$[*]' COLUMNS (
          lane INT PATH '$[0]', due TINYINT PATH '$[1]'
        )) AS known ON known.lane = queue.queue_id
      ) AS queue
      WHERE active OR parked
      -- Where there are more queues than in_limit, each gets its turn.
      ORDER BY RAND();
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_done = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    CALL {{ p }}give_back_lapsed({{ now }});

    SELECT MAX(lane)
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

    SET v_done = FALSE;
    SET v_began = SYSDATE(6);
    OPEN c_queues;
    SELECT TIMESTAMPDIFF(MICROSECOND, v_began, SYSDATE(6)) > {{ low_end.slow }} + 100 * COUNT(*)
    INTO v_slow
    FROM {{ p }}queue
    WHERE queue_id > 0;
    each_queue: LOOP
      FETCH c_queues INTO v_queue_id, v_closed, v_is_parked, v_share;
      IF v_done THEN
        LEAVE each_queue;
      END IF;
      SET v_share = LEAST(v_share, v_left);
      SET v_some = 0;
      IF v_closed THEN
        IF v_is_parked THEN
          CALL {{ p }}lock_due(-v_queue_id, v_now, v_share, v_now, v_parked, v_some, v_expired);
        END IF;
        CALL {{ p }}lock_due(v_queue_id, v_now, v_share, v_now, v_parked, v_more, v_expired);
      ELSE
        IF v_is_parked THEN
          CALL {{ p }}lock_due(-v_queue_id, {{ end_of_time }}, v_share, v_now, v_claimed, v_some, v_expired);
        END IF;
        CALL {{ p }}lock_due(v_queue_id, v_now, v_share - v_some, v_now, v_claimed, v_more, v_expired);
        SET v_full = v_full OR v_some + v_more >= v_share;
        SET v_left = v_left - v_some - v_more;
      END IF;
    END LOOP;
    CLOSE c_queues;

    IF v_expired > 0 THEN
      {{ settled }} UPDATE JSON_TABLE(
        JSON_MERGE_PRESERVE(v_claimed, v_parked), '$[*]' COLUMNS (task_id BIGINT PATH '$')
      ) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.lane = 0,
        task.status = {{ status.failed }},
        task.ended_at = v_now,
        task.due_at = v_now + {{ keep_unfinished }}
      WHERE {{ expired("v_now") }};
    END IF;

    IF v_parked <> '[]' THEN
      {{ settled }} UPDATE JSON_TABLE(v_parked, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.lane = -task.queue_id,
        task.due_at = task.deadline_at
      WHERE task.lane <> 0;
    END IF;

    IF v_claimed <> '[]' THEN
      SET out_batch_id = {{ new_batch_id }};
      {{ settled }} UPDATE JSON_TABLE(v_claimed, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
      SET
        task.lane = task.queue_id,
        task.batch_id = out_batch_id,
        task.ended_at = v_now,
        task.due_at = LEAST(v_now + INTERVAL task.interval_seconds SECOND, task.deadline_at)
      WHERE task.lane <> 0;
      IF ROW_COUNT() > 0 THEN
        INSERT INTO {{ p }}batch (batch_id, relay, claimed_at, lapses_at, task_ids)
        VALUES (out_batch_id, in_relay, v_now, v_now + INTERVAL in_lease SECOND, v_claimed);
      ELSE
        SET out_batch_id = NULL;
      END IF;
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
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) ON task.task_id = given.task_id
  STRAIGHT_JOIN {{ p }}queue AS queue ON queue.queue_id = task.queue_id
  WHERE task.batch_id = out_batch_id AND task.lane <> 0;
  -- With autocommit off, the last SELECT has opened a transaction, which the next call would refuse.
  {{ commit }};
END
