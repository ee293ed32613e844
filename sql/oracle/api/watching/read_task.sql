PROCEDURE read_task (
  in_task_id IN NUMBER,
  out_rows OUT SYS_REFCURSOR
)
/*
Reads all of a task: its payload and the history of its attempts, too.

Parameters
  in_task_id    the task
Result
  one row: the columns of the view task_list, then interval_seconds, on_failure, lapses (attempts in a row that were started and
  never ended), payload (as its creator gave it) and history, a JSON array with an object for each attempt that did not
  succeed, the newest {{ limit.history }} at most: attempt, started_at, ended_at, outcome (failed, rejected, snoozed, lapsed
  if it never ended, expired at the deadline, cancelled), worker, error, traceback. Times are UTC
Errors
  invalid_argument, task_not_found
Transaction
  Joins the caller's.
*/
IS
  v_found NUMBER;
BEGIN
  {{ enter("read_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;

  SELECT COUNT(*)
  INTO v_found
  FROM {{ p }}task
  WHERE task_id = in_task_id;
  IF v_found = 0 THEN
    {{ raise("task_not_found", "there is no task with this in_task_id") }};
  END IF;
  OPEN out_rows FOR
    SELECT
      {{ task_columns }},
      interval_seconds, on_failure, lapses, payload, COALESCE(history, TO_CLOB('[]')) AS history
    FROM (
      SELECT listed.*, task.interval_seconds, task.on_failure, task.payload, kept.history
      FROM {{ p }}task_list listed
      JOIN {{ p }}task task ON task.task_id = listed.task_id
      LEFT JOIN (
        SELECT
          task_id,
          JSON_ARRAYAGG(JSON_OBJECT(
            'attempt' VALUE attempt,
            'started_at' VALUE {{ timestamp_text("started_at") }},
            'ended_at' VALUE {{ timestamp_text("ended_at") }},
            'outcome' VALUE outcome,
            'worker' VALUE worker,
            'error' VALUE error,
            'traceback' VALUE traceback
            RETURNING CLOB
          ) FORMAT JSON ORDER BY attempt RETURNING CLOB) AS history
        FROM {{ p }}attempt
        GROUP BY task_id
      ) kept ON kept.task_id = listed.task_id
      WHERE listed.task_id = in_task_id
    ) found;
END read_task;
