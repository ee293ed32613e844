PROCEDURE start_tasks (
  in_tasks IN CLOB,
  out_rows OUT SYS_REFCURSOR
)
/*
Starts many tasks at once, each as start_task does. One that cannot be started is left as it is and
does not hinder the others.

Parameters
  in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1}, {{ limit.attempts }} bytes
                together, with the attempt that the message announced; without attempt, the next one, whichever
                it is
Result
  one row for each task that was started: task_id, attempt, interval_seconds
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
  v_intervals ids;
  v_lapses ids;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("start_tasks") }};
  read_tasks(in_tasks, v_ids, v_attempts);

  BEGIN
    SAVEPOINT {{ p }}start_tasks; /* O6 */
    -- An element that names a task again, with another attempt, finds it started.
    FORALL i IN 1 .. v_ids.COUNT
      UPDATE {{ p }}task
      SET
        {{ started("v_batch_id") }}
      WHERE task_id = v_ids(i)
        AND batch_id <> v_batch_id
        AND {{ can_be_started("v_attempts(i)") }}
      RETURNING task_id, attempts, interval_seconds, lapses
      BULK COLLECT INTO v_started_ids, v_started_attempts, v_intervals, v_lapses;
    FOR i IN 1 .. v_started_ids.COUNT LOOP
      IF v_lapses(i) > 0 THEN
        keep_lapsed(v_started_ids(i), v_now);
      END IF;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK TO {{ p }}start_tasks;
      RAISE;
  END;

  FOR i IN 1 .. v_started_ids.COUNT LOOP
    v_rows.EXTEND;
    v_rows(i) := '[' || v_started_ids(i) || ',' || v_started_attempts(i) || ',' || v_intervals(i) || ']';
  END LOOP;
  OPEN out_rows FOR
    SELECT task_id, attempt, interval_seconds
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      task_id NUMBER PATH '$[0]',
      attempt NUMBER PATH '$[1]',
      interval_seconds NUMBER PATH '$[2]'
    ));
END start_tasks;
