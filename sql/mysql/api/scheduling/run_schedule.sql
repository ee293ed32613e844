CREATE PROCEDURE {{ p }}run_schedule (
  IN in_schedule {{ text }},
  IN in_namespace {{ text }},
  OUT out_task_id BIGINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Makes a task of a schedule now, also while it is paused or its last task is active. The schedule does not move: its
  next tick comes when it would have come.

  Parameters
    in_schedule   its name, 1 to {{ limit.schedule }} characters
    in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
  Result
    out_task_id   the task; its tick is the present second
  Errors
    invalid_argument, schedule_not_found, payload_too_large (a smaller limit was installed since),
    queue_not_allowed, too_many_queues
  Transaction
    Joins the caller's.
  */
  DECLARE v_own_transaction TINYINT DEFAULT FALSE;
  {{ roll_back_begun }};

  {{ begin_own }};
  CALL {{ p }}lock_schedule(in_schedule, in_namespace);
  CALL {{ p }}create_tick(
    COALESCE(in_namespace, '{{ default.namespace }}'), in_schedule, {{ this_second }}, TRUE, out_task_id
  );
  {{ commit_begun }};
  SELECT out_task_id AS task_id;
END
