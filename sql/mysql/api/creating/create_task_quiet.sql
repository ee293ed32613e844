CREATE PROCEDURE {{ p }}create_task_quiet (
  IN in_name {{ text }},
  IN in_payload {{ text }},
  IN in_interval BIGINT,
  IN in_queue {{ text }},
  IN in_options {{ text }},
  OUT out_task_id BIGINT,
  OUT out_created TINYINT,
  OUT out_pushable TINYINT
)
COMMENT '{{ comment }}'
MODIFIES SQL DATA
SQL SECURITY DEFINER
BEGIN
  /*
  Creates a real-time task as create_task does, without a result set: for triggers, functions and other stored code.
  A relay pushes the message {{ push_grace }} s later, unless whoever commits the transaction has pushed it before.

  Parameters
    in_name       what the task is, 1 to {{ limit.name }} characters
    in_payload    a JSON object of at most {{ payload_limit }} bytes, without the keys task_id and task_attempt
    in_interval   seconds until an unfinished task is queued again, 1 to {{ limit.seconds }}
    in_queue      name of the Redis list, 1 to {{ limit.queue }} characters
    in_options    a JSON object of at most {{ limit.options }} bytes:
                  namespace (1 to {{ limit.namespace }} characters, default {{ default.namespace }}),
                  order_no (1 to {{ limit.order_no }} characters, default none),
                  deadline (seconds, 1 to {{ limit.seconds }}, default {{ default.deadline }}),
                  delete_deadline (seconds, 0 to {{ limit.seconds }}, default {{ default.delete_deadline }}),
                  max_count (1 to {{ limit.max_count }}, default {{ default.max_count }}),
                  on_failure (1 to {{ limit.queue }} characters, no default: a queue. If the task fails for good or is
                  cancelled, a task is created there in the same transaction, with it in the payload)
  Result
    out_task_id   the task
    out_created   1, or 0 if an active task with the same namespace, name, queue and order_no
                  exists already: out_task_id is that one
    out_pushable  1 if the caller is to push the message: created, and the queue is not paused
  Errors
    invalid_argument, unknown_option, invalid_payload, payload_too_large, reserved_key,
    queue_not_allowed, too_many_queues
  Transaction
    Joins the caller's.
  */
  CALL {{ p }}add_task(
    in_name, in_payload, NULL, in_interval, in_queue, in_options,
    out_task_id, out_created, out_pushable
  );
END
