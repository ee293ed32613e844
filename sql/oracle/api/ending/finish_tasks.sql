PROCEDURE finish_tasks (
  in_tasks IN CLOB,
  out_rows OUT SYS_REFCURSOR
)
/*
Finishes many tasks at once. One that cannot be finished is left as it is and does not hinder the others.

Parameters
  in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1}, {{ limit.attempts }} bytes
                together; without attempt, whichever is under way
Result
  one row for each task that was refused: task_id, attempt, error_number (as finish_task raises it)
Errors
  invalid_argument
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_ids ids;
  v_attempts ids;
  v_counts ids;
  v_found NUMBER;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
BEGIN
  {{ enter("finish_tasks") }};
  read_tasks(in_tasks, v_ids, v_attempts);

  BEGIN
    SAVEPOINT {{ p }}finish_tasks; /* O6 */
    FORALL i IN 1 .. v_ids.COUNT
      UPDATE {{ p }}task
      SET
        lane = 0,
        status = {{ status.finished }},
        ended_at = v_now,
        due_at = v_now + {{ seconds("delete_deadline") }}
      WHERE task_id = v_ids(i)
        AND status = {{ status.processing }}
        AND (v_attempts(i) IS NULL OR attempts = v_attempts(i));
    FOR i IN 1 .. v_ids.COUNT LOOP
      v_counts(i) := SQL%BULK_ROWCOUNT(i);
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK TO {{ p }}finish_tasks;
      RAISE;
  END;

  FOR i IN 1 .. v_ids.COUNT LOOP
    IF v_counts(i) = 0 THEN
      SELECT COUNT(*)
      INTO v_found
      FROM {{ p }}task
      WHERE task_id = v_ids(i)
        AND status = {{ status.finished }}
        AND (v_attempts(i) IS NULL OR attempts = v_attempts(i));
      IF v_found = 0 THEN
        BEGIN
          refuse_task(v_ids(i), v_attempts(i));
        EXCEPTION
          WHEN task_not_found OR task_not_active OR task_not_processing OR stale_attempt THEN
            v_rows.EXTEND;
            v_rows(v_rows.COUNT) :=
              '[' || v_ids(i) || ',' || COALESCE(TO_CHAR(v_attempts(i)), 'null') || ',' || ABS(SQLCODE) || ']';
        END;
      END IF;
    END IF;
  END LOOP;

  OPEN out_rows FOR
    SELECT task_id, attempt, error_number
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      task_id NUMBER PATH '$[0]',
      attempt NUMBER PATH '$[1]',
      error_number NUMBER PATH '$[2]'
    ));
END finish_tasks;
