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
  DECLARE v_last INT;
  DECLARE v_known {{ text }} DEFAULT '[]';
  DECLARE v_slow TINYINT;
  DECLARE v_lanes LONGBLOB;
  DECLARE v_claimed {{ text }} DEFAULT '[]';
  DECLARE v_parked {{ text }} DEFAULT '[]';
  DECLARE v_expired {{ text }} DEFAULT '[]';
  DECLARE v_full TINYINT DEFAULT FALSE;

  {{ check_name("in_relay", limit.relay) }};
  IF {{ unreadable("in_relay") }} THEN
    {{ raise("invalid_argument", "in_relay must have characters of Unicode only") }};
  END IF;
  {{ check_integer("in_limit", 1, limit.rows) }};
  {{ check_integer("in_lease", 1, limit.seconds, " (seconds)") }};
  {{ check_held }};

  CALL {{ p }}begin_work();
  SET out_batch_id = NULL;
  BEGIN
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

    CALL {{ p }}find_due_queues(v_now, in_namespace, v_held, v_known, v_lanes, v_slow);
    IF v_lanes IS NOT NULL THEN
      CALL {{ p }}lock_lanes(v_lanes, in_limit, v_now, v_claimed, v_parked, v_expired, v_full);
    END IF;
    IF v_expired <> '[]' THEN
      CALL {{ p }}fail_expired(v_expired, v_now);
    END IF;
    IF v_parked <> '[]' THEN
      CALL {{ p }}park_tasks(v_parked);
    END IF;
    IF v_claimed <> '[]' THEN
      CALL {{ p }}store_batch(v_claimed, in_relay, in_lease, v_now, out_batch_id);
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
