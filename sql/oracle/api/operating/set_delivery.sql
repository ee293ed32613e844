PROCEDURE set_delivery (
  in_queue IN VARCHAR2,
  in_delivery IN VARCHAR2,
  in_namespace IN VARCHAR2 DEFAULT NULL
)
/*
Chooses how the tasks of a queue reach their consumers: by messages in Redis, or directly, by take_tasks. Also while
the queue is in use: a message that is in Redis already stays valid for the attempt that it announces, and each task
that nobody starts comes by the other way when its interval has passed. The queue may have no task yet.

Parameters
  in_queue      name of the queue, 1 to {{ limit.queue }} characters
  in_delivery   redis or direct
  in_namespace  1 to {{ limit.namespace }} characters; NULL is {{ default.namespace }}
Errors
  invalid_argument, queue_not_allowed, too_many_queues
Transaction
  Joins the caller's.
*/
IS
  v_queue_id NUMBER;
  v_paused NUMBER;
BEGIN
  {{ enter("set_delivery") }};
  check_queue(in_queue, in_namespace);
  IF in_delivery IS NULL OR {{ binary("in_delivery") }} NOT IN ({{ binary("'redis'") }}, {{ binary("'direct'") }}) THEN
    {{ raise("invalid_argument", "in_delivery must be redis or direct") }};
  END IF;
  find_queue(COALESCE(in_namespace, '{{ default.namespace }}'), in_queue, v_queue_id, v_paused);
  UPDATE {{ p }}queue
  SET direct = CASE in_delivery WHEN 'direct' THEN 1 ELSE 0 END
  WHERE queue_id = v_queue_id;
END set_delivery;
