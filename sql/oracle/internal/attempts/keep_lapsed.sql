PROCEDURE keep_lapsed (
  in_task_id IN NUMBER,
  in_now IN TIMESTAMP
)
/*
Internal: enters the attempt before the one that has just been started in the history: it never ended.
*/
IS
  v_attempt NUMBER;
  v_started_at {{ instant }};
BEGIN
  SELECT attempts - 1, ended_at
  INTO v_attempt, v_started_at
  FROM {{ p }}task
  WHERE task_id = in_task_id;
  keep_attempt(in_task_id, v_attempt, v_started_at, in_now, 'lapsed');
END keep_lapsed;
