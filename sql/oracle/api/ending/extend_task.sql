PROCEDURE extend_task (
  in_task_id IN NUMBER,
  in_attempt IN NUMBER DEFAULT NULL,
  in_seconds IN NUMBER DEFAULT NULL
)
/*
Heartbeat of a long run: the task is queued again that much later, counted from now, never after its deadline. From
{{ default.alive_after }} seconds after the start on, neither this attempt nor those before it count as ones that never ended.

Parameters
  in_task_id    the task
  in_attempt    the attempt that start_task returned; NULL extends whichever is under way
  in_seconds    1 to {{ limit.seconds }}; NULL is the task's interval
Errors
  invalid_argument, task_not_found, task_not_active, task_not_processing,
  stale_attempt (a later attempt was started)
Transaction
  Joins the caller's.
*/
IS
  v_now {{ instant }} := {{ now }};
BEGIN
  {{ enter("extend_task") }};
  IF in_task_id IS NULL THEN
    {{ raise("invalid_argument", "in_task_id must not be NULL") }};
  END IF;
  {{ check_integer("in_seconds", 1, limit.seconds, or_null=true) }};

  UPDATE {{ p }}task
  SET
    lane = queue_id,
    lapses = CASE WHEN started_at > v_now - {{ seconds(default.alive_after) }} THEN lapses ELSE 0 END,
    due_at = LEAST(v_now + {{ seconds("COALESCE(in_seconds, interval_seconds)") }}, deadline_at)
  WHERE task_id = in_task_id
    AND status = {{ status.processing }}
    AND (in_attempt IS NULL OR attempts = in_attempt);

  IF SQL%ROWCOUNT = 0 THEN
    refuse_task(in_task_id, in_attempt);
  END IF;
END extend_task;
