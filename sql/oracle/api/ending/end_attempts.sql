PROCEDURE end_attempts (
  in_worker IN VARCHAR2,
  in_ends IN CLOB,
  out_rows OUT SYS_REFCURSOR
)
/*
Ends many attempts that have not succeeded, each as fail_task, reject_task or snooze_task does. One that cannot be ended
is left as it is and does not hinder the others.

Parameters
  in_worker     name of the consumer, for the history, 1 to {{ limit.relay }} characters, no blank at either end
  in_ends       a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1, "outcome": "fail"},
                {{ limit.attempts }} bytes together, each attempt once. outcome is fail, reject or snooze. With "error", a
                text for people, and "traceback", a text for the history alone, of which the last {{ limit.traceback }}
                characters are kept. With "delay" in seconds: of fail 0 to {{ limit.seconds }}, without it the interval;
                of snooze 1 to {{ limit.seconds }}
Result
  one row for each attempt that was refused: task_id, attempt, error_number (as fail_task raises it), status NULL; and
  for each whose task has failed for good: task_id, attempt, error_number NULL, status {{ status.failed }}
Errors
  invalid_argument
Transaction
  Joins the caller's.
*/
IS
  v_batch_id NUMBER := -{{ new_batch_id }};
  v_status NUMBER;
  v_number NUMBER;
  v_rows {{ returned_rows }} := {{ returned_rows }}();
  CURSOR c_ends IS
    SELECT task_id, attempt, outcome, error, traceback, delay
    FROM JSON_TABLE(in_ends, '$[*]' COLUMNS (
      task_id NUMBER PATH '$."task_id"',
      attempt NUMBER PATH '$."attempt"',
      outcome VARCHAR2(6 CHAR) PATH '$.outcome',
      error CLOB PATH '$.error',
      traceback CLOB PATH '$.traceback',
      delay NUMBER PATH '$.delay'
    ))
    ORDER BY task_id, attempt;
BEGIN
  {{ enter("end_attempts") }};
  {{ check_name("in_worker", limit.relay) }};
  check_ends(in_ends);

  BEGIN
    SAVEPOINT {{ p }}end_attempts; /* O6 */
    FOR v_end IN c_ends LOOP
      v_status := NULL;
      v_number := NULL;
      BEGIN
        end_attempt(
          v_end.task_id, v_end.attempt, v_end.outcome, v_end.error, v_end.delay, in_worker, v_end.traceback,
          v_batch_id, v_status
        );
      EXCEPTION
        WHEN task_not_found OR task_not_active OR task_not_processing OR stale_attempt THEN
          v_number := ABS(SQLCODE);
      END;
      IF v_number IS NOT NULL OR v_status = {{ status.failed }} THEN
        v_rows.EXTEND;
        v_rows(v_rows.COUNT) := '[' || v_end.task_id || ',' || v_end.attempt
          || ',' || COALESCE(TO_CHAR(v_number), 'null') || ',' || COALESCE(TO_CHAR(v_status), 'null') || ']';
      END IF;
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK TO {{ p }}end_attempts;
      RAISE;
  END;

  OPEN out_rows FOR
    SELECT task_id, attempt, error_number, status
    FROM TABLE(v_rows) given, JSON_TABLE(given.COLUMN_VALUE, '$' COLUMNS (
      task_id NUMBER PATH '$[0]',
      attempt NUMBER PATH '$[1]',
      error_number NUMBER PATH '$[2]',
      status NUMBER PATH '$[3]'
    ));
END end_attempts;
