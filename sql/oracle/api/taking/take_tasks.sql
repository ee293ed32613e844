PROCEDURE take_tasks (
  in_worker IN VARCHAR2,
  in_queues IN CLOB,
  in_limit IN NUMBER,
  in_wait_ms IN NUMBER,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  out_redis OUT CLOB,
  out_rows OUT SYS_REFCURSOR
)
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
IS
  v_batch_id NUMBER;
  v_left NUMBER := in_wait_ms / 1000;
  v_direct NUMBER;
  v_due ids;
  v_next_at {{ instant }};
  v_took NUMBER;
  v_pause NUMBER;
  v_until INTERVAL DAY(9) TO SECOND(3);
  v_started ids;
  v_expired NUMBER;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("take_tasks") }};
  {{ check_name("in_worker", limit.relay) }};
  {{ check_integer("in_limit", 1, limit.rows) }};
  {{ check_integer("in_wait_ms", 0, limit.wait_ms, " (milliseconds)") }};
  {{ check_name("in_namespace", limit.namespace, or_null=true) }};
  check_queues(in_queues);
  begin_work;
  DBMS_APPLICATION_INFO.SET_CLIENT_INFO(in_worker);

  LOOP
    look_for_tasks(in_queues, in_namespace, v_direct, out_redis, v_due, v_next_at, v_took);
    IF v_direct = 0 THEN
      {{ raise("queue_not_direct", "in_queues: none of these queues is direct, relays put their messages into Redis") }};
    END IF;
    v_expired := 0;
    IF v_due.COUNT > 0 THEN
      v_batch_id := -{{ new_batch_id }};
      BEGIN
        start_due_tasks(v_due, in_limit, v_batch_id, v_started, v_expired);
      EXCEPTION
        WHEN OTHERS THEN
          ROLLBACK;
          RAISE;
      END;
      COMMIT;
    END IF;
    EXIT WHEN v_started.COUNT > 0 OR (v_left <= 0 AND v_expired = 0);
    IF v_expired = 0 THEN
      -- Looking takes a twentieth of the time at most.
      v_until := v_next_at - {{ now }};
      v_pause := LEAST(v_left, GREATEST(0.01, 20 * v_took));
      IF v_due.COUNT = 0 AND v_next_at IS NOT NULL THEN
        v_pause := LEAST(v_pause, GREATEST(0.01, {{ in_seconds("v_until") }}));
      END IF;
      DBMS_SESSION.SLEEP(v_pause);
      v_left := v_left - v_pause - v_took;
    END IF;
  END LOOP;

  FOR i IN 1 .. v_started.COUNT LOOP
    v_rows.EXTEND;
    v_rows(i) := '[' || i || ',' || v_started(i) || ']';
  END LOOP;
  OPEN out_rows FOR
    SELECT /*+ LEADING(given started task queue) USE_NL(task) USE_NL(queue) */ /* O3 */
      task.task_id, task.attempts AS attempt, task.interval_seconds, queue.queue, task.payload, task.lapses,
      task.attempts_before
    FROM
      TABLE(v_rows) given,
      JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (place NUMBER PATH '$[0]', task_id NUMBER PATH '$[1]')) started,
      {{ p }}task task,
      {{ p }}queue queue
    WHERE task.task_id = started.task_id
      AND task.batch_id = v_batch_id
      AND queue.queue_id = task.queue_id
    ORDER BY started.place;
END take_tasks;
