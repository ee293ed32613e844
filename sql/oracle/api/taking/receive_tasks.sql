PROCEDURE receive_tasks (
  in_tasks IN CLOB,
  out_wrong OUT CLOB,
  out_rows OUT SYS_REFCURSOR
)
/*
Starts many tasks for the consumer of their queues, as start_tasks does, and returns their payloads. One
that cannot be started, or belongs to another queue, is left as it is and does not hinder the others.

Parameters
  in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1, "queue": "MAIL"},
                {{ limit.attempts }} bytes together, with the attempt that the message announced (without it, the
                next one, whichever it is) and the queue that the message was taken from, in whichever namespace
Result
  out_wrong     a JSON array of the places in in_tasks, counted from 1, whose task belongs to another queue; NULL: none
  rows          task_id, attempt, interval_seconds, queue, payload (as its creator gave it), lapses (attempts before this
                one, in a row, that were started and never ended), attempts_before (attempts that do not count) of each
                task that was started. Those are, in the order of their ids, no more than have
                {{ limit.receive_bytes }} bytes of payloads together (on Oracle characters)
Errors
  invalid_argument
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_batch_id NUMBER := -{{ new_batch_id }};
  v_ids ids;
  v_attempts ids;
  v_started_ids ids;
  v_started_attempts ids;
  v_lapses ids;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("receive_tasks") }};
  keep_received(in_tasks, v_ids, v_attempts, out_wrong);

  BEGIN
    SAVEPOINT {{ p }}receive_tasks; /* O6 */
    -- An element that names a task again, with another attempt, finds it started.
    FORALL i IN 1 .. v_ids.COUNT
      UPDATE {{ p }}task
      SET
        {{ started("v_batch_id") }}
      WHERE task_id = v_ids(i)
        AND batch_id <> v_batch_id
        AND {{ can_be_started("v_attempts(i)") }}
      RETURNING task_id, attempts, lapses BULK COLLECT INTO v_started_ids, v_started_attempts, v_lapses;
    FOR i IN 1 .. v_started_ids.COUNT LOOP
      IF v_lapses(i) > 0 THEN
        keep_lapsed(v_started_ids(i), v_now);
      END IF;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK TO {{ p }}receive_tasks;
      RAISE;
  END;

  FOR i IN 1 .. v_started_ids.COUNT LOOP
    v_rows.EXTEND;
    v_rows(i) := '[' || v_started_ids(i) || ',' || v_started_attempts(i) || ']';
  END LOOP;
  OPEN out_rows FOR
    SELECT /*+ LEADING(given started task queue) USE_NL(task) USE_NL(queue) */ /* O3 */
      task.task_id, started.attempt, task.interval_seconds, queue.queue, task.payload, task.lapses,
      task.attempts_before
    FROM
      TABLE(v_rows) given,
      JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (task_id NUMBER PATH '$[0]', attempt NUMBER PATH '$[1]')) started,
      {{ p }}task task,
      {{ p }}queue queue
    WHERE task.task_id = started.task_id
      AND queue.queue_id = task.queue_id;
END receive_tasks;
