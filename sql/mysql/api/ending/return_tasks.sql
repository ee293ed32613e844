CREATE PROCEDURE {{ p }}return_tasks (
  IN in_tasks {{ text }},
  OUT out_returned INT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
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
  DECLARE v_now {{ instant }} DEFAULT {{ now }};
  DECLARE v_tasks JSON;
  DECLARE v_refused JSON;

  CALL {{ p }}parse_tasks(in_tasks, v_tasks);
  CALL {{ p }}drop_refused(TRUE, v_tasks, v_refused);

  {{ settled }} UPDATE {{ given_tasks("v_tasks") }} AS given
  STRAIGHT_JOIN {{ p }}task AS task FORCE INDEX (PRIMARY) /* R3 */ ON task.task_id = given.task_id
  SET
    task.lane = task.queue_id,
    task.status = {{ status.waiting }},
    task.attempts_before = task.attempts_before + 1,
    task.lapses = 0,
    task.ended_at = v_now,
    task.due_at = LEAST(v_now, task.deadline_at)
  WHERE task.status = {{ status.processing }}
    AND (given.attempt IS NULL OR task.attempts = given.attempt);
  SET out_returned = ROW_COUNT();
  SELECT out_returned AS returned;
END
