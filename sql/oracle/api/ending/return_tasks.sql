PROCEDURE return_tasks (
  in_tasks IN CLOB,
  out_returned OUT NUMBER
)
/*
Gives back tasks that were started and whose handlers have not run, as when a consumer stops: they are due at once,
and the attempt does not count. Its number is not used again.

Parameters
  in_tasks      a JSON array of at most {{ limit.rows }} objects {"task_id": 17, "attempt": 1}, {{ limit.attempts }} bytes
                together; without attempt, whichever is under way
Result
  out_returned  how many were given back: not terminal ones, nor those of which a later attempt has started
Errors
  invalid_argument
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
  v_ids ids;
  v_attempts ids;
BEGIN
  {{ enter("return_tasks") }};
  read_tasks(in_tasks, v_ids, v_attempts);

  BEGIN
    SAVEPOINT {{ p }}return_tasks; /* O6 */
    FORALL i IN 1 .. v_ids.COUNT
      UPDATE {{ p }}task
      SET
        lane = queue_id,
        status = {{ status.waiting }},
        attempts_before = attempts_before + 1,
        lapses = 0,
        ended_at = v_now,
        due_at = LEAST(v_now, deadline_at)
      WHERE task_id = v_ids(i)
        AND status = {{ status.processing }}
        AND (v_attempts(i) IS NULL OR attempts = v_attempts(i));
    out_returned := 0;
    FOR i IN 1 .. v_ids.COUNT LOOP
      out_returned := out_returned + SQL%BULK_ROWCOUNT(i);
    END LOOP;
  EXCEPTION
    WHEN OTHERS THEN
      ROLLBACK TO {{ p }}return_tasks;
      RAISE;
  END;
END return_tasks;
