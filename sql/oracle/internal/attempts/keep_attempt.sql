PROCEDURE keep_attempt (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER,
  in_started_at IN TIMESTAMP,
  in_ended_at IN TIMESTAMP,
  in_outcome IN VARCHAR2,
  in_worker IN VARCHAR2 DEFAULT NULL,
  in_error IN CLOB DEFAULT NULL,
  in_traceback IN CLOB DEFAULT NULL
)
/*
Internal: enters an attempt in the history of its task, which has the last {{ limit.history }} attempts at most. An older row of the
same attempt is of another task, whose number a sequence that somebody has made anew has given again.
*/
IS
BEGIN
  DELETE FROM {{ p }}attempt
  WHERE task_id = in_task_id
    AND (attempt = in_attempt OR attempt <= in_attempt - {{ limit.history }});
  INSERT INTO {{ p }}attempt (task_id, attempt, started_at, ended_at, outcome, worker, error, traceback)
  VALUES (in_task_id, in_attempt, in_started_at, in_ended_at, in_outcome, in_worker, in_error, in_traceback);
END keep_attempt;
