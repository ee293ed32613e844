{#- Two parts that are no procedures: a CALL takes 1 % of a scan.
    The queues with something to do, in random order, lane_width characters each, or NULL. R30: with a cursor in its place
    MariaDB 11.8 crashes if somebody has altered a table since the last call. -#}
{%- set find_due_queues -%}
SET v_began = SYSDATE(6) /* R32 */;
    {{ settled }} SELECT {{ uncut }} COUNT(*), GROUP_CONCAT(lane ORDER BY RAND() SEPARATOR '')
    INTO v_queues, v_lanes
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
          WHERE removed_at IS NULL AND direct = 0 AND (in_namespace IS NULL OR namespace = in_namespace)
        ) AS queue
        LEFT JOIN (
          SELECT DISTINCT lane, due
          FROM JSON_TABLE(v_known, '$[*]' COLUMNS (
            lane INT PATH '$[0]', due TINYINT PATH '$[1]'
          )) AS given
        ) AS known ON known.lane = queue.queue_id
      ) AS queue
    ) AS found;
    SET v_slow = TIMESTAMPDIFF(MICROSECOND, v_began, SYSDATE(6)) /* R32 */ > {{ low_end.slow }} + 100 * v_queues
{%- endset -%}
{#- What is locked in v_claimed becomes a batch. -#}
{%- set store_batch -%}
SET out_batch_id = {{ new_batch_id }};
      {{ settled }} UPDATE JSON_TABLE(v_claimed, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
      STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
      SET
        task.lane = task.queue_id,
        task.batch_id = out_batch_id,
        task.ended_at = v_now,
        task.due_at = LEAST(v_now + INTERVAL task.interval_seconds SECOND, task.deadline_at);
      INSERT INTO {{ p }}batch (batch_id, relay, claimed_at, lapses_at, task_ids)
      VALUES (out_batch_id, in_relay, v_now, v_now + INTERVAL in_lease SECOND, v_claimed)
{%- endset -%}
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
  DECLARE v_began DATETIME(6);
  DECLARE v_queues INT;
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

    {{ find_due_queues }};
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
      {{ store_batch }};
    END IF;

    IF v_full THEN
      SET out_wait_ms = 0;
    ELSE
      -- Those that have failed may have created others, which are due now.
      CALL {{ p }}find_next_due(IF(v_expired = '[]', v_now, NULL), in_namespace, v_held, out_wait_ms);
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
