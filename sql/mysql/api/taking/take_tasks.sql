CREATE PROCEDURE {{ p }}take_tasks (
  IN in_worker {{ text }},
  IN in_queues {{ text }},
  IN in_limit BIGINT,
  IN in_wait_ms BIGINT,
  IN in_namespace {{ text }},
  OUT out_redis {{ text }}
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Starts due tasks of direct queues for a consumer, and returns them: without Redis and without a relay. Due tasks whose
  deadline has passed or whose attempts are used up fail instead, as in scan_tasks. If nothing is due the call waits in the
  server, in short sleeps; meanwhile it holds no lock and no snapshot, and it returns as soon as it has started a task.

  Parameters
    in_worker     name of the consumer, 1 to {{ limit.relay }} characters, no blank at either end: the server's list of
                  sessions shows it
    in_queues     a JSON array of 1 to {{ limit.rows }} names of queues, {{ limit.held }} bytes together; tasks of the
                  first one come first. A paused queue gives none
    in_limit      most tasks to start, 1 to {{ limit.rows }}. The payloads have at most {{ limit.claim_bytes }} bytes
                  together (on Oracle characters)
    in_wait_ms    milliseconds to wait if nothing is due, 0 to {{ limit.wait_ms }}; 0 does not wait
    in_namespace  of the queues; NULL is any
  Result
    out_redis     a JSON array of the names of queues whose messages are in Redis; NULL: none
    rows          task_id, attempt, interval_seconds, queue, payload (as its creator gave it), lapses (attempts before
                  this one, in a row, that were started and never ended), attempts_before (attempts that do not count);
                  each queue in due order
  Errors
    invalid_argument, transaction_open, queue_not_direct (none of the queues is direct)
  Transaction
    Commits by itself.
  */
  DECLARE v_batch_id BIGINT DEFAULT -{{ new_batch_id }};
  DECLARE v_direct INT;
  DECLARE v_lanes {{ text }};
  DECLARE v_due LONGBLOB;
  DECLARE v_next_at {{ instant }};
  DECLARE v_took BIGINT;
  DECLARE v_slept BIGINT;
  DECLARE v_left BIGINT;
  DECLARE v_started {{ text }} DEFAULT '[]';
  DECLARE v_expired INT;
  DECLARE v_last_id BIGINT UNSIGNED;

  {{ check_name("in_worker", limit.relay) }};
  IF {{ unreadable("in_worker") }} THEN
    {{ raise("invalid_argument", "in_worker must have characters of Unicode only") }};
  END IF;
  {{ check_integer("in_limit", 1, limit.rows) }};
  {{ check_integer("in_wait_ms", 0, limit.wait_ms, " (milliseconds)") }};
  {{ check_name("in_namespace", limit.namespace, or_null=true) }};
  {{ bytes_at_most("in_queues", limit.held) }};
  IF in_queues IS NULL OR NOT JSON_VALID(in_queues) OR JSON_TYPE(in_queues) <> 'ARRAY'
    OR JSON_LENGTH(in_queues) NOT BETWEEN 1 AND {{ limit.rows }} THEN
    {{ raise("invalid_argument", "in_queues must be a JSON array of 1 to %d queue names" % limit.rows) }};
  END IF;

  SET v_left = 1000 * in_wait_ms;
  CALL {{ p }}begin_work();
  BEGIN
    DECLARE EXIT HANDLER FOR SQLEXCEPTION
    BEGIN
      {{ rollback }};
      RESIGNAL;
    END;

    take: LOOP
      CALL {{ p }}look_for_tasks(
        in_queues, in_namespace, v_direct, out_redis, v_lanes, v_due, v_next_at, v_took, v_last_id
      );
      IF v_direct = 0 THEN
        {{ raise("queue_not_direct", "in_queues: none of these queues is direct, relays put their messages into Redis") }};
      END IF;
      SET v_expired = 0;
      IF v_due IS NOT NULL THEN
        CALL {{ p }}start_due_tasks(v_due, in_limit, v_batch_id, v_started, v_expired);
      END IF;
      IF v_started <> '[]' OR (v_left <= 0 AND v_expired = 0) THEN
        LEAVE take;
      END IF;
      IF v_expired = 0 THEN
        -- To look costs one part in 200; if somebody else has the tasks that are due, as short a sleep as any.
        CALL {{ p }}await_task(
          v_lanes, IF(v_due IS NULL, v_next_at, NULL), v_last_id,
          LEAST(v_left, GREATEST(IF(v_due IS NULL, 200, 10) * v_took, {{ take_pause }})), v_slept
        );
        SET v_left = v_left - v_slept - v_took;
      END IF;
      CALL {{ p }}begin_work();
    END LOOP;
  END;

  SELECT out_redis AS redis;
  SELECT task.task_id, task.attempts AS attempt, task.interval_seconds, queue.queue, task.payload, task.lapses,
    task.attempts_before
  FROM JSON_TABLE(v_started, '$[*]' COLUMNS (task_id BIGINT PATH '$')) AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  STRAIGHT_JOIN {{ p }}queue AS queue FORCE INDEX (PRIMARY) /* R3 */ ON queue.queue_id = task.queue_id
  WHERE task.batch_id = v_batch_id
  -- R28: else the caller's sql_select_limit cuts what has been started.
  LIMIT {{ limit.rows }};
  -- With autocommit off, the last SELECT has opened a transaction, which the next call would refuse.
  {{ commit }};
END
