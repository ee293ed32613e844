PROCEDURE delay_task (
  in_name IN VARCHAR2,
  in_payload IN CLOB,
  in_delay IN NUMBER,
  in_interval IN NUMBER,
  in_queue IN VARCHAR2,
  out_task_id OUT NUMBER,
  out_created OUT NUMBER,
  in_namespace IN VARCHAR2 DEFAULT NULL,
  in_order_no IN VARCHAR2 DEFAULT NULL,
  in_deadline IN NUMBER DEFAULT NULL,
  in_delete_deadline IN NUMBER DEFAULT NULL,
  in_max_count IN NUMBER DEFAULT NULL,
  in_on_failure IN VARCHAR2 DEFAULT NULL
)
/*
Creates a delayed task. A relay pushes its message when the delay has passed.

Parameters
  in_name       what the task is, 1 to {{ limit.name }} characters
  in_payload    a JSON object of at most {{ payload_limit }} bytes, without the keys task_id and task_attempt
  in_delay      seconds until the task is first queued, 0 to {{ limit.seconds }}
  in_interval   seconds until an unfinished task is queued again, 1 to {{ limit.seconds }}
  in_queue      name of the Redis list, 1 to {{ limit.queue }} characters
  in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
  in_order_no   1 to {{ limit.order_no }} characters; NULL is none
  in_deadline   seconds from the creation, not from the end of the delay, 1 to {{ limit.seconds }}; NULL is {{ default.deadline }}
  in_delete_deadline  seconds, 0 to {{ limit.seconds }}; NULL is {{ default.delete_deadline }}
  in_max_count  1 to {{ limit.max_count }}; NULL is {{ default.max_count }}
  in_on_failure  a queue, 1 to {{ limit.queue }} characters: if the task fails for good or is cancelled, a task is created there
                in the same transaction, with it in the payload; NULL is none
Result
  out_task_id   the task
  out_created   1, or 0 if an active task with the same namespace, name, queue and order_no
                exists already: out_task_id is that one
Errors
  invalid_argument, invalid_payload, payload_too_large, reserved_key,
  queue_not_allowed, too_many_queues
Transaction
  Joins the caller's.
*/
IS
  v_pushable NUMBER;
BEGIN
  {{ enter("delay_task") }};
  {{ check_integer("in_delay", 0, limit.seconds, " (seconds)") }};
  add_task(
    in_name, in_payload, in_delay, in_interval, in_queue,
    in_namespace, in_order_no, in_deadline, in_delete_deadline, in_max_count, in_on_failure,
    out_task_id, out_created, v_pushable
  );
END delay_task;
