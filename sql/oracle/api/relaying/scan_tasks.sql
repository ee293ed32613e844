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
  v_queues due_queues;
  v_claimed ids;
  v_parked ids;
  v_expired ids;
  v_full BOOLEAN;
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

    find_due_queues(v_now, v_namespace, v_held, v_queues);
    lock_lanes(v_queues, in_limit, v_now, v_claimed, v_parked, v_expired, v_full);
    fail_expired(v_expired, v_now);
    park_tasks(v_parked, v_now);
    IF v_claimed.COUNT > 0 THEN
      store_batch(v_claimed, in_relay, in_lease, v_now, out_batch_id);
    END IF;

    IF v_full THEN
      out_wait_ms := 0;
    ELSE
      -- Those that have failed may have created others, which are due now.
      find_next_due(CASE WHEN v_expired.COUNT = 0 THEN v_now END, v_namespace, v_held, out_wait_ms);
    END IF;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK;
      RAISE;
  END;
  COMMIT;

  -- From the journal, not from v_claimed, which is gone before the caller fetches.
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
