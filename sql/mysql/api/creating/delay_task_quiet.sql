CREATE PROCEDURE {{ p }}delay_task_quiet (
  IN in_name {{ text }},
  IN in_payload {{ text }},
  IN in_delay BIGINT,
  IN in_interval BIGINT,
  IN in_queue {{ text }},
  IN in_options {{ text }},
  OUT out_task_id BIGINT,
  OUT out_created TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates a delayed task as delay_task does, without a result set: for triggers, functions and other stored code.

  Parameters
    in_name       what the task is, 1 to {{ limit.name }} characters
    in_payload    a JSON object of at most {{ payload_limit }} bytes, without the keys task_id and task_attempt
    in_delay      seconds until the task is first queued, 0 to {{ limit.seconds }}
    in_interval   seconds until an unfinished task is queued again, 1 to {{ limit.seconds }}
    in_queue      name of the Redis list, 1 to {{ limit.queue }} characters
    in_options    as for create_task; the deadline counts from the creation, not from the end of the delay
  Result
    out_task_id   the task
    out_created   1, or 0 if an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key,
    queue_not_allowed, too_many_queues
  Transaction
    Joins the caller's.
  */
  DECLARE v_pushable TINYINT;

  {{ check_integer("in_delay", 0, limit.seconds, " (seconds)") }};
  CALL {{ p }}add_task(
    in_name, in_payload, in_delay, in_interval, in_queue, in_options,
    out_task_id, out_created, v_pushable
  );
END
