PROCEDURE scan_tasks (
  in_relay IN VARCHAR2,
  in_limit IN NUMBER,
  in_lease IN NUMBER,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  in_held IN CLOB DEFAULT NULL,
  out_batch_id OUT NUMBER,
  out_wait_ms OUT NUMBER,
  out_rows OUT SYS_REFCURSOR
)
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
IS
  v_now {{ instant }};
  v_namespace VARCHAR2(32767) := {{ cut("in_namespace", limit.namespace) }};
  v_held CLOB := COALESCE(in_held, TO_CLOB('[]'));
  v_claimed ids;
  v_parked ids;
  v_expired ids;
  v_task_ids CLOB;
  v_queue_id NUMBER;
  v_closed NUMBER;
  v_share NUMBER;
  v_some NUMBER;
  v_more NUMBER;
  v_left NUMBER := in_limit;
  v_bytes_share NUMBER;
  v_bytes_left NUMBER := {{ limit.claim_bytes }};
  v_full BOOLEAN := FALSE;
  CURSOR c_queues IS
    SELECT
      queue_id,
      closed,
      GREATEST(1, TRUNC(in_limit / COUNT(*) OVER ())),
      TRUNC({{ limit.claim_bytes }} / COUNT(*) OVER ())
    FROM (
      SELECT /*+ USE_HASH(held) */ /* O4 */
        queue.queue_id,
        CASE WHEN queue.paused_at IS NOT NULL OR held.name IS NOT NULL THEN 1 ELSE 0 END AS closed
      FROM {{ p }}queue queue
      LEFT JOIN {{ names("v_held") }} held ON held.name_bytes = {{ binary("queue.queue") }}
      WHERE queue.removed_at IS NULL AND (v_namespace IS NULL OR {{ same("queue.namespace", "v_namespace") }})
    ) queue
    WHERE EXISTS (
      SELECT 1
      FROM {{ p }}task task
      WHERE task.lane = queue.queue_id AND task.due_at <= v_now
    ) OR EXISTS (
      SELECT 1
      FROM {{ p }}task task
      WHERE task.lane = -queue.queue_id
        AND task.due_at <= CASE queue.closed WHEN 1 THEN v_now ELSE {{ end_of_time }} END
    )
    -- If there are more queues than in_limit, each gets its turn.
    ORDER BY STANDARD_HASH(queue_id || TO_CHAR(v_now, 'SSSSS.FF3'), 'SHA256');
BEGIN
  {{ enter("scan_tasks") }};
  {{ check_name("in_relay", limit.relay) }};
  {{ check_integer("in_limit", 1, limit.rows) }};
  {{ check_integer("in_lease", 1, limit.seconds, " (seconds)") }};
  check_held(in_held);

  begin_work;
  v_now := {{ now }};
  BEGIN
    give_back_lapsed(v_now);

    OPEN c_queues;
    LOOP
      FETCH c_queues INTO v_queue_id, v_closed, v_share, v_bytes_share;
      EXIT WHEN c_queues%NOTFOUND;
      v_share := LEAST(v_share, v_left);
      IF v_closed = 1 THEN
        lock_due_tasks(-v_queue_id, v_now, v_share, v_now, v_parked, v_some, v_expired);
        lock_due_tasks(v_queue_id, v_now, v_share, v_now, v_parked, v_more, v_expired);
      ELSE
        lock_claim(
          -v_queue_id, {{ end_of_time }}, v_share, v_bytes_share, v_now, v_claimed, v_some, v_bytes_left, v_full, v_expired
        );
        lock_claim(
          v_queue_id, v_now, v_share - v_some, v_bytes_share, v_now, v_claimed, v_more, v_bytes_left, v_full, v_expired
        );
        v_left := v_left - v_some - v_more;
      END IF;
    END LOOP;
    CLOSE c_queues;

    fail_expired(v_expired, v_now);

    FORALL i IN 1 .. v_parked.COUNT
      UPDATE {{ p }}task
      SET
        lane = -queue_id,
        due_at = deadline_at
      WHERE task_id = v_parked(i) AND lane > 0 AND due_at <= v_now;

    IF v_claimed.COUNT > 0 THEN
      out_batch_id := {{ new_batch_id }};
      FORALL i IN 1 .. v_claimed.COUNT
        UPDATE {{ p }}task
        SET
          lane = queue_id,
          batch_id = out_batch_id,
          ended_at = v_now,
          due_at = LEAST(v_now + {{ seconds("interval_seconds") }}, deadline_at)
        WHERE task_id = v_claimed(i) AND (lane < 0 OR (lane > 0 AND due_at <= v_now));
      v_task_ids := json_array_of(v_claimed);
      INSERT INTO {{ p }}batch (batch_id, relay, claimed_at, lapses_at, task_ids)
      VALUES (out_batch_id, in_relay, v_now, v_now + {{ seconds("in_lease") }}, v_task_ids);
    END IF;

    IF v_full THEN
      out_wait_ms := 0;
    ELSE
      find_next_due(v_now, v_namespace, v_held, out_wait_ms);
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;

  -- From the journal, not from v_task_ids, which is gone before the caller fetches.
  OPEN out_rows FOR
    SELECT /*+ LEADING(batch given task queue) USE_NL(task) USE_NL(queue) */ /* O3 */
      task.task_id, task.attempts + 1 AS attempt, queue.queue, task.payload
    FROM
      {{ p }}batch batch,
      JSON_TABLE(batch.task_ids, '$[*]' COLUMNS (place FOR ORDINALITY, task_id NUMBER PATH '$')) given,
      {{ p }}task task,
      {{ p }}queue queue
    WHERE batch.batch_id = out_batch_id
      AND task.task_id = given.task_id
      AND task.batch_id = out_batch_id
      AND task.lane <> 0
      AND queue.queue_id = task.queue_id
    ORDER BY given.place;
END scan_tasks;
